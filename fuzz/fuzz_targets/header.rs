//! Any bytes as a header: whatever is not exactly this key's algorithm with this key's name is refused.
#![no_main]

use std::sync::LazyLock;

use jotgate_jose::{Algorithm, Code, SigningKey, VerifyingKey, jws};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

static KEY: LazyLock<(SigningKey, VerifyingKey)> = LazyLock::new(|| {
    let key = SigningKey::hmac(Algorithm::Hs256, &[7; 32]).unwrap().with_kid("k");
    let verifying = key.verifying_key();
    (key, verifying)
});

fuzz_target!(|header: &[u8]| {
    // The payload of a signed token is the encoding of the bytes, which saves an encoder here.
    let encoded = jws::sign(&KEY.0, None, header).unwrap();
    let encoded = encoded.split('.').nth(1).unwrap();
    let token = format!("{encoded}.e30.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    let refusal = jws::verify(&token, &KEY.1, Algorithm::ALL).expect_err("nobody signed it");
    if refusal.code() == Code::SignatureInvalid {
        let header: Value = serde_json::from_slice(header).expect("it is JSON");
        assert_eq!(header["alg"], "HS256");
        assert!(header.get("kid").is_none_or(|kid| kid == "k"));
        assert!(header.get("crit").is_none() && header.get("b64").is_none());
    }
});
