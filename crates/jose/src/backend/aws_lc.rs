//! AWS-LC: prepared keys that verify, and hashes.

use aws_lc_rs::signature::{self, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents, VerificationAlgorithm};
use aws_lc_rs::{digest, hmac};

use super::ed25519::Ed25519Verifier;
use super::hs256::Hs256;
use crate::algorithm::{Algorithm, Curve, Family, Hash, MlDsa};
use crate::key::KeyError;
use crate::key::material::{Public, RsaPublic};

/// A key prepared for verifying with one algorithm.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each key, behind an `Arc`; a box would cost a hop on each use"
)]
#[derive(Clone)]
pub(crate) enum Verifier {
    Hs256(Hs256),
    Hmac(hmac::Key),
    Ed25519(Ed25519Verifier),
    Parsed(ParsedPublicKey),
}

impl Verifier {
    #[expect(clippy::unnecessary_wraps, reason = "the other backend can fail here")]
    pub(crate) fn hmac(hash: Hash, secret: &[u8]) -> Result<Self, KeyError> {
        match hs256(hash, secret) {
            Some(key) => Ok(Self::Hs256(key)),
            None => Ok(Self::Hmac(hmac::Key::new(hmac_algorithm(hash), secret))),
        }
    }

    pub(crate) fn public(algorithm: Algorithm, key: &Public) -> Result<Self, KeyError> {
        match (algorithm.family(), key) {
            (Family::RsaPkcs1(hash), Public::Rsa(key)) => rsa(pkcs1(hash), key),
            (Family::RsaPss(hash), Public::Rsa(key)) => rsa(pss(hash), key),
            (Family::Ecdsa(curve), Public::Ec(key)) => {
                parsed(ecdsa(curve), &key.point(), "the elliptic-curve public key is not a point on its curve")
            }
            (Family::Ed25519, Public::Ed25519(point)) => ed25519(point),
            (Family::MlDsa(level), Public::MlDsa(_, key)) => {
                parsed(ml_dsa(level), key, "the ML-DSA public key is not well formed")
            }
            _ => Err(KeyError::unfit("this", algorithm)),
        }
    }

    /// Whether the signature is by this key. The comparison of an HMAC takes the same time wherever it fails.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Hs256(key) => key.verify(message, signature),
            Self::Hmac(key) => hmac::verify(key, message, signature).is_ok(),
            Self::Ed25519(key) => key.verify(message, signature),
            Self::Parsed(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

/// Of three parts, one after the other.
pub(super) fn sha512(parts: [&[u8]; 3]) -> [u8; 64] {
    let mut context = digest::Context::new(&digest::SHA512);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 64];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

fn rsa(parameters: &'static RsaParameters, key: &RsaPublic) -> Result<Verifier, KeyError> {
    let components = RsaPublicKeyComponents { n: &key.n, e: &key.e };
    let parsed = components.to_parsed_public_key(parameters);
    parsed.map(Verifier::Parsed).map_err(|_| KeyError::new("the RSA public key is not usable"))
}

fn parsed(
    algorithm: &'static dyn VerificationAlgorithm,
    key: &[u8],
    reason: &'static str,
) -> Result<Verifier, KeyError> {
    ParsedPublicKey::new(algorithm, key).map(Verifier::Parsed).map_err(|_| KeyError::new(reason))
}

/// Our own way is faster, and outside the FIPS module. It says in either case whether the key is sound.
fn ed25519(point: &[u8]) -> Result<Verifier, KeyError> {
    let key = Ed25519Verifier::new(point)?;
    if cfg!(feature = "fips") {
        return parsed(&signature::ED25519, point, "the Ed25519 public key is not usable");
    }
    Ok(Verifier::Ed25519(key))
}

/// The faster way of HS256, where it is one.
pub(super) fn hs256(hash: Hash, secret: &[u8]) -> Option<Hs256> {
    if hash == Hash::Sha256 { Hs256::new(secret) } else { None }
}

pub(super) const fn hmac_algorithm(hash: Hash) -> hmac::Algorithm {
    match hash {
        Hash::Sha256 => hmac::HMAC_SHA256,
        Hash::Sha384 => hmac::HMAC_SHA384,
        Hash::Sha512 => hmac::HMAC_SHA512,
    }
}

const fn pkcs1(hash: Hash) -> &'static RsaParameters {
    match hash {
        Hash::Sha256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Hash::Sha384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Hash::Sha512 => &signature::RSA_PKCS1_2048_8192_SHA512,
    }
}

/// The salt is as long as the hash in all of these (RFC 7518 §3.5).
const fn pss(hash: Hash) -> &'static RsaParameters {
    match hash {
        Hash::Sha256 => &signature::RSA_PSS_2048_8192_SHA256,
        Hash::Sha384 => &signature::RSA_PSS_2048_8192_SHA384,
        Hash::Sha512 => &signature::RSA_PSS_2048_8192_SHA512,
    }
}

fn ecdsa(curve: Curve) -> &'static dyn VerificationAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED,
    }
}

fn ml_dsa(level: MlDsa) -> &'static dyn VerificationAlgorithm {
    match level {
        MlDsa::L44 => &signature::ML_DSA_44,
        MlDsa::L65 => &signature::ML_DSA_65,
        MlDsa::L87 => &signature::ML_DSA_87,
    }
}

#[cfg(test)]
mod tests {
    /// With the feature the module must be the validated one, and say that it is in its approved mode.
    #[test]
    #[cfg(feature = "fips")]
    fn fips_means_fips() {
        assert!(aws_lc_rs::try_fips_mode().is_ok());
    }

    /// Where HS256 has its faster way, that and AWS-LC's must agree; Wycheproof asks only one of them.
    #[test]
    fn both_ways_of_hs256_agree() {
        use super::{Hash, Verifier, hmac};
        let Ok(verifier) = Verifier::hmac(Hash::Sha256, &[7; 40]) else { panic!("a key") };
        for len in [0, 1, 55, 56, 63, 64, 65, 500, 10_000] {
            let message = vec![b'm'; len];
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &[7; 40]), &message);
            assert!(verifier.verify(&message, tag.as_ref()));
            assert!(!verifier.verify(&message, &tag.as_ref()[..31]));
            assert!(!verifier.verify(&message, &[0; 32]));
        }
    }
}
