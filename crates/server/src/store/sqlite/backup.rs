//! A copy of the database as it is at one moment, made while it is written to; and the way back.
//!
//! Either file appears under its name only when it is whole, checked and on disk.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::error::store_error;
use super::transaction::{SqliteTx, complete};
use super::{Options, connect, migrate};
use crate::domain::audit::Line;
use crate::store::error::{BackupError, OpenError, StoreError};
use crate::store::{audit, revocations};

/// Writes a copy to a new file, which only its owner can read.
///
/// The copy is read within one snapshot, beside the writer. Until it is done the write-ahead log cannot start again.
pub(super) fn back_up(database: &Path, file: &Path, options: Options) -> Result<(), BackupError> {
    let connection = connect::plain(database, options)?;
    appear(file, file, options, |partial| {
        let name = partial.to_str().ok_or_else(|| inaccessible(partial, "its name is not UTF-8"))?;
        connection.execute("VACUUM INTO ?1", [name]).map_err(|error| store_error(&error))?;
        Ok(())
    })
}

/// Puts a copy where no database is yet, with a line about it in the trail. Its time is a number that no earlier state of this
/// database had: whoever follows its revocation feed sees that the numbering is another one.
pub(super) fn restore(file: &Path, database: &Path, line: &Line, options: Options) -> Result<(), BackupError> {
    refuse_existing(database)?;
    // A log that was left of another database would be taken for a part of this one.
    for rest in ["-wal", "-shm", "-journal"] {
        refuse_existing(&with_suffix(database, rest))?;
    }
    appear(database, file, options, |partial| {
        fs::copy(file, partial).map_err(|error| inaccessible(file, &error.to_string()))?;
        check(partial, file, options)?;
        begin_epoch(partial, line, options)
    })
}

fn begin_epoch(database: &Path, line: &Line, options: Options) -> Result<(), BackupError> {
    let mut connection = connect::plain(database, options)?;
    let mut tx = SqliteTx::new(&mut connection);
    let begun = complete(async {
        revocations::begin_epoch(&mut tx, line.at).await?;
        audit::append(&mut tx, line).await
    });
    tx.settle(&begun)?;
    Ok(begun?)
}

/// Writes a file under another name, checks it, and gives it its name. `copy` is the file to name when it is no good.
fn appear(
    file: &Path,
    copy: &Path,
    options: Options,
    write: impl FnOnce(&Path) -> Result<(), BackupError>,
) -> Result<(), BackupError> {
    refuse_existing(file)?;
    let partial = file.with_added_extension("partial");
    // What an earlier attempt left when it was interrupted.
    let _ = fs::remove_file(&partial);
    let partial = connect::prepare_file(&partial)?;
    let done = write(&partial).and_then(|()| check(&partial, copy, options)).and_then(|()| rename(&partial, file));
    if done.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&partial);
    }
    done
}

fn refuse_existing(file: &Path) -> Result<(), BackupError> {
    // A link that leads nowhere is there as well.
    if file.symlink_metadata().is_ok() { Err(BackupError::Exists(file.to_owned())) } else { Ok(()) }
}

/// Whether it is a whole database of ours, of a version that this program knows.
fn check(file: &Path, copy: &Path, options: Options) -> Result<(), BackupError> {
    let connection = connect::plain(file, options).map_err(|error| match error {
        StoreError::Corrupt(_) => BackupError::NotACopy(copy.to_owned()),
        error => BackupError::Store(error),
    })?;
    migrate::check(copy, &connection).map_err(|error| match error {
        OpenError::NotOurs(_) => BackupError::NotACopy(copy.to_owned()),
        error => BackupError::Open(error),
    })?;
    let found = integrity(&connection)?;
    if found == "ok" { Ok(()) } else { Err(BackupError::Damaged { found }) }
}

fn integrity(connection: &Connection) -> Result<String, StoreError> {
    connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0)).map_err(|error| store_error(&error))
}

fn rename(partial: &Path, file: &Path) -> Result<(), BackupError> {
    let failed = |error: std::io::Error| inaccessible(file, &error.to_string());
    File::open(partial).and_then(|partial| partial.sync_all()).map_err(failed)?;
    refuse_existing(file)?;
    fs::rename(partial, file).map_err(failed)?;
    connect::sync_directory(partial.parent().unwrap_or(Path::new("/"))).map_err(failed)
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

fn inaccessible(path: &Path, reason: &str) -> BackupError {
    BackupError::Open(OpenError::Inaccessible { path: path.to_owned(), reason: reason.to_owned() })
}
