//! For every algorithm: a key goes through every encoding, signs, and verifies; and any changed byte is refused.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use jotgate_jose::{Algorithm, Code, KeySet, SigningKey, VerifyingKey, jws, jwt};
use serde_json::{Value, json};

const NOW: i64 = 1_800_000_000;

fn policy(algorithm: Algorithm) -> jwt::Policy {
    jwt::Policy::builder()
        .issuer("https://auth.example.com")
        .audience("https://api.example.com")
        .algorithms([algorithm])
        .token_type("at+jwt")
        .require(["sid"])
        .build()
}

fn claims() -> Value {
    json!({
        "iss": "https://auth.example.com", "aud": ["https://other.example.com", "https://api.example.com"],
        "sub": "ada", "exp": NOW + 600, "nbf": NOW, "iat": NOW, "jti": "j-1", "sid": "s-1", "name": "Ada \"é\" \n",
    })
}

#[test]
fn a_signed_token_verifies_and_says_what_was_signed() {
    for algorithm in Algorithm::ALL.iter().copied() {
        let key = SigningKey::generate(algorithm).expect("a key");
        let token = jwt::sign(&key, "at+jwt", &claims()).expect("a token");
        let policy = policy(algorithm);
        for _ in 0..3 {
            // The second time takes the short way.
            let verified = jwt::verify::<Value>(&token, &key.verifying_key(), &policy, NOW).expect("valid");
            assert_eq!(verified.claims(), &claims(), "{algorithm}");
            assert_eq!(verified.header().algorithm(), algorithm);
            assert_eq!(verified.header().kid(), Some(key.kid()));
            assert_eq!(verified.header().typ(), Some("at+jwt"));
            let registered = verified.registered();
            assert_eq!((registered.sub(), registered.jti()), (Some("ada"), Some("j-1")));
            assert_eq!((registered.exp(), registered.nbf(), registered.iat()), (Some(NOW + 600), Some(NOW), Some(NOW)));
            assert_eq!(registered.aud().count(), 2);
            assert_eq!(registered.get::<String>("sid"), Ok(Some("s-1".to_owned())));
        }
    }
}

#[test]
fn a_private_key_survives_every_encoding() {
    for algorithm in Algorithm::ALL.iter().copied() {
        let key = SigningKey::generate(algorithm).expect("a key");
        let mut copies = vec![SigningKey::from_jwk(key.to_jwk().expose()).expect("JWK")];
        if algorithm.is_symmetric() {
            assert!(key.to_pem().is_err());
        } else {
            copies.push(SigningKey::from_pem(key.to_pem().expect("PEM").expose(), algorithm).expect("PEM"));
            copies.push(SigningKey::from_der(&key.to_der().expect("DER"), algorithm).expect("DER"));
        }
        for copy in copies {
            assert_eq!(copy.kid(), key.kid(), "{algorithm}");
            let token = jws::sign(&copy, None, b"payload").expect("a token");
            let verified = jws::verify(&token, &key.verifying_key(), &[algorithm]).expect("valid");
            assert_eq!(verified.payload(), b"payload");
        }
    }
}

#[test]
fn a_public_key_survives_every_encoding() {
    for algorithm in Algorithm::ALL.iter().copied().filter(|algorithm| !algorithm.is_symmetric()) {
        let key = SigningKey::generate(algorithm).expect("a key");
        let token = jws::sign(&key, None, b"payload").expect("a token");
        let public = key.verifying_key();
        let copies = [
            VerifyingKey::from_jwk(&public.to_jwk().expect("JWK")).expect("JWK"),
            VerifyingKey::from_pem(&public.to_pem().expect("PEM"), algorithm).expect("PEM"),
            VerifyingKey::from_der(&public.to_der().expect("DER"), algorithm).expect("DER"),
        ];
        for copy in copies {
            assert_eq!(copy.thumbprint(), key.kid(), "{algorithm}");
            assert!(jws::verify(&token, &copy, &[algorithm]).is_ok());
        }
        assert!(VerifyingKey::from_jwk(key.to_jwk().expose()).is_err(), "private members");
    }
}

#[test]
fn any_changed_character_is_refused() {
    for algorithm in [Algorithm::Hs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::Rs256] {
        let key = SigningKey::generate(algorithm).expect("a key");
        let token = jwt::sign(&key, "at+jwt", &claims()).expect("a token");
        let (verifying, policy) = (key.verifying_key(), policy(algorithm));
        jwt::verify::<Value>(&token, &verifying, &policy, NOW).expect("valid");
        for at in (0..token.len()).step_by(7) {
            let mut bytes = token.clone().into_bytes();
            bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).expect("ASCII");
            assert!(jwt::verify::<Value>(&changed, &verifying, &policy, NOW).is_err(), "{algorithm} {at}");
        }
    }
}

#[test]
fn sets_find_keys_by_name() {
    let keys: Vec<_> = [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256]
        .into_iter()
        .map(|algorithm| SigningKey::generate(algorithm).expect("a key"))
        .collect();
    let set = KeySet::new(keys.iter().map(SigningKey::verifying_key)).expect("a set");
    let set = KeySet::from_json(&set.to_json().expect("JSON")).expect("a set");
    for key in &keys {
        let token = jwt::sign(key, "at+jwt", &claims()).expect("a token");
        assert!(jwt::verify::<Value>(&token, &set, &policy(key.algorithm()), NOW).is_ok());
    }
    let stranger = SigningKey::generate(Algorithm::EdDsa).expect("a key");
    let token = jwt::sign(&stranger, "at+jwt", &claims()).expect("a token");
    let refusal = jwt::verify::<Value>(&token, &set, &policy(Algorithm::EdDsa), NOW).expect_err("unknown");
    assert_eq!(refusal.code(), Code::KeyUnknown);
}

#[test]
fn explaining_agrees_with_verifying() {
    let key = SigningKey::generate(Algorithm::EdDsa).expect("a key");
    let token = jwt::sign(&key, "JWT", &json!({"iss": "x", "exp": 1})).expect("a token");
    let checks = jwt::explain(&token, &key.verifying_key(), &policy(Algorithm::EdDsa), NOW);
    let failed: Vec<_> = checks.iter().filter_map(|check| Some((check.name, check.code?))).collect();
    assert_eq!(failed, [("type", Code::TypeMismatch)]);
    assert_eq!(checks.len(), 14);

    let token = jwt::sign(&key, "at+jwt", &json!({"iss": "x", "exp": 1})).expect("a token");
    let checks = jwt::explain(&token, &key.verifying_key(), &policy(Algorithm::EdDsa), NOW);
    let failed: Vec<_> = checks.iter().filter_map(|check| Some((check.name, check.code?))).collect();
    let expected = [
        ("issuer", Code::IssuerMismatch),
        ("audience", Code::ClaimMissing),
        ("expiry", Code::TokenExpired),
        ("required claims", Code::ClaimMissing),
    ];
    assert_eq!(failed, expected);
}

/// RFC 7515 §A.1: a token that names no key. Which key verified it is known all the same, at first sight and after.
#[test]
fn the_key_that_verified_is_known_without_a_kid() {
    let jwk = r#"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.\
                 eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
                 dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let key = VerifyingKey::from_jwk(jwk).expect("a key").with_kid("stolen");
    for _ in 0..2 {
        let verified = jws::verify(token, &key, &[Algorithm::Hs256]).expect("verified");
        assert_eq!((verified.header().kid(), verified.header().verified_by()), (None, Some("stolen")));
    }
}
