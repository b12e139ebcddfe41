//! Facts about the store itself.

use super::error::StoreError;
use super::sql::statements;
use super::tx::{FromRow, Op, Row, Tx, params};

statements! {
    INSERT = "INSERT INTO meta (name, bytes) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    SELECT = "SELECT bytes FROM meta WHERE name = $1";
    PING = "UPDATE meta SET number = number + 1 WHERE name = 'ping'";
}

/// Keeps a value under a name that has none yet; gives the value that is there afterwards.
#[derive(Debug)]
pub(crate) struct SetMetaIfNone {
    pub(crate) name: &'static str,
    pub(crate) value: Vec<u8>,
}

impl Op for SetMetaIfNone {
    type Output = Vec<u8>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<u8>, StoreError> {
        tx.execute(INSERT, params![self.name, self.value.as_slice()]).await?;
        let value = tx.first::<Bytes>(SELECT, params![self.name]).await?;
        value.map(|value| value.0).ok_or_else(|| StoreError::corrupt("a value is gone that was just there"))
    }
}

/// Writes something that means nothing, to see that it can be written.
#[derive(Debug)]
pub(super) struct Ping;

impl Op for Ping {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.execute_alone(PING, params![]).await.map(drop)
    }
}

struct Bytes(Vec<u8>);

impl FromRow for Bytes {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        row.bytes(0).map(|bytes| Self(bytes.to_vec()))
    }
}
