//! Sealing stored keys with another master key.

use super::generate::{private, public_half};
use super::keyring::KeyringError;
use super::master_key::{CannotOpen, MasterKey};
use crate::domain::key::StoredKey;
use crate::random::Random;
use crate::store::keys::Resealed;

/// Opens everything that is sealed and seals it anew. One that does not open refuses all.
pub(crate) fn reseal(
    keys: &[StoredKey],
    old: &MasterKey,
    new: &MasterKey,
    random: &dyn Random,
) -> Result<Vec<Resealed>, KeyringError> {
    let again = |key: &StoredKey, sealed: &Option<Vec<u8>>, context: &str| {
        let Some(sealed) = sealed else { return Ok(None) };
        let opened = old.open(context, sealed).and_then(|secret| new.seal(context, &secret, random));
        opened.map(Some).map_err(|CannotOpen| KeyringError::Sealed { kid: key.kid.clone() })
    };
    let resealed = keys.iter().map(|key| {
        let sealed = again(key, &key.sealed, &private(key.purpose, &key.kid))?;
        let public = again(key, &key.public, &public_half(&key.kid))?;
        Ok(Resealed { kid: key.kid.clone(), sealed, public })
    });
    resealed.collect()
}
