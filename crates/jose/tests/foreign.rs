//! Tokens as other issuers write them: without `typ`, without `aud`; and choosing a policy by what a token claims.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use jotgate_jose::jwt::{self, Policy, RegisteredOnly};
use jotgate_jose::{Algorithm, Code, SigningKey, danger};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://issuer.example/pool";

fn key() -> SigningKey {
    SigningKey::hmac(Algorithm::Hs256, b"0123456789abcdef0123456789abcdef").unwrap()
}

fn token(claims: &Value) -> String {
    let mut all = json!({"iss": ISSUER, "sub": "ada", "exp": NOW + 600});
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    jwt::sign(&key(), "JWT", &all).unwrap()
}

fn code(token: &str, policy: &Policy) -> Option<Code> {
    let verified = jwt::verify::<RegisteredOnly>(token, &key().verifying_key(), policy, NOW);
    let explained = jwt::explain(token, &key().verifying_key(), policy, NOW);
    assert_eq!(verified.is_ok(), explained.iter().all(|check| check.code.is_none()), "{explained:?}");
    verified.err().map(|refusal| refusal.code())
}

#[test]
fn another_claim_stands_in_for_a_missing_audience_and_only_for_that() {
    let start = || Policy::builder().issuer(ISSUER).algorithms([Algorithm::Hs256]);
    let stand_in = start().audience_claim("client_id", ["app"]).build();
    let both = start().audience("api").audience_claim("client_id", ["app", "app2"]).build();
    let audience = start().audience("api").build();
    let (mismatch, missing, malformed) =
        (Some(Code::AudienceMismatch), Some(Code::ClaimMissing), Some(Code::ClaimMalformed));
    for (claims, expected) in [
        (json!({"client_id": "app"}), [None, None, missing]),
        (json!({"client_id": "app2"}), [mismatch, None, missing]),
        (json!({"client_id": "other"}), [mismatch, mismatch, missing]),
        (json!({"client_id": ["app"]}), [malformed, malformed, missing]),
        (json!({"client_id": null}), [malformed, malformed, missing]),
        (json!({"azp": "app"}), [missing, missing, missing]),
        (json!({}), [missing, missing, missing]),
        (json!({"client_id": "app", "aud": "api"}), [mismatch, None, None]),
        (json!({"client_id": "other", "aud": "api"}), [mismatch, None, None]),
        (json!({"client_id": "app", "aud": "other"}), [mismatch, mismatch, mismatch]),
        (json!({"client_id": "app", "aud": []}), [mismatch, mismatch, mismatch]),
        (json!({"client_id": "app", "aud": null}), [malformed, malformed, malformed]),
    ] {
        let token = token(&claims);
        assert_eq!([&stand_in, &both, &audience].map(|policy| code(&token, policy)), expected, "{claims}");
    }
    let refused =
        jwt::verify::<RegisteredOnly>(&token(&json!({"client_id": "other"})), &key().verifying_key(), &stand_in, NOW);
    let words = refused.unwrap_err().to_string();
    assert_eq!(words, r#"audience_mismatch: expected `client_id` "app", found "other""#);
}

#[test]
fn the_claimed_issuer_is_read_as_the_policy_would_read_it() {
    assert_eq!(danger::issuer(&token(&json!({})), 1000).unwrap(), ISSUER);
    let escaped = token(&json!({"name": "line\nbreak"}));
    assert_eq!(danger::issuer(&escaped, 1000).unwrap(), ISSUER);
    let signed = |claims: &Value| jwt::sign(&key(), "JWT", claims).unwrap();
    let with_payload = |payload: &str| format!("e30.{}.x", base64_simd::URL_SAFE_NO_PAD.encode_to_string(payload));
    for (token, code) in [
        (signed(&json!({"sub": "ada"})), Code::ClaimMissing),
        (signed(&json!({"iss": ["https://a"]})), Code::ClaimMalformed),
        (signed(&json!({"iss": "a", "sub": "x".repeat(1000)})), Code::TokenTooLarge),
        (with_payload(r#"{"iss":"a","iss":"b"}"#), Code::TokenMalformed),
        (with_payload(r#"{"iss":"a","\u0069ss":"b"}"#), Code::TokenMalformed),
        (with_payload("no json"), Code::TokenMalformed),
        ("a.b".to_owned(), Code::TokenMalformed),
        ("a.%.c".to_owned(), Code::TokenMalformed),
        (String::new(), Code::TokenMalformed),
    ] {
        assert_eq!(danger::issuer(&token, 1000).unwrap_err().code(), code, "{token}");
    }
    assert_eq!(danger::issuer(&with_payload(r#"{"iss":"https:\/\/\u0061"}"#), 1000).unwrap(), "https://a");
}
