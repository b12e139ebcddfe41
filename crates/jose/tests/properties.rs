//! What holds for every input: what is signed verifies, whatever is changed is refused, and nothing panics.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use jotgate_jose::{Algorithm, KeySet, SigningKey, VerifyingKey, danger, jws, jwt};
use jotgate_testkit::{NOW, keys};
use proptest::prelude::*;
use serde_json::{Map, Value};

fn policy() -> jwt::Policy {
    let policy = jwt::Policy::builder().issuer("i").audience("a");
    policy.algorithms(Algorithm::ALL.iter().copied()).token_type("at+jwt").build()
}

fn any_algorithm() -> impl Strategy<Value = Algorithm> {
    proptest::sample::select(Algorithm::ALL)
}

/// Any JSON that is not too deep. Numbers are integers, since floating point need not come back as it was written.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(".{0,6}", inner, 0..5).prop_map(Value::from_iter),
        ]
    })
}

fn any_claims() -> impl Strategy<Value = Value> {
    prop::collection::btree_map("[a-z\"\\\\\u{e9}\u{1f600}]{4,9}", any_json(), 0..30).prop_map(|others| {
        let mut claims = Map::from_iter(others);
        claims.insert("iss".into(), "i".into());
        claims.insert("aud".into(), "a".into());
        claims.insert("exp".into(), (NOW + 1).into());
        Value::from(claims)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn what_is_signed_verifies(algorithm in any_algorithm(), claims in any_claims()) {
        let key = keys::signing_key(algorithm);
        let token = jwt::sign(&key, "at+jwt", &claims).expect("a token");
        let policy = jwt::Policy::builder().issuer("i").audience("a").algorithms([algorithm]);
        let policy = policy.max_token_bytes(usize::MAX).build();
        let verifying = key.verifying_key();
        for _ in 0..2 {
            let verified = jwt::verify::<Value>(&token, &verifying, &policy, NOW).expect("valid");
            prop_assert_eq!(verified.claims(), &claims);
        }
    }

    #[test]
    fn any_changed_bit_is_refused(algorithm in any_algorithm(), place in any::<prop::sample::Index>(), bit in 0..7_u8) {
        let key = keys::signing_key(algorithm);
        let claims = serde_json::json!({"iss": "i", "aud": "a", "exp": NOW + 1});
        let token = jwt::sign(&key, "at+jwt", &claims).expect("a token");
        let verifying = key.verifying_key();
        prop_assert!(jwt::verify::<Value>(&token, &verifying, &policy(), NOW).is_ok());
        let mut bytes = token.into_bytes();
        let at = place.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let changed = String::from_utf8(bytes).expect("ASCII");
        prop_assert!(jwt::verify::<Value>(&changed, &verifying, &policy(), NOW).is_err());
    }

    #[test]
    fn any_cut_is_refused(algorithm in any_algorithm(), place in any::<prop::sample::Index>()) {
        let key = keys::signing_key(algorithm);
        let token = jws::sign(&key, Some("x"), b"payload").expect("a token");
        let cut = &token[..place.index(token.len())];
        prop_assert!(jws::verify(cut, &key.verifying_key(), Algorithm::ALL).is_err());
    }

    #[test]
    fn another_key_does_not_verify(algorithm in any_algorithm()) {
        prop_assume!(!matches!(algorithm.name().as_bytes(), [b'R' | b'P', ..]));
        let key = keys::signing_key(algorithm);
        let other = SigningKey::generate(algorithm).expect("a key").with_kid(key.kid());
        let token = jws::sign(&key, None, b"payload").expect("a token");
        prop_assert!(jws::verify(&token, &other.verifying_key(), &[algorithm]).is_err());
    }

    #[test]
    fn no_text_panics(text in any::<String>()) {
        read_everything(&text);
    }

    #[test]
    fn no_text_like_a_token_panics(text in "[A-Za-z0-9_-]{0,40}(\\.[A-Za-z0-9_=-]{0,40}){0,4}") {
        read_everything(&text);
    }

    #[test]
    fn no_text_like_json_panics(text in "\\{(\"(kty|alg|k|x|crv|\\\\u00)[a-z]?\":[\\[\\]{}\"0-9eE.+-]{0,12},?){0,6}\\}?") {
        read_everything(&text);
    }

    #[test]
    fn no_changed_key_panics(algorithm in any_algorithm(), place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut jwk = keys::jwk(algorithm).as_bytes().to_vec();
        let at = place.index(jwk.len());
        jwk[at] = byte;
        read_everything(&String::from_utf8_lossy(&jwk));
        if let Ok(der) = keys::signing_key(algorithm).to_der() {
            let mut der = der.to_vec();
            let at = place.index(der.len());
            der[at] = byte;
            drop(SigningKey::from_der(&der, algorithm));
            drop(VerifyingKey::from_der(&der, algorithm));
        }
    }
}

fn read_everything(text: &str) {
    let key = keys::verifying_key(Algorithm::Hs256);
    drop(jwt::verify::<Value>(text, &key, &policy(), NOW));
    drop(jwt::explain(text, &key, &policy(), NOW));
    drop(jws::verify(text, &key, Algorithm::ALL));
    drop(danger::decode(text));
    drop(VerifyingKey::from_jwk(text));
    drop(SigningKey::from_jwk(text));
    drop(KeySet::from_json(text));
    drop(VerifyingKey::from_pem(text, Algorithm::Es256));
    drop(SigningKey::from_pem(text, Algorithm::Rs256));
    drop(VerifyingKey::from_der(text.as_bytes(), Algorithm::Rs256));
    drop(SigningKey::from_der(text.as_bytes(), Algorithm::Es512));
}
