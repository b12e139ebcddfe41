//! Rekey: another master key. For operators only.

use std::path::Path;

use super::keys::{ATTEMPTS, KeysFailure};
use crate::app::{self, StartError};
use crate::clock::{Clock, SystemClock};
use crate::config::Config;
use crate::domain::audit::{By, Event, Line};
use crate::random::{self, Random, SystemRandom};
use crate::store::Store;
use crate::store::audit::Audited;
use crate::store::keys::{LoadKeys, Reseal, ResealOutcome};
use crate::tokens::master_key::MasterKey;
use crate::tokens::reseal::reseal;

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rekeyed {
    /// How many keys there are.
    pub keys: usize,
    /// Whether they were encrypted with it already: an earlier attempt came that far.
    pub was_done: bool,
    /// Whether the file of the master key that was made beside the database holds the new one now. Otherwise it is for the
    /// operator to configure.
    pub replaced_file: bool,
}

/// Encrypts every stored key with the master key in a file instead, all at once or not at all. Running servers go on with the keys
/// that they have open as long as these are stored, and add none until they are started with the new master key.
///
/// After a crash it may be called again, and does what is left to do.
///
/// # Errors
///
/// When a file holds no master key, a key does not open, or the store fails; then nothing has changed.
pub async fn rekey(config: &Config, new_master_key: &Path) -> Result<Rekeyed, KeysFailure> {
    let random: &dyn Random = &SystemRandom;
    let new = MasterKey::in_file(new_master_key).map_err(StartError::from)?;
    let store = app::open_store(config).await?;
    let rekeyed = reseal_all(config, &store, &new, random).await;
    store.close().await;
    let (keys, was_done) = rekeyed?;
    let file = app::made_master_key_file(config)?;
    if let Some(file) = &file {
        MasterKey::replace_file(file, new_master_key, random).map_err(StartError::from)?;
    }
    Ok(Rekeyed { keys, was_done, replaced_file: file.is_some() })
}

async fn reseal_all(
    config: &Config,
    store: &Store,
    new: &MasterKey,
    random: &dyn Random,
) -> Result<(usize, bool), KeysFailure> {
    for _ in 0..ATTEMPTS {
        let stored = store.read(LoadKeys).await?;
        let count = stored.keys.len();
        if stored.master == Some(new.mark()) {
            return Ok((count, true));
        }
        let old = app::master_key(config, false, random)?;
        let keys = reseal(&stored.keys, &old, new, random)?;
        let reseal = Reseal { version: stored.version, keys, master: new.mark() };
        let now = SystemClock.now();
        let line = Line::new(random::uuid(random, now), now, Event::KeysRekey, By::command_line()).with("keys", count);
        let done = move |outcome: &_| (*outcome == ResealOutcome::Done).then(|| line.clone());
        if store.write(Audited::new(reseal, done)).await? == ResealOutcome::Done {
            tracing::warn!(keys = count, "the stored keys are encrypted with another master key from now on");
            return Ok((count, false));
        }
    }
    Err(KeysFailure::Busy)
}
