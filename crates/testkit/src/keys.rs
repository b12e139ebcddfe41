//! One fixed key for each algorithm, so that no test waits for RSA key generation and every run signs alike.
//!
//! They are public: never use them for anything else.

use jotgate_jose::{Algorithm, SigningKey, VerifyingKey};

/// The fixed private key of an algorithm as a JWK. Its `kid` is its thumbprint.
///
/// # Panics
///
/// If the algorithm is newer than this list.
#[must_use]
pub fn jwk(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Hs256 => include_str!("../keys/hs256.jwk.json"),
        Algorithm::Hs384 => include_str!("../keys/hs384.jwk.json"),
        Algorithm::Hs512 => include_str!("../keys/hs512.jwk.json"),
        Algorithm::Rs256 => include_str!("../keys/rs256.jwk.json"),
        Algorithm::Rs384 => include_str!("../keys/rs384.jwk.json"),
        Algorithm::Rs512 => include_str!("../keys/rs512.jwk.json"),
        Algorithm::Ps256 => include_str!("../keys/ps256.jwk.json"),
        Algorithm::Ps384 => include_str!("../keys/ps384.jwk.json"),
        Algorithm::Ps512 => include_str!("../keys/ps512.jwk.json"),
        Algorithm::Es256 => include_str!("../keys/es256.jwk.json"),
        Algorithm::Es384 => include_str!("../keys/es384.jwk.json"),
        Algorithm::Es512 => include_str!("../keys/es512.jwk.json"),
        Algorithm::EdDsa => include_str!("../keys/eddsa.jwk.json"),
        Algorithm::Ed25519 => include_str!("../keys/ed25519.jwk.json"),
        Algorithm::MlDsa44 => include_str!("../keys/ml_dsa_44.jwk.json"),
        Algorithm::MlDsa65 => include_str!("../keys/ml_dsa_65.jwk.json"),
        Algorithm::MlDsa87 => include_str!("../keys/ml_dsa_87.jwk.json"),
        other => unreachable!("there is no test key for {other} yet"),
    }
}

/// The fixed signing key of an algorithm.
///
/// # Panics
///
/// If the algorithm is newer than the list of keys.
#[must_use]
#[expect(clippy::expect_used, reason = "the keys are constants, which a test below reads")]
pub fn signing_key(algorithm: Algorithm) -> SigningKey {
    SigningKey::from_jwk(jwk(algorithm)).expect("a fixed key is sound")
}

/// The fixed verifying key of an algorithm, under the same `kid` as the signing key.
///
/// # Panics
///
/// If the algorithm is newer than the list of keys.
#[must_use]
pub fn verifying_key(algorithm: Algorithm) -> VerifyingKey {
    signing_key(algorithm).verifying_key()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_algorithm_has_its_key() {
        for algorithm in Algorithm::ALL {
            let key = signing_key(*algorithm);
            assert_eq!(key.algorithm(), *algorithm);
            assert_eq!(key.kid(), verifying_key(*algorithm).thumbprint());
        }
    }
}
