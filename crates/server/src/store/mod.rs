//! The store: operations, written once, and the engines they run on.
//!
//! An operation is a type named after an event, with its arguments as fields. [`Store::write`] runs it wholly or not at
//! all and answers when it is on disk; [`Store::read`] runs one that only reads, beside the changes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) mod audit;
pub(crate) mod copy;
mod error;
pub(crate) mod keys;
pub(crate) mod mail_tokens;
mod meta;
pub(crate) mod outbox;
mod postgres;
pub(crate) mod revocations;
pub(crate) mod sessions;
mod sql;
mod sqlite;
pub(crate) mod status;
pub(crate) mod tries;
mod tx;
mod url;
pub(crate) mod users;

#[cfg(test)]
pub(crate) mod conformance;

use crate::domain::audit::Line;
use sessions::{RotateOutcome, RotateSession};

pub use error::BackupError;
pub(crate) use error::{OpenError, StoreError};
pub(crate) use postgres::Limits;
pub(crate) use tx::{Op, ReadOp};
pub(crate) use url::InvalidStoreUrl;
pub(crate) use url::StoreUrl;

/// An open store. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    engine: Engine,
    /// Changes that found no room.
    unroomed: Arc<AtomicU64>,
}

#[derive(Clone, Debug)]
enum Engine {
    Sqlite(sqlite::Sqlite),
    Postgres(postgres::Postgres),
}

impl Store {
    /// Opens the store and brings its tables up to date; makes a file when there is none. Takes some milliseconds, or longer
    /// while another process does the same. The limits are those of a PostgreSQL server.
    pub(crate) async fn open(url: &StoreUrl, limits: Limits) -> Result<Self, OpenError> {
        let engine = match url {
            StoreUrl::Sqlite { path } => Engine::Sqlite(open_file(path.clone()).await?),
            StoreUrl::Postgres(address) => Engine::Postgres(Box::pin(postgres::Postgres::open(address, limits)).await?),
        };
        Ok(Self::on(engine))
    }

    fn on(engine: Engine) -> Self {
        Self { engine, unroomed: Arc::default() }
    }

    /// What [`open`](Self::open) would refuse without touching the store.
    pub(crate) fn check(url: &StoreUrl) -> Result<(), OpenError> {
        match url {
            StoreUrl::Sqlite { .. } => Ok(()),
            StoreUrl::Postgres(address) => postgres::Postgres::check(address),
        }
    }

    /// Makes a change; answers when it is on disk. The change happens even if the caller stops waiting for the answer.
    pub(crate) async fn write<O: Op>(&self, op: O) -> Result<O::Output, StoreError> {
        let written = match &self.engine {
            Engine::Sqlite(engine) => engine.write(op).await,
            Engine::Postgres(engine) => engine.write(op).await,
        };
        self.noted(written)
    }

    /// Rotates a session: what [`write`](Self::write) would do, and with others in one statement where that is faster.
    pub(crate) async fn rotate(&self, op: RotateSession) -> Result<RotateOutcome, StoreError> {
        let rotated = match &self.engine {
            Engine::Sqlite(engine) => {
                let (policies, now, waiting) = (op.policies.clone(), op.now, op.waiting);
                let rotated = engine.write(op).await;
                policies.note(now, waiting.so_far(), rotated.is_ok());
                rotated
            }
            // It knows of an answer also when nobody waits for it any more.
            Engine::Postgres(engine) => engine.rotate(op).await,
        };
        self.noted(rotated)
    }

    fn noted<T>(&self, changed: Result<T, StoreError>) -> Result<T, StoreError> {
        if matches!(changed, Err(StoreError::Full)) {
            self.unroomed.fetch_add(1, Ordering::Relaxed);
        }
        changed
    }

    /// Reads what has been changed so far.
    pub(crate) async fn read<O: ReadOp>(&self, op: O) -> Result<O::Output, StoreError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.read(op).await,
            Engine::Postgres(engine) => engine.read(op).await,
        }
    }

    /// Whether the store can be written to, found out by writing to it. That takes no room: see [`unroomed`](Self::unroomed).
    pub(crate) async fn ping(&self) -> Result<(), StoreError> {
        self.write(meta::Ping).await
    }

    /// How many changes have found no room since the store was opened.
    pub(crate) fn unroomed(&self) -> u64 {
        self.unroomed.load(Ordering::Relaxed)
    }

    /// Tells when an end or a key may have been added, whichever process did it: the value changes within 100 ms of a commit
    /// to a file. With a PostgreSQL server it takes milliseconds, and a second at most where notifications are lost.
    pub(crate) fn watch(&self) -> Result<tokio::sync::watch::Receiver<u64>, StoreError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.watch(),
            Engine::Postgres(engine) => Ok(engine.watch()),
        }
    }

    /// Writes a copy of the store, as it is at one moment, to a new file. Changes go on meanwhile.
    pub(crate) async fn back_up(&self, file: PathBuf) -> Result<(), BackupError> {
        match &self.engine {
            Engine::Sqlite(engine) => engine.back_up(file).await,
            Engine::Postgres(engine) => Err(BackupError::Postgres(engine.name().to_owned())),
        }
    }

    /// Puts such a copy where there is no store yet. Blocks for as long as copying takes. The line goes into the
    /// trail of the new store; its time is one that no earlier state of the store has seen.
    pub(crate) fn restore(file: &Path, url: &StoreUrl, line: &Line) -> Result<(), BackupError> {
        match url {
            StoreUrl::Sqlite { path } => sqlite::Sqlite::restore(file, path, line, sqlite::Options::default()),
            StoreUrl::Postgres(address) => Err(BackupError::Postgres(address.to_string())),
        }
    }

    /// Finishes every change that was accepted, and then refuses all others with [`StoreError::Closed`].
    pub(crate) async fn close(&self) {
        match &self.engine {
            Engine::Sqlite(engine) => engine.close().await,
            Engine::Postgres(engine) => engine.close().await,
        }
    }
}

/// Opening a file migrates, syncs and takes locks, so it is kept off the threads that serve.
async fn open_file(path: PathBuf) -> Result<sqlite::Sqlite, OpenError> {
    let file = path.clone();
    let opened = tokio::task::spawn_blocking(move || sqlite::Sqlite::open(&file, sqlite::Options::default())).await;
    opened.unwrap_or_else(|error| {
        Err(OpenError::Store { path, source: StoreError::Internal(format!("opening it did not end: {error}")) })
    })
}
