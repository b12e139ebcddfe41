//! Any bytes as the payload of a token with a sound signature: what is accepted, another parser reads alike.
#![no_main]

use std::sync::LazyLock;

use jotgate_jose::{Algorithm, SigningKey, VerifyingKey, jws, jwt};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static KEY: LazyLock<(SigningKey, VerifyingKey)> = LazyLock::new(|| {
    let key = SigningKey::hmac(Algorithm::Hs256, &[7; 32]).unwrap();
    let verifying = key.verifying_key();
    (key, verifying)
});

static POLICY: LazyLock<jwt::Policy> = LazyLock::new(|| {
    let policy = jwt::Policy::builder().issuers(["i", "j"]).audience("a").algorithms([Algorithm::Hs256]);
    policy.require(["r"]).build()
});

fuzz_target!(|payload: &[u8]| {
    let token = jws::sign(&KEY.0, None, payload).unwrap();
    let verified = jwt::verify::<Value>(&token, &KEY.1, &POLICY, 1);
    let explained = jwt::explain(&token, &KEY.1, &POLICY, 1);
    match verified {
        Ok(verified) => {
            let claims: Value = serde_json::from_slice(payload).expect("accepted means that it is JSON");
            assert_eq!(verified.claims(), &claims);
            let registered = verified.registered();
            assert_eq!(registered.iss(), claims["iss"].as_str());
            assert_eq!(registered.sub(), claims["sub"].as_str());
            assert_eq!(registered.jti(), claims["jti"].as_str());
            assert!(registered.aud().any(|audience| audience == "a"));
            assert!(claims["exp"].is_number() && !claims["r"].is_null());
            assert!(explained.iter().all(|check| check.code.is_none()));
        }
        Err(refusal) => assert!(explained.iter().any(|check| check.code == Some(refusal.code()))),
    }
});
