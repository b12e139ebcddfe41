//! One guard before the tokens of five well-known providers, whose metadata and key sets have the shapes that those publish.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::HashMap;

use axum::Router;
use axum::body::Body;
use http::{Request, Response, StatusCode};
use jotgate_guard::{Algorithm, Clock, Guard, GuardBuilder, Issuer};
use jotgate_jose::{SigningKey, jwt};
use serde_json::{Value, json};
use support::{AUDIENCE, NOW, claims_with, key, outcome, token};

/// A provider on a port of its own: its name, its key, and what its tokens look like.
struct Provider {
    issuer: String,
    key: SigningKey,
    typ: Option<&'static str>,
    claims: Value,
    trust: fn(Issuer) -> Issuer,
}

impl Provider {
    fn token(&self, typ: Option<&str>, changes: &Value) -> String {
        let mut claims = self.claims.clone();
        let members = claims.as_object_mut().unwrap();
        members.extend(
            json!({"iss": self.issuer, "sub": "u1", "iat": NOW, "exp": NOW + 600}).as_object().unwrap().clone(),
        );
        members.extend(changes.as_object().unwrap().clone());
        members.retain(|_, value| !value.is_null());
        let mut signer = jwt::signer(&self.key);
        if let Some(typ) = typ {
            signer = signer.typ(typ);
        }
        signer.sign(&claims).unwrap()
    }

    fn good(&self) -> String {
        self.token(self.typ, &json!({}))
    }

    fn trusted(&self) -> Issuer {
        (self.trust)(Issuer::new(&self.issuer))
    }
}

/// Serves documents at their paths, with the address of the server in place of `$URL`, which no key has in its base64url.
async fn serve(documents: &[(&str, Value)]) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let documents: HashMap<String, String> =
        documents.iter().map(|(path, text)| ((*path).to_owned(), text.to_string().replace("$URL", &url))).collect();
    let answer = move |request: Request<Body>| {
        let text = documents.get(request.uri().path()).cloned();
        async move {
            let status = if text.is_some() { StatusCode::OK } else { StatusCode::NOT_FOUND };
            let mut response = Response::new(Body::from(text.unwrap_or_default()));
            *response.status_mut() = status;
            response
        }
    };
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    url
}

fn rsa(kid: &str) -> SigningKey {
    SigningKey::generate(Algorithm::Rs256).unwrap().with_kid(kid)
}

/// The public key as a JWK, with members of the provider's own, and without those that are `null`.
fn jwk(key: &SigningKey, members: &Value) -> Value {
    let mut jwk: Value = serde_json::from_str(&key.verifying_key().to_jwk().unwrap()).unwrap();
    jwk.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    jwk.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    jwk
}

/// A name with a slash at its end, certificates beside the keys, `JWT` as the type, the API and the user info as audiences.
async fn auth0() -> Provider {
    let key = rsa("NEY4QzlFRjVBMkU1");
    let certificates = json!({"use": "sig", "x5t": "2kUjYWbz", "x5c": ["MIIDBzCCAe+gAwIBAgIJakoPho0MJr56"]});
    let metadata = json!({
        "issuer": "$URL/", "authorization_endpoint": "$URL/authorize", "token_endpoint": "$URL/oauth/token",
        "jwks_uri": "$URL/.well-known/jwks.json", "scopes_supported": ["openid", "profile", "offline_access"],
        "id_token_signing_alg_values_supported": ["HS256", "RS256", "PS256"], "claims_supported": ["aud", "sub"],
        "request_parameter_supported": false, "global_token_revocation_endpoint_auth_methods_supported": ["global-token-revocation+jwt"],
    });
    let url = serve(&[
        ("/.well-known/openid-configuration", metadata),
        ("/.well-known/jwks.json", json!({"keys": [jwk(&key, &certificates), jwk(&rsa("next"), &certificates)]})),
    ])
    .await;
    let claims = json!({
        "aud": [AUDIENCE, format!("{url}/userinfo")], "azp": "my_client_id", "scope": "openid orders:read",
        "permissions": ["orders:read"], "gty": "password",
    });
    Provider {
        issuer: format!("{url}/"),
        key,
        typ: Some("JWT"),
        claims,
        trust: |issuer| issuer.token_type("JWT").audience(AUDIENCE).algorithms([Algorithm::Rs256]),
    }
}

/// The project in the path, its id as the audience, ID tokens as what an API is sent.
async fn firebase() -> Provider {
    let key = rsa("f53f2b3f2ed8");
    let metadata = json!({
        "issuer": "$URL/my-project", "jwks_uri": "$URL/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
        "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    });
    let url = serve(&[
        ("/my-project/.well-known/openid-configuration", metadata),
        (
            "/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com",
            json!({"keys": [jwk(&key, &json!({"use": "sig"})), jwk(&rsa("old"), &json!({"use": "sig"}))]}),
        ),
    ])
    .await;
    let claims = json!({
        "aud": "my-project", "auth_time": NOW - 5, "user_id": "u1", "email": "ada@example.com", "email_verified": true,
        "firebase": {"identities": {"email": ["ada@example.com"]}, "sign_in_provider": "password"},
    });
    Provider {
        issuer: format!("{url}/my-project"),
        key,
        typ: Some("JWT"),
        claims,
        trust: |issuer| issuer.token_type("JWT").audience("my-project"),
    }
}

/// A key set on another host than the issuer's.
async fn google() -> Provider {
    let key = rsa("a50f6e70ef4b");
    let keys = serve(&[(
        "/oauth2/v3/certs",
        json!({"keys": [jwk(&rsa("b"), &json!({"use": "sig"})), jwk(&key, &json!({"use": "sig"}))]}),
    )])
    .await;
    let metadata = json!({
        "issuer": "$URL", "authorization_endpoint": "$URL/o/oauth2/v2/auth", "jwks_uri": format!("{keys}/oauth2/v3/certs"),
        "device_authorization_endpoint": "$URL/device/code", "response_types_supported": ["code", "none"],
        "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["RS256"],
    });
    let issuer = serve(&[("/.well-known/openid-configuration", metadata)]).await;
    let claims = json!({
        "azp": "1234.apps.googleusercontent.com", "aud": "1234.apps.googleusercontent.com", "at_hash": "HK6E_P6Dh8Y93mRNtsDB1Q",
        "hd": "example.com", "email": "ada@example.com", "email_verified": true,
    });
    let trust = |issuer: Issuer| issuer.token_type("JWT").audience("1234.apps.googleusercontent.com");
    Provider { issuer, key, typ: Some("JWT"), claims, trust }
}

/// No `typ` and no `aud`: `token_use` tells the kind, `client_id` whom it is for.
async fn cognito() -> Provider {
    let key = rsa("1234example=");
    let metadata = json!({
        "issuer": "$URL/eu-west-1_ExAmPle", "jwks_uri": "$URL/eu-west-1_ExAmPle/.well-known/jwks.json",
        "authorization_endpoint": "$URL/oauth2/authorize", "id_token_signing_alg_values_supported": ["RS256"],
        "subject_types_supported": ["public"], "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    });
    let keys = json!({"keys": [jwk(&key, &json!({"use": "sig"})), jwk(&rsa("5678example="), &json!({"use": "sig"}))]});
    let url = serve(&[
        ("/eu-west-1_ExAmPle/.well-known/openid-configuration", metadata),
        ("/eu-west-1_ExAmPle/.well-known/jwks.json", keys),
    ])
    .await;
    let claims = json!({
        "client_id": "3n4b5urk1ft4fl3mg5e62d9ado", "token_use": "access", "scope": "orders/read", "jti": "bbbb", "origin_jti": "aaaa",
        "username": "ada", "version": 2, "event_id": "64f513be",
    });
    Provider {
        issuer: format!("{url}/eu-west-1_ExAmPle"),
        key,
        typ: None,
        claims,
        trust: |issuer| {
            let issuer = issuer.untyped().type_claim("token_use", "access");
            issuer.audience_claim("client_id", "3n4b5urk1ft4fl3mg5e62d9ado")
        },
    }
}

/// A realm in the path, a key for encryption beside the one for signatures, `typ` as a claim, too.
async fn keycloak() -> Provider {
    let key = rsa("5cm8sDIk");
    let certificates = json!({"use": "sig", "x5c": ["MIICmzCCAYMCBgGQ"], "x5t": "qBDR", "x5t#S256": "xJkg"});
    let encryption = json!({"use": "enc", "alg": "RSA-OAEP", "x5c": ["MIICmzCCAYMCBgGR"]});
    let metadata = json!({
        "issuer": "$URL/realms/shop", "jwks_uri": "$URL/realms/shop/protocol/openid-connect/certs",
        "authorization_endpoint": "$URL/realms/shop/protocol/openid-connect/auth", "frontchannel_logout_supported": true,
        "id_token_signing_alg_values_supported": ["PS384", "RS384", "EdDSA", "ES384", "HS256", "RS256"],
        "mtls_endpoint_aliases": {"token_endpoint": "$URL/realms/shop/protocol/openid-connect/token"},
    });
    let keys = json!({"keys": [jwk(&rsa("fwqZenc"), &encryption), jwk(&key, &certificates)]});
    let url = serve(&[
        ("/realms/shop/.well-known/openid-configuration", metadata),
        ("/realms/shop/protocol/openid-connect/certs", keys),
    ])
    .await;
    let claims = json!({
        "aud": [AUDIENCE, "account"], "typ": "Bearer", "azp": "shop-web", "acr": "1", "allowed-origins": ["https://shop.example.com"],
        "realm_access": {"roles": ["offline_access"]}, "scope": "profile email", "sid": "77b8", "preferred_username": "ada",
    });
    Provider {
        issuer: format!("{url}/realms/shop"),
        key,
        typ: Some("JWT"),
        claims,
        trust: |issuer| issuer.token_type("JWT").type_claim("typ", "Bearer").audience(AUDIENCE),
    }
}

async fn all() -> [Provider; 5] {
    [auth0().await, firebase().await, google().await, cognito().await, keycloak().await]
}

fn builder() -> GuardBuilder {
    Guard::builder().clock(Clock::manual(NOW))
}

#[tokio::test]
async fn tokens_of_five_providers_pass_before_one_guard() {
    let providers = all().await;
    let guard = providers.iter().fold(builder(), |guard, provider| guard.trust(provider.trusted())).build().unwrap();
    for provider in &providers {
        for sight in ["first", "second"] {
            let auth = guard.verify(&provider.good()).await.unwrap();
            assert_eq!(auth.user(), (provider.issuer.as_str(), "u1"), "at {sight} sight");
        }
    }
}

#[tokio::test]
async fn each_provider_s_tokens_are_held_to_its_own_policy() {
    let [auth0, firebase, google, cognito, keycloak] = all().await;
    let providers = [&auth0, &firebase, &google, &cognito, &keycloak];
    let guard = providers.iter().fold(builder(), |guard, provider| guard.trust(provider.trusted())).build().unwrap();
    for (provider, typ, changes, expected) in [
        (&auth0, Some("at+jwt"), json!({}), "type_mismatch"),
        (&auth0, Some("JWT"), json!({"aud": "my_client_id"}), "audience_mismatch"),
        (&auth0, Some("JWT"), json!({"aud": null}), "claim_missing"),
        (&firebase, Some("JWT"), json!({"aud": "other-project"}), "audience_mismatch"),
        (&google, Some("JWT"), json!({"aud": AUDIENCE}), "audience_mismatch"),
        (&google, None, json!({}), "type_mismatch"),
        (&cognito, None, json!({"token_use": "id", "aud": "3n4b5urk1ft4fl3mg5e62d9ado"}), "audience_mismatch"),
        (&cognito, None, json!({"token_use": "id"}), "type_mismatch"),
        (&cognito, None, json!({"token_use": null}), "type_mismatch"),
        (&cognito, None, json!({"token_use": ["access"]}), "claim_malformed"),
        (&cognito, None, json!({"client_id": "another"}), "audience_mismatch"),
        (&cognito, None, json!({"client_id": null, "azp": "3n4b5urk1ft4fl3mg5e62d9ado"}), "claim_missing"),
        (&cognito, Some("JWT"), json!({}), "type_mismatch"),
        (&keycloak, Some("JWT"), json!({"typ": "ID"}), "type_mismatch"),
        (&keycloak, Some("JWT"), json!({"typ": "Refresh"}), "type_mismatch"),
        (&keycloak, Some("JWT"), json!({"typ": "Logout", "events": {}}), "type_mismatch"),
        (&keycloak, Some("JWT"), json!({"aud": "account"}), "audience_mismatch"),
        (&keycloak, Some("JWT"), json!({"exp": NOW - 31}), "token_expired"),
    ] {
        assert_eq!(outcome(&guard, &provider.token(typ, &changes)).await, expected, "{} {changes}", provider.issuer);
    }
}

#[tokio::test]
async fn a_key_of_one_issuer_never_verifies_a_token_that_names_another() {
    let (first, second) = (key("same"), key("same"));
    let names = [serve_keys(&first).await, serve_keys(&second).await];
    let guard = builder().audience(AUDIENCE);
    let guard = names.iter().fold(guard, |guard, name| guard.trust(Issuer::new(name))).build().unwrap();
    let signed = |key: &SigningKey, name: &str| token(key, &claims_with(&json!({"iss": name})));
    for (token, expected) in [
        (signed(&first, &names[0]), "ok"),
        (signed(&second, &names[1]), "ok"),
        (signed(&first, &names[1]), "signature_invalid"),
        (signed(&second, &names[0]), "signature_invalid"),
        (signed(&first, "https://auth.example.com"), "issuer_mismatch"),
        (signed(&first, &format!("{}/", names[0])), "issuer_mismatch"),
        (signed(&first, ""), "issuer_mismatch"),
        (token(&first, &claims_with(&json!({"iss": null}))), "claim_missing"),
        (token(&first, &claims_with(&json!({"iss": [names[0]]}))), "claim_malformed"),
        ("x".to_owned(), "token_malformed"),
    ] {
        for sight in ["first", "second"] {
            assert_eq!(outcome(&guard, &token).await, expected, "at {sight} sight");
        }
    }
}

async fn serve_keys(key: &SigningKey) -> String {
    let metadata = json!({"issuer": "$URL", "jwks_uri": "$URL/keys"});
    let keys = json!({"keys": [jwk(key, &json!({}))]});
    serve(&[("/.well-known/openid-configuration", metadata), ("/keys", keys)]).await
}

#[tokio::test]
async fn keys_without_alg_are_for_the_first_accepted_algorithm_that_fits() {
    let key = rsa("untold");
    let keys = json!({"keys": [jwk(&key, &json!({"alg": null, "use": "sig"}))]});
    let name = serve(&[
        ("/.well-known/openid-configuration", json!({"issuer": "$URL", "jwks_uri": "$URL/keys"})),
        ("/keys", keys),
    ])
    .await;
    let own = token(&key, &claims_with(&json!({"iss": name})));
    for (algorithms, expected) in [
        (vec![], "ok"),
        (vec![Algorithm::EdDsa, Algorithm::Rs256], "ok"),
        (vec![Algorithm::Ps256, Algorithm::Rs256], "algorithm_not_allowed"),
        (vec![Algorithm::Ps256], "algorithm_not_allowed"),
    ] {
        let issuer = Issuer::new(&name);
        let issuer = if algorithms.is_empty() { issuer } else { issuer.algorithms(algorithms.clone()) };
        let guard = builder().audience(AUDIENCE).trust(issuer).build().unwrap();
        assert_eq!(outcome(&guard, &own).await, expected, "{algorithms:?}");
    }
}

#[tokio::test]
async fn the_audience_of_the_guard_holds_for_issuers_without_their_own() {
    let (one, other) = (key("k"), key("k"));
    let names = [serve_keys(&one).await, serve_keys(&other).await];
    let guard =
        builder().audience(AUDIENCE).trust(Issuer::new(&names[0])).trust(Issuer::new(&names[1]).audience("other"));
    let guard = guard.build().unwrap();
    let signed = |key: &SigningKey, name: &str, aud: &str| token(key, &claims_with(&json!({"iss": name, "aud": aud})));
    for (token, expected) in [
        (signed(&one, &names[0], AUDIENCE), "ok"),
        (signed(&one, &names[0], "other"), "audience_mismatch"),
        (signed(&other, &names[1], "other"), "ok"),
        (signed(&other, &names[1], AUDIENCE), "audience_mismatch"),
    ] {
        assert_eq!(outcome(&guard, &token).await, expected);
    }
}

#[tokio::test]
async fn an_issuer_without_metadata_is_asked_where_its_keys_are_said_to_be() {
    let key = key("k");
    let url = serve(&[("/certs", json!({"keys": [jwk(&key, &json!({}))]}))]).await;
    let issuer = Issuer::new(&url).audience(AUDIENCE).jwks_uri(format!("{url}/certs"));
    let guard = builder().trust(issuer).build().unwrap();
    assert_eq!(outcome(&guard, &token(&key, &claims_with(&json!({"iss": url})))).await, "ok");
}

#[test]
fn issuers_that_cannot_be_told_apart_or_held_to_nothing_are_not_trusted() {
    let error = |builder: GuardBuilder| builder.build().unwrap_err().to_string();
    let trust = |issuer: Issuer| error(Guard::builder().trust(issuer));
    let name = "https://i.example";
    for (error, part) in [
        (error(Guard::builder().audience("a").issuer(name).trust(Issuer::new(name))), "was given twice"),
        (trust(Issuer::new(name)), "no audience"),
        (trust(Issuer::new("http://i.example").audience("a")), "has to begin with https://"),
        (trust(Issuer::new(name).audience("a").algorithms([Algorithm::Hs256])), "needs a secret key"),
        (trust(Issuer::new(name).audience("a").jwks_uri("http://i.example/keys")), "has to begin with https://"),
        (error(Guard::builder().audience("a").leeway(3).trust(Issuer::new(name))), "no issuer"),
        (
            error(Guard::builder().issuer(name).audience("a").root_certificate("no certificate at all")),
            "root certificate",
        ),
    ] {
        assert!(error.contains(part), "{error:?} does not say {part:?}");
    }
}
