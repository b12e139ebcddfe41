//! SQLite: one writer thread with group commit, checkpoints on a second connection, readers on their own.
//!
//! Nothing here keeps state that another process on the same file could make wrong: the command line may write while a
//! server runs.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::error::{BackupError, OpenError, StoreError};
use super::tx::{Op, ReadOp};
use crate::domain::audit::Line;

mod backup;
mod batch;
mod checkpoint;
mod connect;
mod error;
mod migrate;
mod presence;
mod reader;
mod row;
mod transaction;
mod watcher;
mod writer;

use presence::Presence;
use reader::Readers;
use watcher::Watcher;
use writer::Writer;

/// Limits of the engine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Options {
    /// Changes that may wait; the next one is refused.
    pub(super) queue: usize,
    /// Milliseconds to wait while another process holds the database.
    pub(super) busy_millis: u32,
    /// How long a caller waits for the answer to a change.
    pub(super) patience: Duration,
    /// Connections for reading.
    pub(super) readers: usize,
    /// Pages in the write-ahead log from which on the writer helps to bring it back to nothing.
    pub(super) long_log: u64,
}

impl Default for Options {
    fn default() -> Self {
        // 32768 pages are 128 MiB, which a restart reads in a moment. All changes wait while the writer helps: for some milliseconds,
        // which is nothing once in some seconds, and more than a hundredth of all with a log of a quarter of that.
        Self { queue: 4096, busy_millis: 4000, patience: Duration::from_secs(5), readers: 4, long_log: 32_768 }
    }
}

/// An open SQLite database. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Sqlite {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    options: Options,
    writer: Writer,
    readers: Readers,
    watcher: Mutex<Option<Watcher>>,
}

impl Sqlite {
    /// Opens the database file, or creates it.
    pub(super) fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        connect::check_library()?;
        let path = connect::prepare_file(path)?;
        let mut connection = connect::writer(&path, options)?;
        migrate::run(&path, &mut connection)?;
        let failed = |source| OpenError::Store { path: path.clone(), source };
        let second = connect::plain(&path, options).map_err(failed)?;
        let presence = Presence::of(&path).map_err(failed)?;
        let writer = Writer::start((connection, second), presence, options).map_err(failed)?;
        let readers = Readers::new(path.clone(), options);
        Ok(Self { shared: Arc::new(Shared { path, options, writer, readers, watcher: Mutex::new(None) }) })
    }

    /// See [`super::Store::write`].
    pub(super) async fn write<O: Op>(&self, op: O) -> Result<O::Output, StoreError> {
        self.shared.writer.write(op).await
    }

    /// See [`super::Store::read`].
    pub(super) async fn read<O: ReadOp>(&self, op: O) -> Result<O::Output, StoreError> {
        self.shared.readers.read(op).await
    }

    /// See [`super::Store::watch`]. The first call starts the watching.
    pub(super) fn watch(&self) -> Result<watch::Receiver<u64>, StoreError> {
        if let Some(watcher) = &*self.watcher() {
            return Ok(watcher.subscribe());
        }
        let started = Watcher::start(connect::reader(&self.shared.path, self.shared.options)?)?;
        Ok(self.watcher().get_or_insert(started).subscribe())
    }

    /// See [`super::Store::back_up`].
    pub(super) async fn back_up(&self, file: PathBuf) -> Result<(), BackupError> {
        let (database, options) = (self.shared.path.clone(), self.shared.options);
        let copied = tokio::task::spawn_blocking(move || backup::back_up(&database, &file, options)).await;
        copied.unwrap_or_else(|error| Err(StoreError::Internal(format!("a backup did not end: {error}")).into()))
    }

    /// See [`super::Store::restore`].
    pub(super) fn restore(file: &Path, database: &Path, line: &Line, options: Options) -> Result<(), BackupError> {
        connect::check_library()?;
        backup::restore(file, database, line, options)
    }

    /// See [`super::Store::close`].
    pub(super) async fn close(&self) {
        self.shared.writer.close().await;
        self.shared.readers.close();
        self.watcher().take();
    }

    /// The lock is held for a look or a change, and never while a connection is opened.
    fn watcher(&self) -> MutexGuard<'_, Option<Watcher>> {
        self.shared.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(in crate::store) mod tests;
