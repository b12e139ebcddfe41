//! Bringing the tables up to date.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::error::store_error;
use super::transaction::run as run_statement;
use crate::store::error::{OpenError, StoreError};

/// The steps from nothing to now, in order. One that was released is never changed.
const MIGRATIONS: &[&str] = &[include_str!("../migrations/sqlite/0001_begin.sql")];

/// Marks the file as ours ("JOTG"), for us and for tools like `file`.
const APPLICATION_ID: i64 = 0x4a4f_5447;

/// Takes the steps that are missing, in one transaction. Of two processes that start at once one waits for the other.
pub(super) fn run(path: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let failed = |source| OpenError::Store { path: path.to_owned(), source };
    run_statement(connection, "BEGIN IMMEDIATE").map_err(failed)?;
    let outcome = upgrade(path, connection);
    let end = if outcome.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = run_statement(connection, end).map_err(failed);
    outcome.and(ended)
}

/// Refuses a file that is not a database of ours, or of a version that this program does not know. Changes nothing.
pub(super) fn check(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let id = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    // A file in which nothing can be read is none of ours either.
    if connection.query_row("PRAGMA application_id", [], id).unwrap_or_default() != APPLICATION_ID {
        return Err(OpenError::NotOurs(path.to_owned()));
    }
    let found = connection.query_row("SELECT number FROM meta WHERE name = 'schema'", [], id);
    let found = found.map_err(|error| OpenError::Store { path: path.to_owned(), source: store_error(&error) })?;
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if found > known { Err(OpenError::Newer { path: path.to_owned(), found, known }) } else { Ok(()) }
}

fn upgrade(path: &Path, connection: &Connection) -> Result<(), OpenError> {
    let failed = |error: rusqlite::Error| OpenError::Store { path: path.to_owned(), source: store_error(&error) };
    if !is_ours(connection).map_err(failed)? {
        return Err(OpenError::NotOurs(path.to_owned()));
    }
    let found = version(connection).map_err(failed)?;
    let known = MIGRATIONS.len() as u64;
    match usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..)) {
        Some([]) => Ok(()),
        Some(missing) => take(connection, missing, known).map_err(failed),
        None if found < 0 => Err(OpenError::Store { path: path.to_owned(), source: unreadable() }),
        None => Err(OpenError::Newer { path: path.to_owned(), found, known: MIGRATIONS.len().try_into().unwrap_or(0) }),
    }
}

/// A file is ours if it says so, or if there is nothing in it.
fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let id: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(id == APPLICATION_ID || (id == 0 && tables == 0))
}

/// How many steps have been taken.
fn version(connection: &Connection) -> rusqlite::Result<i64> {
    let table = "CREATE TABLE IF NOT EXISTS meta (name TEXT NOT NULL PRIMARY KEY, number INTEGER NOT NULL) \
                 STRICT, WITHOUT ROWID";
    connection.execute(table, [])?;
    let read = "SELECT number FROM meta WHERE name = 'schema'";
    Ok(connection.query_row(read, [], |row| row.get(0)).optional()?.unwrap_or(0))
}

fn take(connection: &Connection, missing: &[&str], version: u64) -> rusqlite::Result<()> {
    for step in missing {
        connection.execute_batch(step)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    let write = "INSERT INTO meta (name, number) VALUES ('schema', ?1) \
                 ON CONFLICT (name) DO UPDATE SET number = excluded.number";
    connection.execute(write, [i64::try_from(version).unwrap_or(i64::MAX)]).map(drop)
}

fn unreadable() -> StoreError {
    StoreError::corrupt("its version is negative")
}
