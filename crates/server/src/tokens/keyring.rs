//! The keys in use: one that signs, those that are published, and those of refresh tokens.
//!
//! They are made at first start and kept in the store, encrypted with the master key. An HMAC secret comes from the
//! configuration instead; it is never stored and never published.

use std::sync::Arc;

use bytes::Bytes;
use jotgate_jose::{Algorithm, KeySet, SigningKey, VerifyingKey, jwt};

use super::master_key::{CannotOpen, MasterKey};
use super::refresh_token::{KEY_ID_BYTES, RefreshKey};
use super::terms::Terms;
use crate::config::Tokens;
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};
use crate::domain::time::Timestamp;
use crate::random::Random;
use crate::store::keys::StoredKeys;

/// Why the keys cannot be used, said to the operator.
#[derive(Debug, thiserror::Error)]
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
    /// The configuration asks for another algorithm than the stored key has.
    #[error(
        "tokens.algorithm is {configured}, and the signing key of this database is for {stored}: set tokens.algorithm = \"{stored}\", or start with a new database"
    )]
    OtherAlgorithm {
        /// What the configuration says.
        configured: Algorithm,
        /// What the stored key is for.
        stored: String,
    },
}

/// The keys in use, as they were stored at one moment.
#[derive(Debug)]
pub(crate) struct Keyring {
    version: u64,
    signing: SigningKey,
    verifying: Arc<KeySet>,
    policy: jwt::Policy,
    jwks: Jwks,
    refresh: Vec<RefreshKey>,
}

/// The published key set, ready to send.
#[derive(Debug, Clone)]
pub(crate) struct Jwks {
    pub(crate) body: Bytes,
    pub(crate) etag: String,
}

impl Keyring {
    /// Opens the stored keys.
    pub(crate) fn open(
        stored: &StoredKeys,
        tokens: &Tokens,
        terms: &Terms,
        master: &MasterKey,
    ) -> Result<Self, KeyringError> {
        let StoredKeys { version, keys } = stored;
        let refresh = keys.iter().filter(|key| key.purpose == KeyPurpose::Refresh);
        let refresh = refresh.map(|key| open_refresh(key, master)).collect::<Result<Vec<_>, _>>()?;
        let signing = match &tokens.secret {
            Some(secret) => from_secret(tokens.algorithm, secret.expose())?,
            None => open_signing(keys, tokens.algorithm, master)?,
        };
        let published = if tokens.secret.is_some() { None } else { Some(signing.verifying_key()) };
        let jwks = Jwks::new(published.into_iter().collect()).map_err(|error| unusable("jwks", error))?;
        let verifying = KeySet::new([signing.verifying_key()]).map_err(|error| unusable(signing.kid(), error))?;
        let policy = terms.policy(verifying.keys().iter().map(VerifyingKey::algorithm));
        Ok(Self { version: *version, signing, verifying: Arc::new(verifying), policy, jwks, refresh })
    }

    /// Grows with every change of the stored keys.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// The key that signs access tokens.
    pub(crate) fn signing(&self) -> &SigningKey {
        &self.signing
    }

    /// The keys that access tokens of ours verify with.
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

    /// The keys of refresh tokens, the one for new tokens first.
    pub(crate) fn refresh(&self) -> &[RefreshKey] {
        &self.refresh
    }
}

impl Jwks {
    fn new(keys: Vec<VerifyingKey>) -> Result<Self, jotgate_jose::KeyError> {
        let json = KeySet::new(keys)?.to_json()?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, json.as_bytes());
        let etag = format!("\"{}\"", base64_simd::URL_SAFE_NO_PAD.encode_to_string(&digest.as_ref()[..16]));
        Ok(Self { body: Bytes::from(json), etag })
    }
}

/// The keys of a first start, sealed: one for refresh tokens and, unless a secret is configured, one that signs.
pub(crate) fn generate(
    tokens: &Tokens,
    master: &MasterKey,
    random: &dyn Random,
    now: Timestamp,
) -> Result<Vec<StoredKey>, KeyringError> {
    let mut keys = vec![generate_refresh(master, random, now)?];
    if !tokens.algorithm.is_symmetric() {
        keys.push(generate_signing(tokens.algorithm, master, random, now)?);
    }
    Ok(keys)
}

fn generate_signing(
    algorithm: Algorithm,
    master: &MasterKey,
    random: &dyn Random,
    now: Timestamp,
) -> Result<StoredKey, KeyringError> {
    let key = SigningKey::generate(algorithm).map_err(|error| unusable("new signing key", error))?;
    let kid = key.kid().to_owned();
    let jwk = key.to_jwk();
    let sealed =
        master.seal(&context(KeyPurpose::Signing, &kid), jwk.expose().as_bytes(), random).map_err(|_| sealed(&kid))?;
    Ok(active(kid, KeyPurpose::Signing, algorithm.name(), sealed, now))
}

fn generate_refresh(master: &MasterKey, random: &dyn Random, now: Timestamp) -> Result<StoredKey, KeyringError> {
    let mut id = [0; KEY_ID_BYTES];
    let mut secret = zeroize::Zeroizing::new([0; 32]);
    random.fill(&mut id);
    random.fill(&mut *secret);
    let kid = base64_simd::URL_SAFE_NO_PAD.encode_to_string(id);
    let sealed = master.seal(&context(KeyPurpose::Refresh, &kid), &*secret, random).map_err(|_| sealed(&kid))?;
    Ok(active(kid, KeyPurpose::Refresh, "HS256", sealed, now))
}

/// The first key of its kind signs at once: no verifier has cached a key set that lacks it.
fn active(kid: String, purpose: KeyPurpose, algorithm: &str, sealed: Vec<u8>, now: Timestamp) -> StoredKey {
    let algorithm = algorithm.to_owned();
    StoredKey {
        kid,
        purpose,
        algorithm,
        state: KeyState::Active,
        sealed,
        created_at: now,
        activated_at: Some(now),
        retired_at: None,
    }
}

fn open_signing(stored: &[StoredKey], configured: Algorithm, master: &MasterKey) -> Result<SigningKey, KeyringError> {
    let of_purpose = |key: &&StoredKey| key.purpose == KeyPurpose::Signing && key.state == KeyState::Active;
    let key = stored.iter().find(of_purpose).ok_or_else(|| {
        unusable(
            "signing key",
            "the database has none; it was made for an HMAC secret, so set tokens.secret or start with a new database",
        )
    })?;
    if key.algorithm != configured.name() {
        return Err(KeyringError::OtherAlgorithm { configured, stored: key.algorithm.clone() });
    }
    let jwk = open(key, master)?;
    let jwk = std::str::from_utf8(&jwk).map_err(|error| unusable(&key.kid, error))?;
    SigningKey::from_jwk(jwk).map_err(|error| unusable(&key.kid, error))
}

fn open_refresh(key: &StoredKey, master: &MasterKey) -> Result<RefreshKey, KeyringError> {
    let secret = open(key, master)?;
    let id = base64_simd::URL_SAFE_NO_PAD.decode_to_vec(&key.kid).ok().and_then(|id| id.try_into().ok());
    let id = id.ok_or_else(|| unusable(&key.kid, "its id is not four bytes in base64url"))?;
    Ok(RefreshKey::new(id, &secret))
}

fn open(key: &StoredKey, master: &MasterKey) -> Result<zeroize::Zeroizing<Vec<u8>>, KeyringError> {
    master.open(&context(key.purpose, &key.kid), &key.sealed).map_err(|CannotOpen| sealed(&key.kid))
}

/// The key id of a secret is a MAC under it, so it tells nothing about the secret (RFC 7638 §7 warns of its thumbprint).
fn from_secret(algorithm: Algorithm, secret: &str) -> Result<SigningKey, KeyringError> {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    let tag = aws_lc_rs::hmac::sign(&key, b"jotgate key id");
    let kid = base64_simd::URL_SAFE_NO_PAD.encode_to_string(&tag.as_ref()[..9]);
    let key = SigningKey::hmac(algorithm, secret.as_bytes()).map_err(|error| unusable("tokens.secret", error))?;
    Ok(key.with_kid(kid))
}

/// Binds a sealed key to its place: a row that is moved to another kid or purpose does not open.
fn context(purpose: KeyPurpose, kid: &str) -> String {
    format!("jotgate key 1/{}/{kid}", purpose.name())
}

fn sealed(kid: &str) -> KeyringError {
    KeyringError::Sealed { kid: kid.to_owned() }
}

fn unusable(kid: &str, reason: impl std::fmt::Display) -> KeyringError {
    KeyringError::Unusable { kid: kid.to_owned(), reason: reason.to_string() }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use jotgate_wire::SecretText;

    use super::*;
    use crate::config::Keys;
    use crate::random::SystemRandom;

    fn master(byte: &str) -> MasterKey {
        let keys = Keys { master_key: Some(SecretText::from(byte.repeat(32))), master_key_file: None };
        MasterKey::find(&keys, Path::new("."), None, true, &SystemRandom).unwrap()
    }

    fn generated(tokens: &Tokens) -> StoredKeys {
        let keys = generate(tokens, &master("01"), &SystemRandom, Timestamp::from_millis(1)).unwrap();
        StoredKeys { version: 1, keys }
    }

    fn open(stored: &StoredKeys, tokens: &Tokens, master: &MasterKey) -> Result<Keyring, KeyringError> {
        let terms = Terms::new(&crate::config::Config::new("https://auth.example.com").unwrap());
        Keyring::open(stored, tokens, &terms, master)
    }

    #[test]
    fn keys_survive_the_store_and_only_under_their_master_key() {
        let tokens = Tokens::default();
        let stored = generated(&tokens);
        let one = open(&stored, &tokens, &master("01")).unwrap();
        let again = open(&stored, &tokens, &master("01")).unwrap();
        assert_eq!(one.signing().kid(), again.signing().kid());
        assert_eq!(one.jwks().etag, again.jwks().etag);
        let error = open(&stored, &tokens, &master("02")).unwrap_err();
        assert!(matches!(error, KeyringError::Sealed { .. }), "{error}");
    }

    #[test]
    fn a_moved_row_does_not_open() {
        let tokens = Tokens::default();
        let mut stored = generated(&tokens);
        stored.keys[1].kid = "another".into();
        assert!(matches!(open(&stored, &tokens, &master("01")), Err(KeyringError::Sealed { .. })));
    }

    #[test]
    fn no_private_member_and_no_secret_is_published() {
        let stored = generated(&Tokens::default());
        let jwks = open(&stored, &Tokens::default(), &master("01")).unwrap().jwks().clone();
        let text = std::str::from_utf8(&jwks.body).unwrap();
        assert!(text.contains("\"kty\":\"OKP\"") && !text.contains("\"d\""), "{text}");

        let secret = "kX9vQ2mZ7rT4wB6nL1pS8dF3gH5jK0aYuEiOcVtR";
        let tokens =
            Tokens { algorithm: Algorithm::Hs256, secret: Some(SecretText::from(secret)), ..Tokens::default() };
        let stored = generated(&tokens);
        assert_eq!(stored.keys.len(), 1, "the secret is not stored");
        let keyring = open(&stored, &tokens, &master("01")).unwrap();
        assert_eq!(keyring.jwks().body, Bytes::from_static(b"{\"keys\":[]}"));
        assert!(!format!("{keyring:?}").contains(secret));
    }

    #[test]
    fn another_algorithm_than_the_stored_key_is_refused_with_what_to_do() {
        let stored = generated(&Tokens::default());
        let tokens = Tokens { algorithm: Algorithm::Es256, ..Tokens::default() };
        let said = open(&stored, &tokens, &master("01")).unwrap_err().to_string();
        assert!(said.contains("tokens.algorithm = \"EdDSA\""), "{said}");
    }
}
