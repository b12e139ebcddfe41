//! The numbers of sessions for the status lists. None is given twice, whatever becomes of who took it.

use super::error::StoreError;
use super::sql::statements;
use super::tx::{FromRow, Op, ReadOp, Row, Tx, params};

statements! {
    TAKE = "INSERT INTO meta (name, number) VALUES ('status', $1) \
            ON CONFLICT (name) DO UPDATE SET number = meta.number + $1 RETURNING number";
    TAKEN = "SELECT number FROM meta WHERE name = 'status'";
}

/// Takes so many numbers; gives the one after the last of them.
#[derive(Debug)]
pub(crate) struct TakeStatusIndexes {
    pub(crate) count: u32,
}

/// How many numbers have been taken: each is below.
#[derive(Debug)]
pub(crate) struct StatusIndexesTaken;

struct Number(u64);

impl FromRow for Number {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        row.count(0).map(Self)
    }
}

impl Op for TakeStatusIndexes {
    type Output = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        let end = tx.first::<Number>(TAKE, params![self.count]).await?;
        end.map(|end| end.0).ok_or_else(|| StoreError::Internal("a counter gave no number".to_owned()))
    }
}

impl Op for StatusIndexesTaken {
    type Output = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        Ok(tx.first::<Number>(TAKEN, params![]).await?.map_or(0, |taken| taken.0))
    }
}

impl ReadOp for StatusIndexesTaken {}
