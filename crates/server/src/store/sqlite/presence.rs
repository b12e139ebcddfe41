//! Whether the files are still where they were opened.
//!
//! SQLite goes on writing to a file that was moved away or deleted, or whose disk was replaced under its folder. What it
//! writes is then in no file that the next start would find, and must not be answered as done.

use std::io;
use std::path::{Path, PathBuf};

use crate::store::error::StoreError;

/// The database and its write-ahead log, as they were opened.
#[derive(Debug)]
pub(super) struct Presence(Vec<(PathBuf, Identity)>);

impl Presence {
    /// Notes the files of a database that is open.
    pub(super) fn of(database: &Path) -> Result<Self, StoreError> {
        let mut log = database.as_os_str().to_owned();
        log.push("-wal");
        let files = [database.to_owned(), log.into()].into_iter();
        let noted = files.map(|file| identity(&file).map(|identity| (file, identity))).collect::<io::Result<_>>();
        noted.map(Self).map_err(|error| StoreError::Unavailable(error.to_string()))
    }

    /// Fails when one of them is no longer there, or another file is in its place.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let gone = self.0.iter().find(|(file, noted)| !identity(file).is_ok_and(|found| found == *noted));
        gone.map_or(Ok(()), |(file, _)| {
            Err(StoreError::Unavailable(format!("{} was moved or replaced while it was open", file.display())))
        })
    }
}

/// What tells a file from every other, whatever its name.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
fn identity(file: &Path) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    file.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Elsewhere a file that is open cannot be moved.
#[cfg(not(unix))]
type Identity = ();

#[cfg(not(unix))]
fn identity(_: &Path) -> io::Result<Identity> {
    Ok(())
}
