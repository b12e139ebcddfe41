//! Pure Rust: prepared keys that verify, and hashes, for targets on which AWS-LC does not run. The tests of the other targets
//! hold it against the same vectors.

use hmac::{Hmac, KeyInit, Mac};
use ml_dsa::{MlDsa44, MlDsa65, MlDsa87, MlDsaParams};
use p256::ecdsa::signature::Verifier as _;
use rsa::{BoxedUint, PublicKey, pkcs1v15, pss};
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::ed25519::Ed25519Verifier;
use crate::algorithm::{Algorithm, Curve, Family, Hash, MlDsa};
use crate::key::KeyError;
use crate::key::material::{Public, RsaPublic};

/// A key prepared for verifying with one algorithm.
#[derive(Clone)]
pub(crate) struct Verifier(Kind);

#[derive(Clone)]
enum Kind {
    Hs256(Box<Hmac<Sha256>>),
    Hs384(Box<Hmac<Sha384>>),
    Hs512(Box<Hmac<Sha512>>),
    Rs256(pkcs1v15::VerifyingKey<Sha256>),
    Rs384(pkcs1v15::VerifyingKey<Sha384>),
    Rs512(pkcs1v15::VerifyingKey<Sha512>),
    Ps256(pss::VerifyingKey<Sha256>),
    Ps384(pss::VerifyingKey<Sha384>),
    Ps512(pss::VerifyingKey<Sha512>),
    Es256(Box<p256::ecdsa::VerifyingKey>),
    Es384(Box<p384::ecdsa::VerifyingKey>),
    Es512(Box<p521::ecdsa::VerifyingKey>),
    Ed25519(Box<Ed25519Verifier>),
    MlDsa44(Box<ml_dsa::VerifyingKey<MlDsa44>>),
    MlDsa65(Box<ml_dsa::VerifyingKey<MlDsa65>>),
    MlDsa87(Box<ml_dsa::VerifyingKey<MlDsa87>>),
}

impl Verifier {
    pub(crate) fn hmac(hash: Hash, secret: &[u8]) -> Result<Self, KeyError> {
        const UNUSABLE: KeyError = KeyError::new("the HMAC secret is not usable");
        let kind = match hash {
            Hash::Sha256 => Hmac::new_from_slice(secret).map(Box::new).map(Kind::Hs256),
            Hash::Sha384 => Hmac::new_from_slice(secret).map(Box::new).map(Kind::Hs384),
            Hash::Sha512 => Hmac::new_from_slice(secret).map(Box::new).map(Kind::Hs512),
        };
        kind.map(Self).map_err(|_| UNUSABLE)
    }

    pub(crate) fn public(algorithm: Algorithm, key: &Public) -> Result<Self, KeyError> {
        let kind = match (algorithm.family(), key) {
            (Family::RsaPkcs1(hash), Public::Rsa(key)) => pkcs1(hash, rsa(key)?),
            (Family::RsaPss(hash), Public::Rsa(key)) => pss(hash, rsa(key)?),
            (Family::Ecdsa(curve), Public::Ec(key)) => ecdsa(curve, &key.point())?,
            (Family::Ed25519, Public::Ed25519(point)) => Kind::Ed25519(Box::new(Ed25519Verifier::new(point)?)),
            (Family::MlDsa(level), Public::MlDsa(_, key)) => ml_dsa(level, key)?,
            _ => return Err(KeyError::unfit("this", algorithm)),
        };
        Ok(Self(kind))
    }

    /// Whether the signature is by this key. The comparison of an HMAC takes the same time wherever it fails.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Kind::Hs256(key) => Hmac::clone(key).chain_update(message).verify_slice(signature).is_ok(),
            Kind::Hs384(key) => Hmac::clone(key).chain_update(message).verify_slice(signature).is_ok(),
            Kind::Hs512(key) => Hmac::clone(key).chain_update(message).verify_slice(signature).is_ok(),
            Kind::Rs256(key) => holds(signature.try_into().map(|signature| key.verify(message, &signature))),
            Kind::Rs384(key) => holds(signature.try_into().map(|signature| key.verify(message, &signature))),
            Kind::Rs512(key) => holds(signature.try_into().map(|signature| key.verify(message, &signature))),
            Kind::Ps256(key) => holds(signature.try_into().map(|signature| key.verify(message, &signature))),
            Kind::Ps384(key) => holds(signature.try_into().map(|signature| key.verify(message, &signature))),
            Kind::Ps512(key) => holds(signature.try_into().map(|signature| key.verify(message, &signature))),
            Kind::Es256(key) => holds(p256::ecdsa::Signature::from_slice(signature).map(|s| key.verify(message, &s))),
            Kind::Es384(key) => holds(p384::ecdsa::Signature::from_slice(signature).map(|s| key.verify(message, &s))),
            Kind::Es512(key) => holds(p521::ecdsa::Signature::from_slice(signature).map(|s| key.verify(message, &s))),
            Kind::Ed25519(key) => key.verify(message, signature),
            Kind::MlDsa44(key) => holds(ml_dsa::Signature::try_from(signature).map(|s| key.verify(message, &s))),
            Kind::MlDsa65(key) => holds(ml_dsa::Signature::try_from(signature).map(|s| key.verify(message, &s))),
            Kind::MlDsa87(key) => holds(ml_dsa::Signature::try_from(signature).map(|s| key.verify(message, &s))),
        }
    }
}

/// A signature that could be read, and that verified.
fn holds<E, F>(verified: Result<Result<(), E>, F>) -> bool {
    verified.is_ok_and(|verified| verified.is_ok())
}

pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Of three parts, one after the other.
pub(super) fn sha512(parts: [&[u8]; 3]) -> [u8; 64] {
    parts.into_iter().fold(Sha512::new(), Digest::chain_update).finalize().into()
}

fn rsa(key: &RsaPublic) -> Result<PublicKey, KeyError> {
    let number = BoxedUint::from_be_slice_vartime;
    PublicKey::new(number(&key.n), number(&key.e)).map_err(|_| KeyError::new("the RSA public key is not usable"))
}

fn pkcs1(hash: Hash, key: PublicKey) -> Kind {
    match hash {
        Hash::Sha256 => Kind::Rs256(pkcs1v15::VerifyingKey::new(key)),
        Hash::Sha384 => Kind::Rs384(pkcs1v15::VerifyingKey::new(key)),
        Hash::Sha512 => Kind::Rs512(pkcs1v15::VerifyingKey::new(key)),
    }
}

/// The salt is as long as the hash in all of these (RFC 7518 §3.5).
fn pss(hash: Hash, key: PublicKey) -> Kind {
    match hash {
        Hash::Sha256 => Kind::Ps256(pss::VerifyingKey::new(key)),
        Hash::Sha384 => Kind::Ps384(pss::VerifyingKey::new(key)),
        Hash::Sha512 => Kind::Ps512(pss::VerifyingKey::new(key)),
    }
}

fn ecdsa(curve: Curve, point: &[u8]) -> Result<Kind, KeyError> {
    let kind = match curve {
        Curve::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Box::new).map(Kind::Es256),
        Curve::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Box::new).map(Kind::Es384),
        Curve::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(point).map(Box::new).map(Kind::Es512),
    };
    kind.map_err(|_| KeyError::new("the elliptic-curve public key is not a point on its curve"))
}

fn ml_dsa(level: MlDsa, key: &[u8]) -> Result<Kind, KeyError> {
    match level {
        MlDsa::L44 => ml_dsa_key(key).map(Kind::MlDsa44),
        MlDsa::L65 => ml_dsa_key(key).map(Kind::MlDsa65),
        MlDsa::L87 => ml_dsa_key(key).map(Kind::MlDsa87),
    }
}

fn ml_dsa_key<P: MlDsaParams>(key: &[u8]) -> Result<Box<ml_dsa::VerifyingKey<P>>, KeyError> {
    let key = KeyInit::new_from_slice(key);
    key.map(Box::new).map_err(|_| KeyError::new("the ML-DSA public key is not well formed"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn both_backends_hash_alike() {
        assert_eq!(super::sha256(b"abc"), crate::backend::sha256(b"abc"));
        let parts: [&[u8]; 3] = [b"a", b"", b"bc"];
        assert_eq!(super::sha512(parts), crate::backend::sha512(parts));
    }
}
