//! Noticing commits, also those of another process on the same file.

use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::watch;

use super::error::store_error;
use crate::store::error::StoreError;

/// How often to look. Looking reads a few bytes of shared memory.
const INTERVAL: Duration = Duration::from_millis(100);

/// A thread that looks for commits until this is dropped.
#[derive(Debug)]
pub(super) struct Watcher {
    seen: watch::Receiver<u64>,
    /// Dropping it ends the thread.
    _stop: Sender<()>,
}

impl Watcher {
    /// Starts looking, on a connection of its own: SQLite's count tells what *other* connections have committed.
    pub(super) fn start(connection: Connection) -> Result<Self, StoreError> {
        let (stop, stopped) = channel::<()>();
        let (commits, seen) = watch::channel(0);
        let mut version = data_version(&connection)?;
        let look = move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                match data_version(&connection) {
                    Ok(now) if now == version => {}
                    Ok(now) => {
                        version = now;
                        commits.send_modify(|count| *count += 1);
                    }
                    Err(error) => tracing::warn!(%error, "cannot see whether the database was changed"),
                }
            }
        };
        let thread = thread::Builder::new().name("jotgate-watch".to_owned());
        thread.spawn(look).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(Self { seen, _stop: stop })
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.seen.clone()
    }
}

fn data_version(connection: &Connection) -> Result<i64, StoreError> {
    let read = connection.prepare_cached("PRAGMA data_version").and_then(|mut s| s.query_row([], |row| row.get(0)));
    read.map_err(|error| store_error(&error))
}
