//! Opening connections, each with the settings of its role.

use std::fs::{File, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::Options;
use super::error::store_error;
use crate::store::error::{OpenError, StoreError};

/// The first release in which resetting the write-ahead log cannot lose a commit.
const OLDEST_LIBRARY: i32 = 3_051_003;

/// Pages that a connection keeps, in KiB. There are several connections, and a large database fills them all.
const CACHE_KIB: i32 = 512;
/// The same for the writer.
const WRITER_CACHE_KIB: i32 = 4096;

/// Refuses a library that is too old for the data to be safe.
pub(super) fn check_library() -> Result<(), OpenError> {
    check_version(rusqlite::version_number())
}

fn check_version(found: i32) -> Result<(), OpenError> {
    if found >= OLDEST_LIBRARY {
        return Ok(());
    }
    let name = |number: i32| format!("{}.{}.{}", number / 1_000_000, number / 1000 % 1000, number % 1000);
    Err(OpenError::LibraryTooOld { found: name(found), needed: name(OLDEST_LIBRARY) })
}

/// Creates the file for the owner only if there is none, since SQLite would let everyone read it. Gives the absolute
/// path: one that begins with `file:` would mean something else to SQLite.
pub(super) fn prepare_file(path: &Path) -> Result<PathBuf, OpenError> {
    let inaccessible = |error: std::io::Error| OpenError::Inaccessible { path: path.into(), reason: error.to_string() };
    let path = std::path::absolute(path).map_err(inaccessible)?;
    let directory = path.parent().unwrap_or(Path::new("/"));
    if !directory.is_dir() {
        return Err(OpenError::NoDirectory(directory.to_owned()));
    }
    match create_options().open(&path) {
        // The name must be on disk before the first commit is answered.
        Ok(_) => sync_directory(directory).map_err(inaccessible)?,
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(inaccessible(error)),
    }
    Ok(path)
}

#[cfg(unix)]
fn create_options() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    options
}

#[cfg(not(unix))]
fn create_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    options
}

#[cfg(unix)]
pub(super) fn sync_directory(directory: &Path) -> std::io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_directory(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// The connection of the writer thread; the first to touch the file.
pub(super) fn writer(path: &Path, options: Options) -> Result<Connection, OpenError> {
    let failed = |source| match source {
        StoreError::Unavailable(reason) => OpenError::Inaccessible { path: path.to_owned(), reason },
        StoreError::ReadOnly => {
            OpenError::Inaccessible { path: path.to_owned(), reason: "it cannot be written to".to_owned() }
        }
        StoreError::Corrupt(_) => OpenError::NotOurs(path.to_owned()),
        source => OpenError::Store { path: path.to_owned(), source },
    };
    let connection = plain(path, options).map_err(failed)?;
    keep_log(&connection, options).map_err(failed)?;
    // Room for what the largest batch touches. More would only copy what the system's own cache holds.
    connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(|error| failed(store_error(&error)))?;
    Ok(connection)
}

/// A connection that only reads.
pub(super) fn reader(path: &Path, options: Options) -> Result<Connection, StoreError> {
    let connection = plain(path, options)?;
    connection.pragma_update(None, "query_only", true).map_err(|error| store_error(&error))?;
    Ok(connection)
}

/// A connection with the settings that all have.
pub(super) fn plain(path: &Path, options: Options) -> Result<Connection, StoreError> {
    open(path, options).map_err(|error| store_error(&error))
}

fn open(path: &Path, options: Options) -> rusqlite::Result<Connection> {
    // Each connection stays with one thread at a time.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(wait_for_others(options.busy_millis)))?;
    connection.set_prepared_statement_cache_capacity(128);
    // Without this SQLite plans a statement anew whenever another value is bound to it, which is every time.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    // A file that is cut short under a map ends the process; an error of a read does not.
    connection.pragma_update(None, "mmap_size", 0)?;
    // The checkpoint thread sees to it; a commit never has to.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    connection.pragma_update(None, "journal_size_limit", 256 << 20)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    Ok(connection)
}

/// Looks again every millisecond. SQLite's own handler sleeps up to a tenth of a second, and between two batches of a
/// busy server the database is free for much less: the command line would never get its turn.
fn wait_for_others(millis: u32) -> impl FnMut(i32) -> bool + Send + 'static {
    move |tries| {
        let wait = u32::try_from(tries).is_ok_and(|tries| tries < millis);
        if wait {
            thread::sleep(Duration::from_millis(1));
        }
        wait
    }
}

/// Turns the write-ahead log on. SQLite does not wait for another process that does the same at this moment.
fn keep_log(connection: &Connection, options: Options) -> Result<(), StoreError> {
    let mut waited = wait_for_others(options.busy_millis);
    let mut tries = 0;
    loop {
        let mode = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get::<_, String>(0));
        match mode.map_err(|error| store_error(&error)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => {
                return Err(StoreError::Unavailable(format!("its journal mode is {mode} and cannot be changed")));
            }
            Err(StoreError::Busy) if waited(tries) => tries += 1,
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check_version;

    #[test]
    fn a_library_that_can_lose_commits_is_refused() {
        assert!(check_version(3_051_003).is_ok());
        assert!(check_version(3_054_001).is_ok());
        let message = check_version(3_051_002).unwrap_err().to_string();
        assert!(message.contains("3.51.2") && message.contains("3.51.3"), "{message}");
    }
}
