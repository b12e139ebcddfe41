//! AWS-LC: prepared keys that sign, and the making of new ones.

use aws_lc_rs::encoding::AsBigEndian;
use aws_lc_rs::hmac;
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use aws_lc_rs::rsa::{KeyPairComponents, KeySize};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, PqdsaKeyPair, PqdsaSigningAlgorithm,
    RsaEncoding, RsaKeyPair, RsaPublicKeyComponents,
};
use zeroize::Zeroizing;

use super::aws_lc::{hmac_algorithm, hs256};
use super::hs256::Hs256;
use crate::algorithm::{Algorithm, Curve, Family, Hash, MlDsa};
use crate::key::KeyError;
use crate::key::material::{EcPublic, Private, Public, RsaPrivate, SecretBytes};

/// A key prepared for signing with one algorithm. Signing never parses it again.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each key, behind an `Arc`; a box would cost a hop on each use"
)]
pub(crate) enum Signer {
    Hs256(Hs256),
    Hmac(hmac::Key),
    Rsa(&'static dyn RsaEncoding, RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair, usize),
}

/// The cryptography failed although the key was sound, for example for want of memory.
#[derive(Debug)]
pub(crate) struct SigningFailed;

impl Signer {
    /// Prepares a key, and says what its public half is.
    pub(crate) fn new(algorithm: Algorithm, key: &Private) -> Result<(Self, Option<Public>), KeyError> {
        match (algorithm.family(), key) {
            (Family::Hmac(hash), Private::Hmac(secret)) => {
                let other = || Self::Hmac(hmac::Key::new(hmac_algorithm(hash), secret));
                Ok((hs256(hash, secret).map_or_else(other, Self::Hs256), None))
            }
            (Family::RsaPkcs1(hash), Private::Rsa(key)) => rsa(pkcs1(hash), key),
            (Family::RsaPss(hash), Private::Rsa(key)) => rsa(pss(hash), key),
            (Family::Ecdsa(curve), Private::Ec(_, scalar)) => ec(curve, scalar),
            (Family::Ed25519, Private::Ed25519(seed)) => ed25519(seed),
            (Family::MlDsa(level), Private::MlDsa(_, seed)) => ml_dsa(level, seed),
            _ => Err(KeyError::unfit("this", algorithm)),
        }
    }

    /// Signs, and hands the signature to `then` without copying it to the heap where it is short.
    pub(crate) fn sign<T>(&self, message: &[u8], then: impl FnOnce(&[u8]) -> T) -> Result<T, SigningFailed> {
        match self {
            Self::Hs256(key) => Ok(then(&key.sign(message))),
            Self::Hmac(key) => Ok(then(hmac::sign(key, message).as_ref())),
            Self::Ed25519(key) => {
                key.try_sign(message).map(|signature| then(signature.as_ref())).map_err(|_| SigningFailed)
            }
            Self::Ec(key) => {
                let signature = key.sign(&SystemRandom::new(), message);
                signature.map(|signature| then(signature.as_ref())).map_err(|_| SigningFailed)
            }
            Self::Rsa(encoding, key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let done = key.sign(*encoding, &SystemRandom::new(), message, &mut signature);
                done.map(|()| then(&signature)).map_err(|_| SigningFailed)
            }
            Self::MlDsa(key, len) => {
                let mut signature = vec![0; *len];
                key.sign(message, &mut signature).map(|_| then(&signature)).map_err(|_| SigningFailed)
            }
        }
    }
}

/// Makes a new secret or private key. RSA keys have 2048 bits and the exponent 65537.
pub(crate) fn generate(algorithm: Algorithm) -> Result<Private, KeyError> {
    match algorithm.family() {
        Family::Hmac(hash) => random(hash.len()).map(Private::Hmac),
        Family::Ed25519 => random(32).map(Private::Ed25519),
        Family::MlDsa(level) => random(32).map(|seed| Private::MlDsa(level, seed)),
        Family::Ecdsa(curve) => generate_ec(curve),
        Family::RsaPkcs1(_) | Family::RsaPss(_) => generate_rsa(),
    }
}

const NOT_MADE: KeyError = KeyError::new("the system could not make a key");

fn random(len: usize) -> Result<SecretBytes, KeyError> {
    let mut bytes = Zeroizing::new(vec![0; len]);
    SystemRandom::new().fill(&mut bytes).map_err(|_| NOT_MADE)?;
    Ok(bytes)
}

fn generate_ec(curve: Curve) -> Result<Private, KeyError> {
    let pair = EcdsaKeyPair::generate(ecdsa(curve)).map_err(|_| NOT_MADE)?;
    let scalar = pair.private_key().as_be_bytes().map_err(|_| NOT_MADE)?;
    Ok(Private::Ec(curve, Zeroizing::new(scalar.as_ref().to_vec())))
}

fn generate_rsa() -> Result<Private, KeyError> {
    use aws_lc_rs::encoding::AsDer;
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| NOT_MADE)?;
    let pkcs8 = pair.as_der().map_err(|_| NOT_MADE)?;
    crate::der::read_private(pkcs8.as_ref()).map(|(key, _)| key)
}

type Prepared = Result<(Signer, Option<Public>), KeyError>;

fn rsa(encoding: &'static dyn RsaEncoding, key: &RsaPrivate) -> Prepared {
    let components = KeyPairComponents {
        public_key: RsaPublicKeyComponents { n: key.public.n.as_slice(), e: key.public.e.as_slice() },
        d: key.d.as_slice(),
        p: key.p.as_slice(),
        q: key.q.as_slice(),
        dP: key.dp.as_slice(),
        dQ: key.dq.as_slice(),
        qInv: key.qi.as_slice(),
    };
    let pair = RsaKeyPair::from_components(&components);
    let pair = pair.map_err(|_| KeyError::new("the numbers of the RSA private key do not belong together"))?;
    Ok((Signer::Rsa(encoding, pair), Some(Public::Rsa(key.public.clone()))))
}

fn ec(curve: Curve, scalar: &[u8]) -> Prepared {
    const OUT_OF_RANGE: KeyError = KeyError::new("the elliptic-curve private key is zero or not below the group order");
    let der = crate::der::write_private(&Private::Ec(curve, Zeroizing::new(scalar.to_vec())), None)?;
    let pair = EcdsaKeyPair::from_private_key_der(ecdsa(curve), &der).map_err(|_| OUT_OF_RANGE)?;
    let public = EcPublic::from_point(curve, pair.public_key().as_ref())?;
    Ok((Signer::Ec(pair), Some(Public::Ec(public))))
}

fn ed25519(seed: &[u8]) -> Prepared {
    let pair = Ed25519KeyPair::from_seed_unchecked(seed);
    let pair = pair.map_err(|_| KeyError::new("an Ed25519 private key has 32 bytes"))?;
    let public = Public::Ed25519(pair.public_key().as_ref().to_vec());
    Ok((Signer::Ed25519(pair), Some(public)))
}

fn ml_dsa(level: MlDsa, seed: &[u8]) -> Prepared {
    let algorithm = ml_dsa_algorithm(level);
    let pair = PqdsaKeyPair::from_seed(algorithm, seed);
    let pair = pair.map_err(|_| KeyError::new("an ML-DSA private key is a seed of 32 bytes"))?;
    let public = Public::MlDsa(level, pair.public_key().as_ref().to_vec());
    Ok((Signer::MlDsa(pair, algorithm.signature_len()), Some(public)))
}

fn pkcs1(hash: Hash) -> &'static dyn RsaEncoding {
    match hash {
        Hash::Sha256 => &signature::RSA_PKCS1_SHA256,
        Hash::Sha384 => &signature::RSA_PKCS1_SHA384,
        Hash::Sha512 => &signature::RSA_PKCS1_SHA512,
    }
}

/// The salt is as long as the hash in all of these (RFC 7518 §3.5).
fn pss(hash: Hash) -> &'static dyn RsaEncoding {
    match hash {
        Hash::Sha256 => &signature::RSA_PSS_SHA256,
        Hash::Sha384 => &signature::RSA_PSS_SHA384,
        Hash::Sha512 => &signature::RSA_PSS_SHA512,
    }
}

const fn ecdsa(curve: Curve) -> &'static EcdsaSigningAlgorithm {
    match curve {
        Curve::P256 => &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
        Curve::P384 => &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
        Curve::P521 => &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
    }
}

const fn ml_dsa_algorithm(level: MlDsa) -> &'static PqdsaSigningAlgorithm {
    match level {
        MlDsa::L44 => &signature::ML_DSA_44_SIGNING,
        MlDsa::L65 => &signature::ML_DSA_65_SIGNING,
        MlDsa::L87 => &signature::ML_DSA_87_SIGNING,
    }
}
