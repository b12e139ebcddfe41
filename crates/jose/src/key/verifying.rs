//! Keys that verify.

use core::fmt;
use std::sync::Arc;

use super::KeyError;
use super::known::KnownHeaders;
use super::material::{Private, Public, SecretBytes};
use super::{thumbprint, weak};
use crate::algorithm::{Algorithm, Family};
use crate::backend::Verifier;
use crate::base64url::encoded_len;
use crate::der::{self, pem};
use crate::jwk::{self, Jwk, Purpose};

/// A key that verifies with its one algorithm: a public key, or an HMAC secret.
///
/// Reading it prepares it, so keep it. Cloning is cheap. An Ed25519 key that has verified a few tokens holds 30 KiB of
/// multiples of its point, which make the next ones faster.
#[derive(Clone)]
pub struct VerifyingKey(Arc<Inner>);

struct Inner {
    algorithm: Algorithm,
    kid: Option<String>,
    material: Material,
    verifier: Verifier,
    known: KnownHeaders,
    signature_text_len: usize,
}

#[derive(Clone)]
enum Material {
    Secret(SecretBytes),
    Public(Public),
}

impl VerifyingKey {
    /// An HMAC key from its secret, which must be at least as long as the hash (RFC 7518 §3.2) and must not be a key file.
    pub fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Self::from_secret(algorithm, &Private::Hmac(SecretBytes::new(secret.to_vec())), None)
    }

    /// Reads a public or `oct` JWK (RFC 7517). RSA and `oct` keys must have their `alg`; see [`Self::from_jwk_for`].
    ///
    /// A JWK with private members is refused: it should not be where a public key belongs.
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        let jwk = Jwk::parse(json, Purpose::Verify)?;
        Self::read(&jwk, &[])
    }

    /// Reads a JWK that may lack its `alg`. A JWK that names another algorithm is refused.
    pub fn from_jwk_for(json: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        let jwk = Jwk::parse(json, Purpose::Verify)?;
        let key = Self::read(&jwk, &[algorithm])?;
        if key.algorithm().is_same_as(algorithm) {
            return Ok(key);
        }
        Err(KeyError::because(format!("the JWK is for {}, not for {algorithm}", key.algorithm())))
    }

    /// Reads a public key in PEM: `PUBLIC KEY` (SPKI) or `RSA PUBLIC KEY` (PKCS#1). It has no `kid`.
    pub fn from_pem(pem: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::from_der(&pem::read_public(pem)?, algorithm)
    }

    /// Reads a public key in DER: SPKI or PKCS#1. It has no `kid`.
    pub fn from_der(der: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::from_public(algorithm, der::read_public(der)?, None)
    }

    /// The algorithm that this key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The name under which tokens refer to this key (`kid`), if it has one.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.0.kid.as_deref()
    }

    /// The same key under another name.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        let old = &self.0;
        Self::assemble(old.algorithm, Some(kid.into()), old.material.clone(), old.verifier.clone())
    }

    /// The SHA-256 thumbprint of the key as base64url (RFC 7638).
    #[must_use]
    pub fn thumbprint(&self) -> String {
        match &self.0.material {
            Material::Secret(secret) => thumbprint::of_secret(secret),
            Material::Public(key) => thumbprint::of_public(key, self.0.algorithm),
        }
    }

    /// The public JWK. An HMAC key has none and is refused.
    pub fn to_jwk(&self) -> Result<String, KeyError> {
        let public = self.public("JWK")?;
        Ok(jwk::public_jwk(public, self.0.algorithm, self.kid()))
    }

    /// The public key in PEM (SPKI). An HMAC key has none and is refused.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        Ok(pem::write("PUBLIC KEY", &self.to_der()?))
    }

    /// The public key in DER (SPKI). An HMAC key has none and is refused.
    pub fn to_der(&self) -> Result<Vec<u8>, KeyError> {
        self.public("DER").map(der::write_public)
    }

    /// Reads a JWK; where it names no algorithm and its curve implies none, the first of `defaults` that fits is taken.
    pub(super) fn read(jwk: &Jwk<'_>, defaults: &[Algorithm]) -> Result<Self, KeyError> {
        if jwk.is_symmetric() {
            let secret = jwk.secret()?;
            let algorithm = choose(jwk, None, defaults, |algorithm| secret.check(algorithm))?;
            return Self::from_secret(algorithm, &secret, jwk.kid.clone());
        }
        let public = jwk.public()?;
        let algorithm = choose(jwk, public.implied_algorithm(), defaults, |algorithm| public.check(algorithm))?;
        Self::from_public(algorithm, public, jwk.kid.clone())
    }

    pub(super) fn from_secret(algorithm: Algorithm, key: &Private, kid: Option<String>) -> Result<Self, KeyError> {
        match (algorithm.family(), key) {
            (Family::Hmac(hash), Private::Hmac(secret)) => {
                weak::check_secret(hash, secret)?;
                let verifier = Verifier::hmac(hash, secret)?;
                Ok(Self::assemble(algorithm, kid, Material::Secret(secret.clone()), verifier))
            }
            _ => Err(KeyError::unfit("an HMAC", algorithm)),
        }
    }

    pub(super) fn from_public(algorithm: Algorithm, key: Public, kid: Option<String>) -> Result<Self, KeyError> {
        key.check(algorithm)?;
        let verifier = Verifier::public(algorithm, &key)?;
        Ok(Self::assemble(algorithm, kid, Material::Public(key), verifier))
    }

    fn assemble(algorithm: Algorithm, kid: Option<String>, material: Material, verifier: Verifier) -> Self {
        let modulus_len = match &material {
            Material::Public(Public::Rsa(key)) => key.n.len(),
            _ => 0,
        };
        let signature_text_len = encoded_len(algorithm.signature_len().unwrap_or(modulus_len));
        Self(Arc::new(Inner { algorithm, kid, material, verifier, known: KnownHeaders::default(), signature_text_len }))
    }

    fn public(&self, form: &str) -> Result<&Public, KeyError> {
        match &self.0.material {
            Material::Public(key) => Ok(key),
            Material::Secret(_) => Err(KeyError::because(format!("an HMAC key has no public {form}"))),
        }
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.0.verifier
    }

    /// The same key in the backend of WebAssembly.
    #[cfg(test)]
    pub(crate) fn in_pure_rust(&self) -> Result<crate::backend::pure::Verifier, KeyError> {
        use crate::backend::pure::Verifier;
        match (&self.0.material, self.0.algorithm.family()) {
            (Material::Secret(secret), Family::Hmac(hash)) => Verifier::hmac(hash, secret),
            (Material::Secret(_), _) => Err(KeyError::unfit("an HMAC", self.0.algorithm)),
            (Material::Public(key), _) => Verifier::public(self.0.algorithm, key),
        }
    }

    /// Whether both are one key, and not just two that are alike.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(crate) fn known(&self) -> &KnownHeaders {
        &self.0.known
    }

    /// The number of base64url characters in a signature by this key.
    pub(crate) fn signature_text_len(&self) -> usize {
        self.0.signature_text_len
    }
}

/// The algorithm that the JWK names, or else the first default that fits, or else what the key implies.
pub(super) fn choose(
    jwk: &Jwk<'_>,
    implied: Option<Algorithm>,
    defaults: &[Algorithm],
    check: impl Fn(Algorithm) -> Result<(), KeyError>,
) -> Result<Algorithm, KeyError> {
    let fitting = || defaults.iter().copied().find(|algorithm| check(*algorithm).is_ok());
    if let Some(algorithm) = jwk.algorithm.or_else(fitting).or(implied) {
        return Ok(algorithm);
    }
    match defaults.first() {
        Some(algorithm) => check(*algorithm).map(|()| *algorithm),
        None => {
            Err(KeyError::new("the JWK has no `alg`, and its type does not imply one: say which algorithm it is for"))
        }
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.0.algorithm)
            .field("kid", &self.0.kid)
            .finish_non_exhaustive()
    }
}
