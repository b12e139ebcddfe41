//! Making keys: generated, sealed for the store, and the key ids of both kinds and of configured secrets.

use jotgate_jose::{Algorithm, SigningKey};

use super::keyring::{KeyringError, unusable};
use super::master_key::{CannotOpen, MasterKey};
use super::refresh_token::KEY_ID_BYTES;
use crate::config::Tokens;
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};
use crate::domain::time::Timestamp;
use crate::random::Random;

/// What makes keys: the master key that seals them, and randomness.
#[derive(Clone, Copy)]
pub(crate) struct Generator<'a> {
    pub(crate) master: &'a MasterKey,
    pub(crate) random: &'a dyn Random,
}

impl Generator<'_> {
    /// A next key of the configured kind.
    pub(crate) fn next(self, purpose: KeyPurpose, tokens: &Tokens, now: Timestamp) -> Result<StoredKey, KeyringError> {
        match (purpose, &tokens.secret) {
            (KeyPurpose::Refresh, _) => self.refresh(now),
            (KeyPurpose::Signing, Some(secret)) => Ok(of_secret(tokens.algorithm, secret.expose(), now)),
            (KeyPurpose::Signing, None) => self.pair(tokens.algorithm, now),
        }
    }

    /// A key that signs at once: the first of its kind, so that nobody has a key set without it.
    pub(crate) fn active(
        self,
        purpose: KeyPurpose,
        tokens: &Tokens,
        now: Timestamp,
    ) -> Result<StoredKey, KeyringError> {
        Ok(active(self.next(purpose, tokens, now)?, now))
    }

    /// The same for a key that is revoked while it signs: one of its kind, since that is what verifiers expect.
    pub(crate) fn heir(self, of: &StoredKey, tokens: &Tokens, now: Timestamp) -> Result<StoredKey, KeyringError> {
        let key = match of.algorithm.parse::<Algorithm>() {
            Ok(algorithm) if of.purpose == KeyPurpose::Signing && !algorithm.is_symmetric() => {
                self.pair(algorithm, now)?
            }
            _ => self.next(of.purpose, tokens, now)?,
        };
        Ok(active(key, now))
    }

    fn pair(self, algorithm: Algorithm, now: Timestamp) -> Result<StoredKey, KeyringError> {
        let key = SigningKey::generate(algorithm).map_err(|error| unusable("new signing key", error))?;
        let kid = key.kid().to_owned();
        let public = key.verifying_key().to_jwk().map_err(|error| unusable(&kid, error))?;
        let sealed = self.seal(&private(KeyPurpose::Signing, &kid), key.to_jwk().expose().as_bytes(), &kid)?;
        let public = self.seal(&public_half(&kid), public.as_bytes(), &kid)?;
        let key = fresh(kid, KeyPurpose::Signing, algorithm.name(), now);
        Ok(StoredKey { sealed: Some(sealed), public: Some(public), ..key })
    }

    fn refresh(self, now: Timestamp) -> Result<StoredKey, KeyringError> {
        let mut id = [0; KEY_ID_BYTES];
        let mut secret = zeroize::Zeroizing::new([0; 32]);
        self.random.fill(&mut id);
        self.random.fill(&mut *secret);
        let kid = base64_simd::URL_SAFE_NO_PAD.encode_to_string(id);
        let sealed = self.seal(&private(KeyPurpose::Refresh, &kid), &*secret, &kid)?;
        Ok(StoredKey { sealed: Some(sealed), ..fresh(kid, KeyPurpose::Refresh, "HS256", now) })
    }

    fn seal(self, context: &str, secret: &[u8], kid: &str) -> Result<Vec<u8>, KeyringError> {
        self.master.seal(context, secret, self.random).map_err(|CannotOpen| unusable(kid, "it cannot be encrypted"))
    }
}

fn active(key: StoredKey, now: Timestamp) -> StoredKey {
    StoredKey { state: KeyState::Active, activate_at: Some(now), activated_at: Some(now), ..key }
}

/// What is stored of a configured secret: that it is there, and since when. Its key id is a MAC under it, so it tells nothing
/// about the secret (RFC 7638 §7 warns of its thumbprint).
fn of_secret(algorithm: Algorithm, secret: &str, now: Timestamp) -> StoredKey {
    fresh(secret_kid(secret), KeyPurpose::Signing, algorithm.name(), now)
}

/// The key id of a configured secret.
pub(crate) fn secret_kid(secret: &str) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, b"jotgate key id");
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(&tag.as_ref()[..9])
}

fn fresh(kid: String, purpose: KeyPurpose, algorithm: &str, now: Timestamp) -> StoredKey {
    StoredKey {
        kid,
        purpose,
        algorithm: algorithm.to_owned(),
        state: KeyState::Next,
        sealed: None,
        public: None,
        created_at: now,
        activate_at: None,
        activated_at: None,
        retired_at: None,
    }
}

/// Binds what is sealed to its place: a row that is moved to another kid or purpose does not open.
pub(crate) fn private(purpose: KeyPurpose, kid: &str) -> String {
    format!("jotgate key 1/{}/{kid}", purpose.name())
}

/// The same for the public half of a key pair.
pub(crate) fn public_half(kid: &str) -> String {
    format!("jotgate public key 1/{kid}")
}
