//! Tokens of the hand-written application that this server takes over from, at forward authentication.

use jotgate_jose::{Algorithm, SigningKey, jws};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::site::{Site, bearer, header};

const SECRET: &str = "kX9vQ2mZ7rT4wB6nL1pS8dF3gH5jK0aYuEiOcVtR";
/// The clock of the site stands at the beginning of 2027-01-15, eight hours in.
const UNTIL: &str = "2027-01-16";

async fn site() -> Site {
    let configure = |config: &mut jotgate_server::Config| {
        let legacy = &mut config.tokens.legacy;
        legacy.secret = Some(SECRET.into());
        legacy.until = Some(UNTIL.into());
        "id".clone_into(&mut legacy.subject_claim);
        (legacy.email_claim, legacy.roles_claim) = (Some("email".into()), Some("role".into()));
    };
    Site::configured(configure).await
}

/// As `jsonwebtoken` signs it.
fn old(claims: &Value) -> String {
    let key = SigningKey::hmac(Algorithm::Hs256, SECRET.as_bytes()).unwrap();
    jws::sign(&key, Some("JWT"), claims.to_string().as_bytes()).unwrap()
}

async fn asked(site: &Site, token: &str, query: &str) -> reqwest::Response {
    let ask = site.direct(Method::GET, &format!("/auth/authz/forward-auth{query}"));
    let ask = ask.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/page");
    let ask = ask.header("x-forwarded-proto", "http").header("x-forwarded-host", "127.0.0.1");
    ask.header(AUTHORIZATION, bearer(token)).send().await.unwrap()
}

async fn code(answer: reqwest::Response) -> String {
    let body: Value = answer.json().await.unwrap_or_default();
    body["code"].as_str().unwrap_or("none").to_owned()
}

#[tokio::test]
async fn they_pass_until_the_date_with_who_they_speak_for() {
    let site = site().await;
    let claims = json!({"id": 7, "email": "ada@example.com", "role": "clerk", "scope": "admin", "iat": 1_799_990_000});
    let token = old(&claims);
    let answer = asked(&site, &token, "").await;
    let seen = ["remote-user", "remote-email", "remote-groups"].map(|name| header(&answer, name));
    assert_eq!((answer.status().as_u16(), seen), (200, ["7".to_owned(), String::new(), "clerk".to_owned()]));
    assert_eq!(asked(&site, &token, "?role=clerk").await.status(), 200);
    assert_eq!(code(asked(&site, &token, "?scope=admin").await).await, "scope_insufficient");
    // They are no tokens of this server: its own routes refuse them.
    let me = site.direct(Method::GET, "/auth/v1/me").header(AUTHORIZATION, bearer(&token)).send().await.unwrap();
    assert_eq!(me.status(), 401);
    let tokens = site.log_in().await;
    assert_eq!(header(&asked(&site, &tokens.access, "").await, "remote-user"), tokens.user);

    site.advance(86_400);
    assert_eq!(code(asked(&site, &token, "").await).await, "token_expired");
}

#[tokio::test]
async fn the_old_secret_makes_no_token_of_this_server() {
    let site = site().await;
    let issuer = format!("{}/auth", site.origin);
    let claims = json!({"id": 7, "sub": "7", "sid": "7", "iss": issuer, "aud": issuer, "exp": 1_800_000_600});
    let forged = asked(&site, &old(&claims), "").await;
    assert_eq!((forged.status().as_u16(), code(forged).await.as_str()), (401, "algorithm_not_allowed"));
    for (claims, expected) in [
        (json!({"id": 7, "iss": "https://elsewhere.example"}), "issuer_mismatch"),
        (json!({"id": 7, "aud": "elsewhere"}), "audience_mismatch"),
        (json!({"sub": "7"}), "claim_missing"),
        (json!({"id": 7, "exp": 1_799_999_000}), "token_expired"),
    ] {
        assert_eq!(code(asked(&site, &old(&claims), "").await).await, expected, "{claims}");
    }
    let token = old(&json!({"id": 7}));
    let (signed, _) = token.rsplit_once('.').unwrap();
    assert_eq!(code(asked(&site, &format!("{signed}.{}", "A".repeat(43)), "").await).await, "signature_invalid");
}
