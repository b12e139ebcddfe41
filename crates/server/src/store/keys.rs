//! The keys of the key ring, sealed.

use super::error::StoreError;
use super::sql::statements;
use super::tx::{FromRow, Op, ReadOp, Row, Tx, params};
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};

statements! {
    VERSION = "SELECT number FROM meta WHERE name = 'keys'";
    LOAD = "SELECT kid, purpose, algorithm, state, sealed, created_at, activated_at, retired_at FROM keys \
            ORDER BY created_at, kid";
    INSERT = "INSERT INTO keys (kid, purpose, algorithm, state, sealed, created_at, activated_at, retired_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    LOCK = "UPDATE meta SET number = number + 1 WHERE name = 'keys'";
}

/// The keys as they were at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoredKeys {
    /// Grows with every change of the keys, and never goes back.
    pub(crate) version: u64,
    /// The oldest first.
    pub(crate) keys: Vec<StoredKey>,
}

/// Whether the keys have changed: [`StoredKeys::version`] alone.
#[derive(Debug)]
pub(crate) struct KeysVersion;

impl Op for KeysVersion {
    type Output = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        version(tx).await
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
}

impl Op for InsertKeysIfNone {
    type Output = StoredKeys;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<StoredKeys, StoreError> {
        tx.execute(LOCK, params![]).await?;
        tx.announce();
        let present: Vec<StoredKey> = tx.all(LOAD, params![]).await?;
        for key in &self.keys {
            if present.iter().all(|other| other.purpose != key.purpose) {
                insert(tx, key).await?;
            }
        }
        load(tx).await
    }
}

/// The version first: whoever sees keys that are newer than their version only looks once more than it had to.
async fn load<T: Tx>(tx: &mut T) -> Result<StoredKeys, StoreError> {
    Ok(StoredKeys { version: version(tx).await?, keys: tx.all(LOAD, params![]).await? })
}

async fn version<T: Tx>(tx: &mut T) -> Result<u64, StoreError> {
    let version = tx.first::<Version>(VERSION, params![]).await?;
    version.map(|version| version.0).ok_or_else(|| StoreError::corrupt("the counter of the keys is gone"))
}

struct Version(u64);

impl FromRow for Version {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        row.count(0).map(Self)
    }
}

async fn insert<T: Tx>(tx: &mut T, key: &StoredKey) -> Result<(), StoreError> {
    let values = params![
        key.kid.as_str(),
        key.purpose.name(),
        key.algorithm.as_str(),
        key.state.name(),
        key.sealed.as_slice(),
        key.created_at,
        key.activated_at,
        key.retired_at,
    ];
    tx.execute(INSERT, values).await.map(drop)
}

impl FromRow for StoredKey {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        Ok(Self {
            kid: row.string(0)?,
            purpose: KeyPurpose::from_name(row.text(1)?).ok_or_else(|| StoreError::corrupt("unknown key purpose"))?,
            algorithm: row.string(2)?,
            state: KeyState::from_name(row.text(3)?).ok_or_else(|| StoreError::corrupt("unknown key state"))?,
            sealed: row.bytes(4)?.to_vec(),
            created_at: row.time(5)?,
            activated_at: row.maybe_time(6)?,
            retired_at: row.maybe_time(7)?,
        })
    }
}
