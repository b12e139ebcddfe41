//! The store: operations, written once, and the engine they run on.
//!
//! An operation is a type named after an event, with its arguments as fields. [`Store::write`] runs it wholly or not at
//! all and answers when it is on disk; [`Store::read`] runs one that only reads, beside the changes.

use std::path::{Path, PathBuf};

pub(crate) mod copy;
mod error;
pub(crate) mod keys;
mod meta;
pub(crate) mod revocations;
pub(crate) mod sessions;
mod sql;
mod sqlite;
pub(crate) mod status;
mod tx;
mod url;
pub(crate) mod users;

#[cfg(test)]
mod conformance;

pub use error::BackupError;
pub(crate) use error::{OpenError, StoreError};
pub(crate) use tx::{Op, ReadOp};
pub(crate) use url::InvalidStoreUrl;
pub(crate) use url::StoreUrl;

/// An open store. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    engine: sqlite::Sqlite,
}

impl Store {
    /// Opens the store, creates it when there is none, and brings its tables up to date. Blocks for some milliseconds,
    /// or longer while another process does the same.
    pub(crate) fn open(url: &StoreUrl) -> Result<Self, OpenError> {
        match url {
            StoreUrl::Sqlite { path } => {
                sqlite::Sqlite::open(path, sqlite::Options::default()).map(|engine| Self { engine })
            }
        }
    }

    /// Makes a change; answers when it is on disk. The change happens even if the caller stops waiting for the answer.
    pub(crate) async fn write<O: Op>(&self, op: O) -> Result<O::Output, StoreError> {
        self.engine.write(op).await
    }

    /// Reads what has been changed so far.
    pub(crate) async fn read<O: ReadOp>(&self, op: O) -> Result<O::Output, StoreError> {
        self.engine.read(op).await
    }

    /// Whether the store can be written to, found out by writing to it.
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.engine.write(meta::Ping).await
    }

    /// Tells when something may have changed, whichever process did it: the value changes within 100 ms of a commit.
    pub(crate) fn watch(&self) -> Result<tokio::sync::watch::Receiver<u64>, StoreError> {
        self.engine.watch()
    }

    /// Writes a copy of the store, as it is at one moment, to a new file. Changes go on meanwhile.
    pub(crate) async fn back_up(&self, file: PathBuf) -> Result<(), BackupError> {
        self.engine.back_up(file).await
    }

    /// Puts such a copy where there is no store yet. Blocks for as long as copying takes.
    pub(crate) fn restore(file: &Path, url: &StoreUrl) -> Result<(), BackupError> {
        match url {
            StoreUrl::Sqlite { path } => sqlite::Sqlite::restore(file, path, sqlite::Options::default()),
        }
    }

    /// Finishes every change that was accepted, and then refuses all others with [`StoreError::Closed`].
    pub(crate) async fn close(&self) {
        self.engine.close().await;
    }
}
