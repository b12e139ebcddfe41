//! Input of an attacker: a clear 4xx, never a 5xx, and nothing kept.

use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::json;

use crate::answer::Answer;
use crate::site::{PASSWORD, Site, send};

async fn raw(site: &Site, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    send(site.request(Method::POST, path).header(CONTENT_TYPE, "application/json").body(body)).await
}

pub(crate) async fn bodies_are_read_strictly(site: Site) {
    for (body, code) in [
        (&b""[..], "invalid_json"),
        (b"{", "invalid_json"),
        (b"null", "invalid_json"),
        (b"[]", "invalid_json"),
        (b"[\"a@b.example\",\"x\",\"bearer\",null]", "invalid_json"),
        (b"\"text\"", "invalid_json"),
        (b"{\"email\":\"a@b.example\",\"password\":\"x\"} {}", "invalid_json"),
        (b"{\"email\":\"a@b.example\",\"password\":\"\xff\xfe\"}", "invalid_json"),
        (b"{\"email\":\"a@b.example\",\"email\":\"c@b.example\",\"password\":\"x\"}", "invalid_json"),
        (b"{\"email\":\"a@b.example\",\"em\\u0061il\":\"c@b.example\",\"password\":\"x\"}", "invalid_json"),
        (b"{\"email\":\"\\ud800\",\"password\":\"x\"}", "invalid_json"),
        (b"{\"email\":\"a@b.example\"}", "missing_field"),
        (b"{\"email\":\"a@b.example\",\"password\":null}", "invalid_field"),
        (b"{\"email\":\"a@b.example\",\"password\":12345}", "invalid_field"),
        (b"{\"email\":[\"a@b.example\"],\"password\":\"x\"}", "invalid_field"),
        (b"{\"email\":\"a@b.example\",\"password\":\"x\",\"transport\":\"pigeon\"}", "invalid_field"),
        (b"{\"email\":\"a@b.example\",\"password\":\"x\",\"is_admin\":true}", "unknown_field"),
        (b"{\"email\":\"a@b.example\",\"password\":\"x\",\"__proto__\":{}}", "unknown_field"),
    ] {
        raw(&site, "/v1/login", body).await.refused(400, code);
    }
    let refused = raw(&site, "/v1/login", r#"{"email":"a","password":"x","transport":"Cookies, expected `x"}"#).await;
    assert_eq!(refused.body["fields"]["transport"], "`transport` must be `bearer` or `cookie`");
    let refused = raw(&site, "/v1/refresh", r#"{"token":"x"}"#).await.refused(400, "unknown_field");
    assert_eq!(refused.body["detail"], "`token` is not known here; this request takes `refresh_token`");
    let nested = "[".repeat(8000);
    raw(&site, "/v1/login", nested).await.refused(400, "invalid_json");
    let login = json!({"email": "a@b.example", "password": "x"}).to_string();
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", ""]
    {
        let request = site.request(Method::POST, "/v1/login").header(CONTENT_TYPE, kind).body(login.clone());
        send(request).await.refused(415, "unsupported_media_type");
    }
    let request =
        site.request(Method::POST, "/v1/login").header(CONTENT_TYPE, "application/json; charset=utf-8").body(login);
    send(request).await.refused(401, "invalid_credentials");
}

pub(crate) async fn oversized_requests(site: Site) {
    let megabyte = "x".repeat(1024 * 1024);
    for path in ["/v1/register", "/v1/login"] {
        let body = json!({"email": "big@example.com", "password": megabyte});
        site.post(path, body).await.refused(413, "request_too_large");
    }
    site.post("/v1/refresh", json!({"refresh_token": megabyte})).await.refused(413, "request_too_large");
    let header = site.request(Method::GET, "/v1/me").header(AUTHORIZATION, format!("Bearer {megabyte}"));
    if let Ok(response) = header.send().await {
        assert_eq!(response.status().as_u16(), 431);
    }
    let large = site.request(Method::GET, "/v1/me").header(AUTHORIZATION, format!("Bearer {}", "x".repeat(20_000)));
    send(large).await.refused(401, "token_too_large");
    site.register("big@example.com").await;
}

pub(crate) async fn unknown_paths_and_methods(site: Site) {
    for path in ["/v1/nothing", "/v1", "/v1/login/", "/v1/../v1/nothing", "/v1/me%00"] {
        send(site.request(Method::GET, path)).await.refused(404, "not_found");
    }
    let answer = send(site.request(Method::GET, "/v1/login")).await.refused(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST");
    send(site.request(Method::DELETE, "/v1/me")).await.refused(405, "method_not_allowed");
}

pub(crate) async fn two_authorization_headers(site: Site) {
    let token = site.register("ada@example.com").await.text("access_token");
    let bearer = format!("Bearer {token}");
    let doubled = site.request(Method::GET, "/v1/me").header(AUTHORIZATION, &bearer).header(AUTHORIZATION, &bearer);
    send(doubled).await.refused(400, "invalid_request");
    for scheme in ["bearer", "BEARER", "Bearer "] {
        send(site.request(Method::GET, "/v1/me").header(AUTHORIZATION, format!("{scheme} {token}"))).await.ok(200);
    }
    let missing = send(site.request(Method::GET, "/v1/me")).await.refused(401, "token_missing");
    assert_eq!(missing.header("www-authenticate"), "Bearer");
    let basic = site.request(Method::GET, "/v1/me").header(AUTHORIZATION, "Basic YTpi");
    send(basic).await.refused(401, "token_missing");
    let bad = site.me("nonsense").await.refused(401, "token_malformed");
    assert_eq!(bad.header("www-authenticate"), "Bearer error=\"invalid_token\", error_description=\"token_malformed\"");
    send(site.request(Method::GET, &format!("/v1/me?access_token={token}"))).await.refused(401, "token_missing");
}

pub(crate) async fn secrets_are_not_repeated(site: Site) {
    let secret = "the secret that nobody may see";
    for body in [
        json!({"email": "a@b.example", "password": {"x": secret}}),
        json!({"email": "a@b.example", "password": [secret]}),
        json!({"email": secret, "password": "x"}),
        json!({"email": "a@b.example", "password": "x", "transport": secret}),
        json!({"email": "a@b.example", "password": secret, "device": format!("{secret}{}", "x".repeat(100))}),
    ] {
        let answer = site.post("/v1/login", body).await;
        assert!(answer.status == 400 || answer.status == 401, "{answer:?}");
        assert!(!answer.body.to_string().contains(secret), "{answer:?}");
    }
}

/// Tokens that were never ours, and ours with something changed.
pub(crate) async fn tokens_of_strangers(site: Site) {
    use jotgate_jose::{Algorithm, SigningKey, jwt};
    let mine = site.register("ada@example.com").await;
    let token = mine.text("access_token");
    let parts: Vec<_> = token.split('.').collect();
    let claims = jotgate_jose::danger::decode(&token).unwrap().claims;

    let stranger = SigningKey::generate(Algorithm::EdDsa).unwrap();
    site.me(&jwt::sign(&stranger, "at+jwt", &claims).unwrap()).await.refused(401, "key_unknown");
    let kid = site.app.verifying_keys().keys()[0].kid().unwrap().to_owned();
    let same_kid = stranger.with_kid(kid.clone());
    site.me(&jwt::sign(&same_kid, "at+jwt", &claims).unwrap()).await.refused(401, "signature_invalid");
    let jwks = send(site.request(Method::GET, "/.well-known/jwks.json")).await;
    let public = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(jwks.body["keys"][0]["x"].as_str().unwrap()).unwrap();
    let confused = SigningKey::hmac(Algorithm::Hs256, &public).unwrap().with_kid(kid);
    site.me(&jwt::sign(&confused, "at+jwt", &claims).unwrap()).await.refused(401, "algorithm_not_allowed");
    let none = format!("eyJhbGciOiJub25lIn0.{}.", parts[1]);
    site.me(&none).await.refused(401, "algorithm_not_allowed");
    site.me(&format!("{}.{}.", parts[0], parts[1])).await.refused(401, "signature_invalid");
    site.me(&format!("{token}.x")).await.refused(401, "token_malformed");
    site.me(&mine.text("refresh_token")).await.refused(401, "type_mismatch");
    site.me("").await.refused(401, "token_missing");

    site.clock.advance(600 + 31);
    site.me(&token).await.refused(401, "token_expired");
    site.post("/v1/login", json!({"email": "ada@example.com", "password": PASSWORD})).await.ok(200);
}
