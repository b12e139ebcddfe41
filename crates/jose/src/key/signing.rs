//! Keys that sign.

use core::fmt;
use std::sync::Arc;

use super::material::{Private, Public, SecretBytes};
use super::verifying::choose;
use super::{KeyError, VerifyingKey};
use crate::algorithm::Algorithm;
use crate::backend::{self, Signer};
use crate::der::{self, pem};
use crate::jwk::{self, Jwk, Purpose};
use crate::jws::Prefixes;
use crate::secret::Secret;

/// A key that signs with its one algorithm: a private key, or an HMAC secret.
///
/// Reading it prepares it, so keep it: signing never parses it again. Cloning is cheap. Its memory is wiped when the last
/// clone is dropped, and `Debug` does not show it.
#[derive(Clone)]
pub struct SigningKey(Arc<Inner>);

struct Inner {
    kid: String,
    pair: Arc<Pair>,
    prefixes: Prefixes,
}

struct Pair {
    algorithm: Algorithm,
    private: Private,
    public: Option<Public>,
    signer: Signer,
    verifying: VerifyingKey,
}

impl SigningKey {
    /// Makes a new key from the system's randomness. RSA keys have 2048 bits; HMAC secrets are as long as the hash.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::prepare(algorithm, backend::generate(algorithm)?, None, None)
    }

    /// An HMAC key from its secret, which must be at least as long as the hash (RFC 7518 §3.2) and must not be a key file.
    pub fn hmac(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        Self::prepare(algorithm, Private::Hmac(SecretBytes::new(secret.to_vec())), None, None)
    }

    /// Reads a private or `oct` JWK (RFC 7517). RSA and `oct` keys must have their `alg`; see [`Self::from_jwk_for`].
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        Self::read(&Jwk::parse(json, Purpose::Sign)?, &[])
    }

    /// Reads a JWK that may lack its `alg`. A JWK that names another algorithm is refused.
    pub fn from_jwk_for(json: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        let key = Self::read(&Jwk::parse(json, Purpose::Sign)?, &[algorithm])?;
        if key.algorithm().is_same_as(algorithm) {
            return Ok(key);
        }
        Err(KeyError::because(format!("the JWK is for {}, not for {algorithm}", key.algorithm())))
    }

    /// Reads a private key in PEM: `PRIVATE KEY` (PKCS#8), `RSA PRIVATE KEY` (PKCS#1) or `EC PRIVATE KEY` (SEC1).
    pub fn from_pem(pem: &str, algorithm: Algorithm) -> Result<Self, KeyError> {
        Self::from_der(&pem::read_private(pem)?, algorithm)
    }

    /// Reads a private key in DER: PKCS#8, PKCS#1 or SEC1.
    pub fn from_der(der: &[u8], algorithm: Algorithm) -> Result<Self, KeyError> {
        let (private, stated) = der::read_private(der)?;
        Self::prepare(algorithm, private, stated.as_ref(), None)
    }

    /// The algorithm that this key is for.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.0.pair.algorithm
    }

    /// The name that tokens by this key carry (`kid`). By default it is the thumbprint (RFC 7638).
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.0.kid
    }

    /// The same key under another name.
    #[must_use]
    pub fn with_kid(self, kid: impl Into<String>) -> Self {
        Self(Arc::new(Inner { kid: kid.into(), pair: Arc::clone(&self.0.pair), prefixes: Prefixes::default() }))
    }

    /// The private JWK.
    #[must_use]
    pub fn to_jwk(&self) -> Secret {
        let pair = &self.0.pair;
        Secret::new(jwk::private_jwk(&pair.private, pair.public.as_ref(), pair.algorithm, &self.0.kid))
    }

    /// The private key in PEM (PKCS#8). An HMAC key has no such form and is refused.
    pub fn to_pem(&self) -> Result<Secret, KeyError> {
        Ok(Secret::new(pem::write("PRIVATE KEY", &self.to_der()?)))
    }

    /// The private key in DER (PKCS#8). An HMAC key has no such form and is refused.
    pub fn to_der(&self) -> Result<SecretBytes, KeyError> {
        der::write_private(&self.0.pair.private, self.0.pair.public.as_ref())
    }

    /// The key that verifies what this one signs, under the same `kid`.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.0.pair.verifying.clone().with_kid(self.0.kid.as_str())
    }

    fn read(jwk: &Jwk<'_>, defaults: &[Algorithm]) -> Result<Self, KeyError> {
        let (private, stated) = jwk.private()?;
        let algorithm = choose(jwk, private.implied_algorithm(), defaults, |algorithm| private.check(algorithm))?;
        Self::prepare(algorithm, private, stated.as_ref(), jwk.kid.clone())
    }

    /// Checks and prepares a key. A public half that came with it must be the true one.
    fn prepare(
        algorithm: Algorithm,
        private: Private,
        stated: Option<&Public>,
        kid: Option<String>,
    ) -> Result<Self, KeyError> {
        private.check(algorithm)?;
        let (signer, public) = Signer::new(algorithm, &private)?;
        if stated.is_some() && stated != public.as_ref() {
            return Err(KeyError::new("the public key that came with the private key is not its own"));
        }
        let verifying = match &public {
            Some(public) => VerifyingKey::from_public(algorithm, public.clone(), None)?,
            None => VerifyingKey::from_secret(algorithm, &private, None)?,
        };
        let kid = kid.unwrap_or_else(|| verifying.thumbprint());
        let pair = Arc::new(Pair { algorithm, private, public, signer, verifying });
        Ok(Self(Arc::new(Inner { kid, pair, prefixes: Prefixes::default() })))
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.0.pair.signer
    }

    pub(crate) fn prefixes(&self) -> &Prefixes {
        &self.0.prefixes
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.0.kid)
            .finish_non_exhaustive()
    }
}
