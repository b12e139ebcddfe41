//! Any bytes as PEM, and as DER: no panic, and what is read can be written and read again.
#![no_main]

use jotgate_jose::{Algorithm, SigningKey, VerifyingKey};
use libfuzzer_sys::fuzz_target;

const ALGORITHMS: [Algorithm; 4] = [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa, Algorithm::MlDsa44];

fuzz_target!(|bytes: &[u8]| {
    for algorithm in ALGORITHMS {
        if let Ok(key) = VerifyingKey::from_der(bytes, algorithm) {
            let again = VerifyingKey::from_pem(&key.to_pem().expect("a public key"), algorithm);
            assert_eq!(again.expect("what we write we read").thumbprint(), key.thumbprint());
        }
        if let Ok(key) = SigningKey::from_der(bytes, algorithm) {
            let again = SigningKey::from_pem(key.to_pem().expect("a private key").expose(), algorithm);
            assert_eq!(again.expect("what we write we read").kid(), key.kid());
        }
    }
    if let Ok(text) = core::str::from_utf8(bytes) {
        for algorithm in ALGORITHMS {
            let _ = VerifyingKey::from_pem(text, algorithm);
            let _ = SigningKey::from_pem(text, algorithm);
        }
    }
});
