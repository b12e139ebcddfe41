//! The keys in use: one that signs, those that are published, and those of refresh tokens.
//!
//! They are kept in the store, encrypted with the master key. An HMAC secret comes from the configuration instead; it is
//! never stored and never published, and only its key id is in the store.

use std::sync::Arc;

use bytes::Bytes;
use jotgate_jose::{Algorithm, KeySet, SigningKey, VerifyingKey, jwt};
use jotgate_wire::SecretText;
use zeroize::Zeroizing;

use super::generate::{private, public_half, secret_kid};
use super::master_key::{CannotOpen, MasterKey};
use super::refresh_token::{KEY_ID_BYTES, RefreshKey, RefreshKeys, kid};
use super::terms::Terms;
use crate::config::Tokens;
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};
use crate::domain::time::Timestamp;
use crate::store::keys::StoredKeys;

/// Why the keys cannot be used, said to the operator.
#[derive(Debug, Clone, thiserror::Error)]
pub enum KeyringError {
    /// A stored key does not open.
    #[error(
        "key `{kid}`: a stored key cannot be decrypted: this is not the master key that the database was made with, or the row is damaged"
    )]
    Sealed {
        /// The key.
        kid: String,
    },
    /// A key cannot be made or read.
    #[error("key `{kid}` cannot be used: {reason}")]
    Unusable {
        /// The key, or what it is for.
        kid: String,
        /// What is wrong.
        reason: String,
    },
    /// The stored keys are sealed with another master key.
    #[error(
        "the stored keys were encrypted with another master key: this is not the master key that the database was made with, or `jotgate keys rekey` has changed it since; start the server with the new one"
    )]
    OtherMaster,
    /// The active key is a secret that the configuration no longer has.
    #[error(
        "the key `{kid}` signs, and it is a secret that the configuration no longer has: set tokens.previous_secret to it until `jotgate keys list` no longer shows it"
    )]
    SecretMissing {
        /// The key.
        kid: String,
    },
}

/// The keys in use, as they were stored at one moment.
#[derive(Debug)]
pub(crate) struct Keyring {
    version: u64,
    /// Nothing when the key that signed is gone and the one in its place does not open.
    signing: Option<SigningKey>,
    signing_since: Option<Timestamp>,
    /// The next key, if there is one: it signs when a later ring says so.
    next: Option<SigningKey>,
    verifying: Arc<KeySet>,
    policy: jwt::Policy,
    jwks: Jwks,
    refresh: RefreshKeys,
    /// Keys of refresh tokens that are stored and do not open.
    closed: Vec<String>,
    failure: Option<KeyringError>,
}

/// The key for new tokens is gone, and the one in its place does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key for new tokens is gone, and the one in its place cannot be opened")]
pub(crate) struct NoKey;

/// The published key set, ready to send.
#[derive(Debug, Clone)]
pub(crate) struct Jwks {
    pub(crate) body: Bytes,
    pub(crate) etag: String,
}

impl Keyring {
    /// Opens the stored keys, all of them.
    pub(crate) fn open(
        stored: &StoredKeys,
        tokens: &Tokens,
        terms: &Terms,
        master: &MasterKey,
    ) -> Result<Self, KeyringError> {
        if stored.master.is_some_and(|mark| mark != master.mark()) {
            return Err(KeyringError::OtherMaster);
        }
        let opener = Opener { tokens, master, present: None, other_master: false };
        let mut found = Found::default();
        for key in &stored.keys {
            opener.take(key, &mut found)?;
        }
        if found.signing.is_none() {
            return Err(none_active());
        }
        found.assemble(stored, terms, None)
    }

    /// Follows the stored keys. What this ring has open is taken from it, and what is no longer stored is gone whatever else
    /// fails: adding may fail, removing must not. A key that does not open is left out, and [`failure`](Self::failure) says so.
    /// The key that it was to replace stays in its place if that is still stored; otherwise nothing is in its place.
    pub(crate) fn follow(
        &self,
        stored: &StoredKeys,
        tokens: &Tokens,
        terms: &Terms,
        master: &MasterKey,
    ) -> Result<Self, KeyringError> {
        let other_master = stored.master.is_some_and(|mark| mark != master.mark());
        let opener = Opener { tokens, master, present: Some(self), other_master };
        let (mut found, mut failure) = (Found::default(), None);
        let is_stored = |kid: &str| stored.keys.iter().any(|key| key.kid == kid);
        for key in &stored.keys {
            let Err(error) = opener.take(key, &mut found) else { continue };
            failure.get_or_insert(error);
            if key.purpose == KeyPurpose::Refresh {
                let replaced = self.refresh.at(key.activate_at.unwrap_or(RefreshKeys::UNPLANNED));
                found.closed.push(key.kid.clone());
                found.refresh.push((replaced.filter(|key| is_stored(&key.kid())).cloned(), key.activate_at));
            }
        }
        if found.signing.is_none() {
            failure.get_or_insert_with(none_active);
            found.signing = self.signing.clone().filter(|key| is_stored(key.kid()));
        }
        found.assemble(stored, terms, failure)
    }

    /// Grows with every change of the stored keys.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The key that signs access tokens.
    pub(crate) fn signing(&self) -> Result<&SigningKey, NoKey> {
        self.signing.as_ref().ok_or(NoKey)
    }

    /// When that key began to sign.
    pub(crate) fn signing_since(&self) -> Option<Timestamp> {
        self.signing_since
    }

    /// The key for the refresh token of a session that was rotated then.
    pub(crate) fn refresh_at(&self, rotated_at: Timestamp) -> Result<&RefreshKey, NoKey> {
        self.refresh.at(rotated_at).ok_or(NoKey)
    }

    /// Whether there are keys for the tokens of a session that is rotated now. Asked before anything is changed for it.
    pub(crate) fn can_issue(&self, now: Timestamp) -> Result<(), NoKey> {
        self.signing()?;
        self.refresh_at(now).map(drop)
    }

    /// Whether the key of this id is stored, and does not open here.
    pub(crate) fn is_closed(&self, id: [u8; KEY_ID_BYTES]) -> bool {
        self.closed.contains(&kid(id))
    }

    /// Why a stored key is not in this ring; nothing when all are.
    pub(crate) fn failure(&self) -> Option<&KeyringError> {
        self.failure.as_ref()
    }

    /// The keys that access tokens of ours verify with: the next one, the active one, and those that are retired.
    pub(crate) fn verifying(&self) -> &Arc<KeySet> {
        &self.verifying
    }

    /// What our own routes ask of an access token.
    pub(crate) fn policy(&self) -> &jwt::Policy {
        &self.policy
    }

    /// The algorithms of the keys that access tokens verify with, each once.
    pub(crate) fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        let of_keys = || self.verifying.keys().iter().map(VerifyingKey::algorithm);
        Algorithm::ALL.iter().copied().filter(move |algorithm| of_keys().any(|other| other == *algorithm))
    }

    /// The published key set.
    pub(crate) fn jwks(&self) -> &Jwks {
        &self.jwks
    }

    /// The keys of refresh tokens.
    pub(crate) fn refresh(&self) -> &RefreshKeys {
        &self.refresh
    }
}

impl Jwks {
    fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Result<Self, jotgate_jose::KeyError> {
        let json = KeySet::new(keys)?.to_json()?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, json.as_bytes());
        let etag = format!("\"{}\"", base64_simd::URL_SAFE_NO_PAD.encode_to_string(&digest.as_ref()[..16]));
        Ok(Self { body: Bytes::from(json), etag })
    }
}

/// What was opened so far.
#[derive(Default)]
struct Found {
    signing: Option<SigningKey>,
    next: Option<SigningKey>,
    verifying: Vec<VerifyingKey>,
    refresh: Vec<(Option<RefreshKey>, Option<Timestamp>)>,
    closed: Vec<String>,
}

impl Found {
    fn assemble(
        self,
        stored: &StoredKeys,
        terms: &Terms,
        failure: Option<KeyringError>,
    ) -> Result<Keyring, KeyringError> {
        let Self { signing, next, verifying, refresh, closed } = self;
        let signs = |key: &&StoredKey| signing.as_ref().is_some_and(|signing| signing.kid() == key.kid);
        let signing_since = stored.keys.iter().find(signs).and_then(|key| key.activated_at);
        let published = verifying.iter().filter(|key| !key.algorithm().is_symmetric()).cloned();
        let jwks = Jwks::new(published).map_err(|error| unusable("jwks", error))?;
        let policy = terms.policy(verifying.iter().map(VerifyingKey::algorithm));
        let verifying = KeySet::mixed(verifying).map_err(|error| unusable("key set", error))?;
        let (verifying, refresh) = (Arc::new(verifying), RefreshKeys::new(refresh));
        let version = stored.version;
        Ok(Keyring { version, signing, signing_since, next, verifying, policy, jwks, refresh, closed, failure })
    }
}

/// Opens stored keys, each in its way.
struct Opener<'a> {
    tokens: &'a Tokens,
    master: &'a MasterKey,
    present: Option<&'a Keyring>,
    other_master: bool,
}

impl Opener<'_> {
    fn take(&self, key: &StoredKey, found: &mut Found) -> Result<(), KeyringError> {
        match (key.purpose, key.state) {
            (KeyPurpose::Refresh, _) => found.refresh.push((Some(self.refresh(key)?), key.activate_at)),
            (KeyPurpose::Signing, KeyState::Retired) => found.verifying.extend(self.retired(key)?),
            (KeyPurpose::Signing, state) => {
                let Some(usable) = self.signing(key)? else { return Ok(()) };
                found.verifying.push(usable.verifying_key());
                let place = if state == KeyState::Active { &mut found.signing } else { &mut found.next };
                *place = Some(usable);
            }
        }
        Ok(())
    }

    /// A key that signs, or will. A next key that is a secret which this server does not have is left out.
    fn signing(&self, key: &StoredKey) -> Result<Option<SigningKey>, KeyringError> {
        if let Some(opened) = self.present.and_then(|present| present.private(&key.kid)) {
            return Ok(Some(opened.clone()));
        }
        if key.is_configured_secret() {
            return self.secret(key);
        }
        let jwk = self.unseal(key, key.sealed.as_deref(), &private(key.purpose, &key.kid))?;
        let jwk = std::str::from_utf8(&jwk).map_err(|error| unusable(&key.kid, error))?;
        let opened = SigningKey::from_jwk(jwk).map_err(|error| unusable(&key.kid, error))?;
        check_algorithm(key, opened.algorithm())?;
        Ok(Some(opened))
    }

    fn retired(&self, key: &StoredKey) -> Result<Option<VerifyingKey>, KeyringError> {
        if let Some(opened) = self.present.and_then(|present| present.verifying.get(&key.kid)) {
            return Ok(Some(opened.clone()));
        }
        if key.is_configured_secret() {
            return Ok(self.secret(key)?.map(|secret| secret.verifying_key()));
        }
        let jwk = self.unseal(key, key.public.as_deref(), &public_half(&key.kid))?;
        let jwk = std::str::from_utf8(&jwk).map_err(|error| unusable(&key.kid, error))?;
        let opened = VerifyingKey::from_jwk(jwk).map_err(|error| unusable(&key.kid, error))?;
        check_algorithm(key, opened.algorithm())?;
        Ok(Some(opened))
    }

    /// The configured secret that a stored key id stands for.
    fn secret(&self, key: &StoredKey) -> Result<Option<SigningKey>, KeyringError> {
        let configured = [&self.tokens.secret, &self.tokens.previous_secret];
        let mut fitting = configured.into_iter().flatten().map(SecretText::expose);
        let Some(secret) = fitting.find(|secret| secret_kid(secret) == key.kid) else {
            if key.state == KeyState::Active {
                return Err(KeyringError::SecretMissing { kid: key.kid.clone() });
            }
            tracing::warn!(
                kid = key.kid,
                state = key.state.name(),
                "the configuration lacks the secret of this key, so tokens by it are refused"
            );
            return Ok(None);
        };
        let algorithm = key.algorithm.parse::<Algorithm>().ok().filter(|algorithm| algorithm.is_symmetric());
        let algorithm = algorithm.ok_or_else(|| unusable(&key.kid, "its algorithm is not one of secrets"))?;
        let opened = SigningKey::hmac(algorithm, secret.as_bytes()).map_err(|error| unusable(&key.kid, error))?;
        Ok(Some(opened.with_kid(&*key.kid)))
    }

    fn refresh(&self, key: &StoredKey) -> Result<RefreshKey, KeyringError> {
        let id = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(&key.kid).ok().and_then(|id| id.try_into().ok());
        let id = id.ok_or_else(|| unusable(&key.kid, "its id is not four bytes in base64url"))?;
        if let Some(opened) = self.present.and_then(|present| present.refresh.get(id)) {
            return Ok(opened.clone());
        }
        let secret = self.unseal(key, key.sealed.as_deref(), &private(key.purpose, &key.kid))?;
        Ok(RefreshKey::new(id, &secret))
    }

    fn unseal(
        &self,
        key: &StoredKey,
        sealed: Option<&[u8]>,
        context: &str,
    ) -> Result<Zeroizing<Vec<u8>>, KeyringError> {
        let sealed = sealed.ok_or_else(|| unusable(&key.kid, "its secret part is gone"))?;
        if self.other_master {
            return Err(KeyringError::OtherMaster);
        }
        self.master.open(context, sealed).map_err(|CannotOpen| KeyringError::Sealed { kid: key.kid.clone() })
    }
}

impl Keyring {
    fn private(&self, kid: &str) -> Option<&SigningKey> {
        [self.signing.as_ref(), self.next.as_ref()].into_iter().flatten().find(|key| key.kid() == kid)
    }
}

/// The algorithm is part of the sealed key; what stands beside it is for people and for the rules.
fn check_algorithm(key: &StoredKey, opened: Algorithm) -> Result<(), KeyringError> {
    if key.algorithm == opened.name() {
        Ok(())
    } else {
        Err(unusable(&key.kid, "it is of another algorithm than its row says"))
    }
}

fn none_active() -> KeyringError {
    unusable("signing key", "the database has none that is active")
}

pub(super) fn unusable(kid: &str, reason: impl std::fmt::Display) -> KeyringError {
    KeyringError::Unusable { kid: kid.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests;
