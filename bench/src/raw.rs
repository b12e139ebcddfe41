//! The bare cryptography of AWS-LC with prepared keys: what no JWT library can be faster than without changing it.

use anyhow::{Context, anyhow, bail};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, ParsedPublicKey, PqdsaKeyPair, RsaKeyPair, VerificationAlgorithm,
};
use jotgate_jose::{Algorithm, SigningKey};

pub(crate) enum RawVerifier {
    Hmac(Box<hmac::Key>),
    Parsed(ParsedPublicKey),
}

impl RawVerifier {
    pub(crate) fn new(key: &SigningKey) -> anyhow::Result<Self> {
        if key.algorithm() == Algorithm::Hs256 {
            return Ok(Self::Hmac(Box::new(hmac_key(key)?)));
        }
        let algorithm: &'static dyn VerificationAlgorithm = match key.algorithm() {
            Algorithm::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Algorithm::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Algorithm::Es256 => &signature::ECDSA_P256_SHA256_FIXED,
            Algorithm::EdDsa => &signature::ED25519,
            Algorithm::MlDsa44 => &signature::ML_DSA_44,
            Algorithm::MlDsa65 => &signature::ML_DSA_65,
            other => bail!("{other} is not measured"),
        };
        let spki = key.verifying_key().to_der()?;
        ParsedPublicKey::new(algorithm, spki).map(Self::Parsed).map_err(|error| anyhow!("{error}"))
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Hmac(key) => hmac::verify(key, message, signature).is_ok(),
            Self::Parsed(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

pub(crate) enum RawSigner {
    Hmac(Box<hmac::Key>),
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    MlDsa(PqdsaKeyPair),
}

impl RawSigner {
    pub(crate) fn new(key: &SigningKey) -> anyhow::Result<Self> {
        if key.algorithm() == Algorithm::Hs256 {
            return Ok(Self::Hmac(Box::new(hmac_key(key)?)));
        }
        let pkcs8 = key.to_der()?;
        let pair = match key.algorithm() {
            Algorithm::Rs256 => RsaKeyPair::from_pkcs8(&pkcs8).map(Self::Rsa),
            Algorithm::Es256 => {
                EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8).map(Self::Ec)
            }
            Algorithm::EdDsa => Ed25519KeyPair::from_pkcs8(&pkcs8).map(Self::Ed25519),
            Algorithm::MlDsa44 => PqdsaKeyPair::from_pkcs8(&signature::ML_DSA_44_SIGNING, &pkcs8).map(Self::MlDsa),
            other => bail!("{other} is not measured"),
        };
        pair.map_err(|error| anyhow!("{error}"))
    }

    /// Signs, and returns the length of the signature so that the work cannot be left out.
    pub(crate) fn sign(&self, message: &[u8]) -> usize {
        let random = SystemRandom::new();
        match self {
            Self::Hmac(key) => hmac::sign(key, message).as_ref().len(),
            Self::Rsa(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                let done = key.sign(&signature::RSA_PKCS1_SHA256, &random, message, &mut signature);
                done.map_or(0, |()| signature.len())
            }
            Self::Ec(key) => key.sign(&random, message).map_or(0, |signature| signature.as_ref().len()),
            Self::Ed25519(key) => key.sign(message).as_ref().len(),
            Self::MlDsa(key) => key.sign(message, &mut vec![0; key.algorithm().signature_len()]).unwrap_or(0),
        }
    }
}

fn hmac_key(key: &SigningKey) -> anyhow::Result<hmac::Key> {
    let jwk: serde_json::Value = serde_json::from_str(key.to_jwk().expose())?;
    let secret = jwk["k"].as_str().context("an HMAC key has `k`")?;
    let secret = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(secret)?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &secret))
}
