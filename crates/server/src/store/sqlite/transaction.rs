//! An operation's part of a transaction.
//!
//! Many operations share a transaction. Each can be undone by itself: before its first change it takes a savepoint, or
//! does without when it promises that the change is its only one.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use rusqlite::{CachedStatement, Connection, params_from_iter};

use super::error::store_error;
use super::row::SqliteRow;
use crate::store::error::StoreError;
use crate::store::sql::Sql;
use crate::store::tx::{FromRow, Param, Tx};

/// What an operation sees of the transaction it is part of.
pub(super) struct SqliteTx<'c> {
    connection: &'c mut Connection,
    changes: Changes,
}

/// What an operation has changed so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Changes {
    None,
    /// It can be undone by rolling back to its savepoint.
    SinceSavepoint,
    /// It can be undone only with the whole transaction.
    Alone,
}

impl<'c> SqliteTx<'c> {
    pub(super) fn new(connection: &'c mut Connection) -> Self {
        Self { connection, changes: Changes::None }
    }

    /// Keeps the changes of an operation that went well, or undoes those of one that failed.
    ///
    /// An error means that the transaction cannot go on, and that all of it must be rolled back.
    pub(super) fn settle<O>(self, result: &Result<O, StoreError>) -> Result<(), StoreError> {
        match (result, self.changes) {
            // After some errors, a full disk among them, SQLite has rolled everything back by itself.
            (Err(error), _) if self.connection.is_autocommit() => Err(error.clone()),
            (Err(error), Changes::Alone) => Err(error.clone()),
            (Ok(_), Changes::Alone) | (_, Changes::None) => Ok(()),
            (Ok(_), Changes::SinceSavepoint) => run(self.connection, "RELEASE operation"),
            (Err(_), Changes::SinceSavepoint) => {
                run(self.connection, "ROLLBACK TO operation")?;
                run(self.connection, "RELEASE operation")
            }
        }
    }

    /// The statement, and before the first that changes something the savepoint.
    fn prepare(&mut self, sql: Sql) -> Result<CachedStatement<'_>, StoreError> {
        let statement = self.connection.prepare_cached(sql.sqlite()).map_err(|error| store_error(&error))?;
        if self.changes != Changes::SinceSavepoint && !statement.readonly() {
            if self.changes == Changes::Alone {
                return Err(StoreError::Internal("a change after the one that was to be the only one".to_owned()));
            }
            run(self.connection, "SAVEPOINT operation")?;
            self.changes = Changes::SinceSavepoint;
        }
        Ok(statement)
    }
}

impl Tx for SqliteTx<'_> {
    async fn execute(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<u64, StoreError> {
        execute(&mut self.prepare(sql)?, params)
    }

    async fn execute_alone(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<u64, StoreError> {
        if self.changes != Changes::None {
            return execute(&mut self.prepare(sql)?, params);
        }
        let mut statement = self.connection.prepare_cached(sql.sqlite()).map_err(|error| store_error(&error))?;
        // A statement that fails undoes itself, so only one that went well counts as a change.
        let rows = execute(&mut statement, params)?;
        if rows > 0 {
            self.changes = Changes::Alone;
        }
        Ok(rows)
    }

    async fn execute_along(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<(), StoreError> {
        self.execute(sql, params).await.map(drop)
    }

    async fn first<R: FromRow>(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<Option<R>, StoreError> {
        let mut found = None;
        for_each(&mut self.prepare(sql)?, params, |row| {
            if found.is_none() {
                found = Some(R::from_row(&row)?);
            }
            Ok(())
        })?;
        Ok(found)
    }

    async fn first_and_all<R: FromRow, S: FromRow>(
        &mut self,
        first: (Sql, &[Param<'_>]),
        all: (Sql, &[Param<'_>]),
    ) -> Result<(Option<R>, Vec<S>), StoreError> {
        Ok((self.first(first.0, first.1).await?, self.all(all.0, all.1).await?))
    }

    async fn all<R: FromRow>(&mut self, sql: Sql, params: &[Param<'_>]) -> Result<Vec<R>, StoreError> {
        let mut found = Vec::new();
        for_each(&mut self.prepare(sql)?, params, |row| {
            found.push(R::from_row(&row)?);
            Ok(())
        })?;
        Ok(found)
    }
}

fn execute(statement: &mut CachedStatement<'_>, params: &[Param<'_>]) -> Result<u64, StoreError> {
    let rows = statement.execute(params_from_iter(params)).map_err(|error| store_error(&error))?;
    Ok(rows as u64)
}

/// Steps through the whole result, as a change with `RETURNING` needs.
fn for_each(
    statement: &mut CachedStatement<'_>,
    params: &[Param<'_>],
    mut read: impl FnMut(SqliteRow<'_, '_>) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let mut rows = statement.query(params_from_iter(params)).map_err(|error| store_error(&error))?;
    while let Some(row) = rows.next().map_err(|error| store_error(&error))? {
        read(SqliteRow(row))?;
    }
    Ok(())
}

/// Runs a statement without parameters, such as `BEGIN`.
pub(super) fn run(connection: &Connection, sql: &str) -> Result<(), StoreError> {
    let done = connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
    done.map(drop).map_err(|error| store_error(&error))
}

/// Runs an operation to its end. On SQLite nothing it awaits is ever pending.
pub(super) fn complete<O>(operation: impl Future<Output = Result<O, StoreError>>) -> Result<O, StoreError> {
    match pin!(operation).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result,
        Poll::Pending => Err(StoreError::Internal("an operation waited for something besides the store".to_owned())),
    }
}
