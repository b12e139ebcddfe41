//! The keys of the key ring, sealed.

use super::error::StoreError;
use super::sql::statements;
use super::tx::{FromRow, Op, ReadOp, Row, Tx, params};
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};

statements! {
    LOAD = "SELECT kid, purpose, algorithm, state, sealed, created_at, activated_at, retired_at FROM keys \
            ORDER BY created_at, kid";
    INSERT = "INSERT INTO keys (kid, purpose, algorithm, state, sealed, created_at, activated_at, retired_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    LOCK = "UPDATE meta SET number = number + 1 WHERE name = 'keys'";
}

/// All keys, the oldest first.
#[derive(Debug)]
pub(crate) struct LoadKeys;

impl Op for LoadKeys {
    type Output = Vec<StoredKey>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<StoredKey>, StoreError> {
        tx.all(LOAD, params![]).await
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
    type Output = Vec<StoredKey>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<StoredKey>, StoreError> {
        tx.execute(LOCK, params![]).await?;
        tx.announce();
        let present: Vec<StoredKey> = tx.all(LOAD, params![]).await?;
        for key in &self.keys {
            if present.iter().all(|other| other.purpose != key.purpose) {
                insert(tx, key).await?;
            }
        }
        tx.all(LOAD, params![]).await
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
