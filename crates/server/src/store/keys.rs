//! The keys of the key ring, sealed.
//!
//! Every change takes the lock of the keys first, looks at what is there, and asks the rule of `domain/rotation.rs`: of
//! several servers that are about to do the same, one does it.

use super::error::StoreError;
use super::sql::statements;
use super::tx::{FromRow, Op, ReadOp, Row, Tx, params};
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};
use crate::domain::rotation::CacheLives;
use crate::domain::time::Timestamp;

mod advance;
mod publish;
mod reseal;
mod revoke;
mod rotate;

pub(crate) use advance::AdvanceKeys;
pub(crate) use publish::PublishWith;
pub(crate) use reseal::{Reseal, ResealOutcome, Resealed};
pub(crate) use revoke::{RevokeKeys, RevokeOutcome};
pub(crate) use rotate::{Ask, NextKey, NextKeyOutcome};

statements! {
    VERSION = "SELECT number FROM meta WHERE name = 'keys'";
    MASTER = "SELECT number FROM meta WHERE name = 'master'";
    LIFE = "SELECT number FROM meta WHERE name = 'cache_life'";
    UNTIL = "SELECT number FROM meta WHERE name = 'caches_until'";
    SET_LIFE = "UPDATE meta SET number = $1 WHERE name = 'cache_life'";
    SET_UNTIL = "UPDATE meta SET number = $1 WHERE name = 'caches_until'";
    SET_MASTER = "UPDATE meta SET number = $1 WHERE name = 'master'";
    LOAD = "SELECT kid, purpose, algorithm, state, sealed, sealed_public, created_at, activate_at, activated_at, retired_at \
            FROM keys ORDER BY created_at, kid";
    INSERT = "INSERT INTO keys (kid, purpose, algorithm, state, sealed, sealed_public, created_at, activate_at, \
              activated_at, retired_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
    LOCK = "UPDATE meta SET number = number + 1 WHERE name = 'keys'";
    PLAN = "UPDATE keys SET activate_at = $2 WHERE kid = $1";
    ACTIVATE = "UPDATE keys SET state = 'active', activate_at = $2, activated_at = $2 WHERE kid = $1";
    RETIRE = "UPDATE keys SET state = 'retired', retired_at = $2, \
              sealed = CASE WHEN purpose = 'signing' THEN NULL ELSE sealed END WHERE kid = $1";
    DELETE = "DELETE FROM keys WHERE kid = $1";
    RESEAL = "UPDATE keys SET sealed = $2, sealed_public = $3 WHERE kid = $1";
}

/// The keys as they were at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredKeys {
    /// Grows with every change of the keys, and never goes back.
    pub(crate) version: u64,
    /// The mark of the master key that they are sealed with; nothing before the first key.
    pub(crate) master: Option<i64>,
    /// How long verifiers may keep key sets.
    pub(crate) lives: CacheLives,
    /// The oldest first.
    pub(crate) keys: Vec<StoredKey>,
}

/// What happened to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was made and published, and is to sign from then on, if that is known.
    Made(String, Option<Timestamp>),
    /// It signs, and the one that did before is retired.
    Activated(String),
    /// It is forgotten: the last token that it signed has expired, or it never signed.
    Dropped(String),
    /// It was revoked.
    Revoked(String),
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Made(kid, _) => write!(f, "{kid} was made and is published"),
            Self::Activated(kid) => write!(f, "{kid} signs now"),
            Self::Dropped(kid) => write!(f, "{kid} is gone"),
            Self::Revoked(kid) => write!(f, "{kid} is revoked"),
        }
    }
}

/// The keys on disk are sealed with another master key than that of this process, so it must not add any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OtherMaster;

/// Whether the keys have changed: [`StoredKeys::version`] alone.
#[derive(Debug)]
pub(crate) struct KeysVersion;

impl Op for KeysVersion {
    type Output = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        let version = tx.first::<Number>(VERSION, params![]).await?;
        version.map(|Number(version)| version.cast_unsigned()).ok_or_else(no_counter)
    }
}

impl ReadOp for KeysVersion {}

/// All keys.
#[derive(Debug)]
pub(crate) struct LoadKeys;

impl Op for LoadKeys {
    type Output = StoredKeys;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<StoredKeys, StoreError> {
        load(tx).await
    }
}

impl ReadOp for LoadKeys {}

/// Keeps these keys, except those for a purpose that has keys already; gives all keys that are there afterwards. Of two
/// processes that start for the first time at once, both get the keys of one.
#[derive(Debug)]
pub(crate) struct InsertKeysIfNone {
    pub(crate) keys: Vec<StoredKey>,
    /// The mark of the master key that they are sealed with.
    pub(crate) master: i64,
}

impl Op for InsertKeysIfNone {
    type Output = StoredKeys;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<StoredKeys, StoreError> {
        let present = lock(tx).await?;
        if present.master.is_some_and(|master| master != self.master) {
            return Ok(present);
        }
        tx.execute(SET_MASTER, params![self.master]).await?;
        for key in &self.keys {
            if present.keys.iter().all(|other| other.purpose != key.purpose) {
                insert(tx, key).await?;
            }
        }
        load(tx).await
    }
}

/// Takes the lock that every change of keys takes first, and then looks at what is there.
async fn lock<T: Tx>(tx: &mut T) -> Result<StoredKeys, StoreError> {
    if tx.execute(LOCK, params![]).await? == 0 {
        return Err(no_counter());
    }
    tx.announce();
    load(tx).await
}

/// The version first: whoever sees keys that are newer than their version only looks once more than it had to.
async fn load<T: Tx>(tx: &mut T) -> Result<StoredKeys, StoreError> {
    let version = KeysVersion.run(tx).await?;
    let master = tx.first::<Number>(MASTER, params![]).await?;
    let master = master.map(|Number(master)| master).filter(|master| *master != 0);
    let life = tx.first::<Number>(LIFE, params![]).await?.map_or(0, |Number(life)| life);
    let until = tx.first::<Number>(UNTIL, params![]).await?.map_or(0, |Number(until)| until);
    let lives = CacheLives { life, until: Timestamp::from_millis(until) };
    Ok(StoredKeys { version, master, lives, keys: tx.all(LOAD, params![]).await? })
}

async fn insert<T: Tx>(tx: &mut T, key: &StoredKey) -> Result<(), StoreError> {
    let values = params![
        key.kid.as_str(),
        key.purpose.name(),
        key.algorithm.as_str(),
        key.state.name(),
        key.sealed.as_deref(),
        key.public.as_deref(),
        key.created_at,
        key.activate_at,
        key.activated_at,
        key.retired_at,
    ];
    tx.execute(INSERT, values).await.map(drop)
}

/// Lets a key sign from `since` on, in the place of the one that does now.
async fn activate<T: Tx>(tx: &mut T, keys: &[StoredKey], next: &StoredKey, since: Timestamp) -> Result<(), StoreError> {
    let active = crate::domain::rotation::find(keys, next.purpose, KeyState::Active);
    if let Some(active) = active {
        tx.execute(RETIRE, params![active.kid.as_str(), since]).await?;
    }
    tx.execute(ACTIVATE, params![next.kid.as_str(), since]).await.map(drop)
}

async fn delete<T: Tx>(tx: &mut T, kid: &str) -> Result<(), StoreError> {
    tx.execute(DELETE, params![kid]).await.map(drop)
}

struct Number(i64);

impl FromRow for Number {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        row.int(0).map(Self)
    }
}

fn no_counter() -> StoreError {
    StoreError::corrupt("the counter of the keys is gone")
}

impl FromRow for StoredKey {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        Ok(Self {
            kid: row.string(0)?,
            purpose: KeyPurpose::from_name(row.text(1)?).ok_or_else(|| StoreError::corrupt("unknown key purpose"))?,
            algorithm: row.string(2)?,
            state: KeyState::from_name(row.text(3)?).ok_or_else(|| StoreError::corrupt("unknown key state"))?,
            sealed: row.maybe_bytes(4)?.map(<[u8]>::to_vec),
            public: row.maybe_bytes(5)?.map(<[u8]>::to_vec),
            created_at: row.time(6)?,
            activate_at: row.maybe_time(7)?,
            activated_at: row.maybe_time(8)?,
            retired_at: row.maybe_time(9)?,
        })
    }
}
