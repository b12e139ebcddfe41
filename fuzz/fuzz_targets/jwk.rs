//! Any text as a JWK: no panic, and what is read can be written and read again.
#![no_main]

use jotgate_jose::{Algorithm, SigningKey, VerifyingKey};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|json: &str| {
    if let Ok(key) = VerifyingKey::from_jwk(json)
        && let Ok(written) = key.to_jwk()
    {
        let again = VerifyingKey::from_jwk(&written).expect("what we write we read");
        assert_eq!((again.thumbprint(), again.kid()), (key.thumbprint(), key.kid()));
    }
    for algorithm in [Algorithm::Hs256, Algorithm::Rs256, Algorithm::Ps512] {
        let _ = VerifyingKey::from_jwk_for(json, algorithm);
    }
    if let Ok(key) = SigningKey::from_jwk(json) {
        assert!(VerifyingKey::from_jwk(json).is_err() || key.algorithm().is_symmetric());
        SigningKey::from_jwk(key.to_jwk().expose()).expect("what we write we read");
    }
});
