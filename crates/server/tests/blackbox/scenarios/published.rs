//! Published documents, health, and what every answer has.

use jotgate_jose::{KeySet, jwt};
use jotgate_server::flows;
use reqwest::Method;
use serde_json::{Value, json};

use crate::site::{Site, send};

pub(crate) async fn key_set_and_metadata(site: Site) {
    let keys = send(site.request(Method::GET, "/.well-known/jwks.json")).await.ok(200);
    assert_eq!(keys.header("content-type"), "application/jwk-set+json");
    assert!(keys.header("cache-control").starts_with("public, max-age="));
    let key = &keys.body["keys"][0];
    assert_eq!((&key["kty"], &key["alg"], &key["use"]), (&json!("OKP"), &json!("EdDSA"), &json!("sig")));
    assert!(key.get("d").is_none());
    let cached = site.request(Method::GET, "/.well-known/jwks.json").header("if-none-match", keys.header("etag"));
    assert_eq!(send(cached).await.ok(304).body, Value::Null);

    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        let metadata = send(site.request(Method::GET, path)).await.ok(200);
        assert_eq!(metadata.text("issuer"), site.url);
        assert_eq!(metadata.text("jwks_uri"), format!("{}/.well-known/jwks.json", site.url));
    }
}

pub(crate) async fn what_is_published_changes_with_the_keys(site: Site) {
    let keys = || async { send(site.request(Method::GET, "/.well-known/jwks.json")).await.ok(200) };
    let before = keys().await;
    let made = flows::generate_key(&site.app).await.unwrap();
    let cached = site.request(Method::GET, "/.well-known/jwks.json").header("if-none-match", before.header("etag"));
    let after = send(cached).await.ok(200);
    assert_ne!(after.header("etag"), before.header("etag"));
    let kids = after.body["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect::<Vec<_>>();
    assert!(kids.len() == 2 && kids.contains(&json!(made.kid)), "{kids:?}");
    let metadata = send(site.request(Method::GET, "/.well-known/openid-configuration")).await.ok(200);
    assert_eq!(metadata.body["id_token_signing_alg_values_supported"], json!(["EdDSA"]));
}

pub(crate) async fn a_revoked_key_ends_its_tokens_and_no_session(site: Site) {
    let tokens = site.register("ada@example.com").await;
    let keys = send(site.request(Method::GET, "/.well-known/jwks.json")).await.ok(200);
    let kid = keys.body["keys"][0]["kid"].as_str().unwrap().to_owned();
    flows::revoke_keys(&site.app, vec![kid.clone()]).await.unwrap();
    let refused = site.me(&tokens.text("access_token")).await.ok(401);
    assert_eq!(refused.body["code"], json!("key_revoked"));
    let published = send(site.request(Method::GET, "/.well-known/jwks.json")).await.ok(200);
    assert_eq!(published.body["keys"].as_array().map(Vec::len), Some(1));
    assert_ne!(published.body["keys"][0]["kid"], json!(kid));
    let refreshed = site.refresh(&tokens.text("refresh_token")).await.ok(200);
    site.me(&refreshed.text("access_token")).await.ok(200);
}

pub(crate) async fn health(site: Site) {
    assert_eq!(send(site.request(Method::GET, "/healthz")).await.ok(200).body, json!({"status": "alive"}));
    assert_eq!(send(site.request(Method::GET, "/readyz")).await.ok(200).body, json!({"status": "ready"}));
}

pub(crate) async fn every_answer_has_an_id(site: Site) {
    let mut ids = std::collections::HashSet::new();
    for path in ["/healthz", "/v1/me", "/.well-known/jwks.json", "/nothing"] {
        let sent = site.request(Method::GET, path).header("x-request-id", "chosen-by-the-client");
        let id = send(sent).await.header("x-request-id");
        assert!(id.len() == 36 && ids.insert(id.clone()), "{path}: {id}");
    }
}

/// What a verifier elsewhere does: nothing but the published keys.
pub(crate) async fn a_foreign_library_verifies_the_token(site: Site) {
    let answer = site.register("ada@example.com").await;
    let keys = send(site.request(Method::GET, "/.well-known/jwks.json")).await.body.to_string();
    let keys = KeySet::from_json(&keys).unwrap();
    let policy = jwt::Policy::builder()
        .issuer(&site.url)
        .audience(&site.url)
        .algorithms([jotgate_jose::Algorithm::EdDsa])
        .token_type("at+jwt")
        .build();
    let now = 1_800_000_000;
    let verified = jwt::verify::<Value>(&answer.text("access_token"), &keys, &policy, now).unwrap();
    let claims = verified.claims();
    assert_eq!(claims["sub"], answer.body["user"]["id"]);
    assert_eq!(claims["sid"], answer.body["session_id"]);
    assert_eq!((&claims["iat"], &claims["exp"], &claims["auth_time"]), (&json!(now), &json!(now + 600), &json!(now)));
    assert_eq!((&claims["email"], &claims["email_verified"]), (&json!("ada@example.com"), &json!(false)));
    assert_eq!((&claims["client_id"], &claims["aud"]), (&json!("jotgate"), &json!(site.url)));
    assert!(claims["jti"].as_str().is_some_and(|jti| jti.len() == 36));
}
