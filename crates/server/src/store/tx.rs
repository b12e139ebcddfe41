//! What an operation is, and what it sees of the engine it runs on.
//!
//! An operation is written once and generic over [`Tx`]. It does no I/O of its own, no cryptography, and reads no clock:
//! while it runs, every other change waits.

use std::future::Future;

use super::error::StoreError;
use super::sql::Sql;
use crate::domain::time::Timestamp;

/// Something that happens to the stored state, wholly or not at all.
///
/// It may be run again from the start when its transaction was lost, and so must not change itself.
pub(crate) trait Op: Send + Sync + 'static {
    /// What the caller learns.
    type Output: Send + 'static;

    /// Runs in a transaction. An error undoes what it did, and nothing else.
    fn run<T: Tx>(&self, tx: &mut T) -> impl Future<Output = Result<Self::Output, StoreError>> + Send;
}

/// An operation that only reads. It runs beside the changes, on a consistent snapshot.
pub(crate) trait ReadOp: Op {
    /// Whether it may read many rows, and so must not hold up the thread it is called on.
    const SCAN: bool = false;
}

/// A transaction.
pub(crate) trait Tx: Send {
    /// Changes rows; tells how many.
    fn execute(&mut self, sql: Sql, params: &[Param<'_>]) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Changes rows by the only change of the operation, after which the operation can no longer fail. That saves a
    /// savepoint; an operation that does fail after it takes its whole batch with it.
    fn execute_alone(&mut self, sql: Sql, params: &[Param<'_>])
    -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Changes rows, and does not learn how many. Where the database is far away this goes along with the next statement, or
    /// with the commit, and so does the answer if it fails.
    fn execute_along(&mut self, sql: Sql, params: &[Param<'_>]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Whether the operation may take for granted that this statement gives a row, one at least, and go on without asking. Where
    /// the database is far away the statement goes along; should it give none, nothing of the operation happens, and it runs once
    /// more with nothing taken for granted. Where it is near, asking costs nothing, and this says no.
    ///
    /// PostgreSQL's text is one made by [`presumed!`](super::sql::presumed).
    fn presume(&mut self, _: Sql, _: &[Param<'_>]) -> impl Future<Output = Result<bool, StoreError>> + Send {
        std::future::ready(Ok(false))
    }

    /// The first row, if there is one.
    fn first<R: FromRow>(
        &mut self,
        sql: Sql,
        params: &[Param<'_>],
    ) -> impl Future<Output = Result<Option<R>, StoreError>> + Send;

    /// The first row of a statement and all rows of another one after it, which is asked whatever the first one gives: one way
    /// to a database that is far away, and back.
    fn first_and_all<R: FromRow, S: FromRow>(
        &mut self,
        first: (Sql, &[Param<'_>]),
        all: (Sql, &[Param<'_>]),
    ) -> impl Future<Output = Result<(Option<R>, Vec<S>), StoreError>> + Send;

    /// The same, and then which of the histories of its data the engine is on, where it counts them: another one may lack what was
    /// committed.
    fn first_and_all_of_timeline<R: FromRow, S: FromRow>(
        &mut self,
        first: (Sql, &[Param<'_>]),
        all: (Sql, &[Param<'_>]),
    ) -> impl Future<Output = Result<(Option<R>, Vec<S>, u32), StoreError>> + Send {
        async move {
            let (first, all) = self.first_and_all(first, all).await?;
            Ok((first, all, 0))
        }
    }

    /// Says that this matters to other servers on the same store, which are told of it after the commit. They would notice
    /// by themselves, but later.
    fn announce(&mut self) {}

    /// All rows.
    fn all<R: FromRow>(
        &mut self,
        sql: Sql,
        params: &[Param<'_>],
    ) -> impl Future<Output = Result<Vec<R>, StoreError>> + Send;
}

/// A row of a result; columns are counted from 0.
pub(crate) trait Row {
    /// The integer in this column, or nothing for NULL.
    fn maybe_int(&self, column: usize) -> Result<Option<i64>, StoreError>;

    /// The text in this column, or nothing for NULL.
    fn maybe_text(&self, column: usize) -> Result<Option<&str>, StoreError>;

    /// The bytes in this column, or nothing for NULL.
    fn maybe_bytes(&self, column: usize) -> Result<Option<&[u8]>, StoreError>;

    /// How many columns it has.
    fn columns(&self) -> usize;

    /// Whatever is in this column.
    fn value(&self, column: usize) -> Result<Value, StoreError>;

    /// The integer in this column.
    fn int(&self, column: usize) -> Result<i64, StoreError> {
        self.maybe_int(column)?.ok_or_else(|| missing(column))
    }

    /// The text in this column.
    fn text(&self, column: usize) -> Result<&str, StoreError> {
        self.maybe_text(column)?.ok_or_else(|| missing(column))
    }

    /// The bytes in this column.
    fn bytes(&self, column: usize) -> Result<&[u8], StoreError> {
        self.maybe_bytes(column)?.ok_or_else(|| missing(column))
    }

    /// The time in this column.
    fn time(&self, column: usize) -> Result<Timestamp, StoreError> {
        self.int(column).map(Timestamp::from_millis)
    }

    /// The time in this column, or nothing for NULL.
    fn maybe_time(&self, column: usize) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.maybe_int(column)?.map(Timestamp::from_millis))
    }

    /// The count in this column.
    fn count(&self, column: usize) -> Result<u64, StoreError> {
        u64::try_from(self.int(column)?).map_err(|_| StoreError::corrupt(format!("column {column} is negative")))
    }

    /// The text in this column as a value of its own, or nothing for NULL.
    fn maybe_string(&self, column: usize) -> Result<Option<String>, StoreError> {
        Ok(self.maybe_text(column)?.map(str::to_owned))
    }

    /// The text in this column as a value of its own.
    fn string(&self, column: usize) -> Result<String, StoreError> {
        self.text(column).map(str::to_owned)
    }
}

fn missing(column: usize) -> StoreError {
    StoreError::corrupt(format!("column {column} is NULL"))
}

/// What can be read from a row.
pub(crate) trait FromRow: Sized + Send {
    /// Reads it; a row that cannot be is [`StoreError::Corrupt`].
    fn from_row(row: &impl Row) -> Result<Self, StoreError>;
}

/// What a column or a parameter can hold, for whoever keeps it without knowing what it means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    Null,
    Int(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A parameter of a statement.
#[derive(Clone, Copy)]
pub(crate) enum Param<'a> {
    Null,
    Int(i64),
    Text(&'a str),
    Bytes(&'a [u8]),
}

impl From<i64> for Param<'_> {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<u32> for Param<'_> {
    fn from(value: u32) -> Self {
        Self::Int(i64::from(value))
    }
}

impl From<Timestamp> for Param<'_> {
    fn from(value: Timestamp) -> Self {
        Self::Int(value.millis())
    }
}

impl<'a> From<&'a str> for Param<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(value)
    }
}

impl<'a> From<&'a [u8]> for Param<'a> {
    fn from(value: &'a [u8]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a> From<&'a [u8; 16]> for Param<'a> {
    fn from(value: &'a [u8; 16]) -> Self {
        Self::Bytes(value)
    }
}

impl<'a> From<&'a Value> for Param<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Int(value) => Self::Int(*value),
            Value::Text(text) => Self::Text(text),
            Value::Bytes(bytes) => Self::Bytes(bytes),
        }
    }
}

impl From<&Param<'_>> for Value {
    fn from(param: &Param<'_>) -> Self {
        match param {
            Param::Null => Self::Null,
            Param::Int(value) => Self::Int(*value),
            Param::Text(text) => Self::Text((*text).to_owned()),
            Param::Bytes(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

impl<'a, V: Into<Param<'a>>> From<Option<V>> for Param<'a> {
    fn from(value: Option<V>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The parameters of a statement, in order.
macro_rules! params {
    ($($value:expr),* $(,)?) => { &[$($crate::store::tx::Param::from($value)),*] };
}

pub(super) use params;

/// A count as the integer it is stored as.
pub(super) fn stored_count(count: u64) -> Result<i64, StoreError> {
    i64::try_from(count).map_err(|_| StoreError::Internal("a count is too large to be stored".to_owned()))
}
