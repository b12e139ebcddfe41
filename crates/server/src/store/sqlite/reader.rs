//! Reading beside the writer, each read on a snapshot of its own.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use super::Options;
use super::connect;
use super::transaction::{SqliteTx, complete, run};
use crate::store::error::StoreError;
use crate::store::tx::ReadOp;

/// Some connections for reading, opened when they are first needed.
#[derive(Clone)]
pub(super) struct Readers {
    pool: Arc<Pool>,
    /// As many permits as there may be connections.
    permits: Arc<Semaphore>,
}

struct Pool {
    path: PathBuf,
    options: Options,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    pub(super) fn new(path: PathBuf, options: Options) -> Self {
        let pool = Arc::new(Pool { path, options, idle: Mutex::new(Vec::new()) });
        Self { pool, permits: Arc::new(Semaphore::new(options.readers)) }
    }

    /// Reads here and now, which takes microseconds, or on a thread for blocking work if many rows may be read.
    pub(super) async fn read<O: ReadOp>(&self, op: O) -> Result<O::Output, StoreError> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StoreError::Closed)?;
        if !O::SCAN {
            return self.pool.read(&op);
        }
        let pool = Arc::clone(&self.pool);
        let scan = move || {
            let result = pool.read(&op);
            drop(permit);
            result
        };
        let joined = tokio::task::spawn_blocking(scan).await;
        joined.unwrap_or_else(|error| Err(StoreError::Internal(format!("a read did not end: {error}"))))
    }

    /// Refuses further reads and closes the connections.
    pub(super) fn close(&self) {
        self.permits.close();
        self.pool.idle().clear();
    }
}

impl fmt::Debug for Readers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readers").field("free", &self.permits.available_permits()).finish_non_exhaustive()
    }
}

impl Pool {
    fn read<O: ReadOp>(&self, op: &O) -> Result<O::Output, StoreError> {
        let mut connection = self.take()?;
        let result = snapshot(&mut connection, op);
        // A connection that is still inside a transaction is of no use any more.
        if connection.is_autocommit() {
            self.idle().push(connection);
        }
        result
    }

    /// The lock is held for the moment of taking or giving back, and never while reading.
    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Result<Connection, StoreError> {
        let idle = self.idle().pop();
        idle.map_or_else(|| connect::reader(&self.path, self.options), Ok)
    }
}

fn snapshot<O: ReadOp>(connection: &mut Connection, op: &O) -> Result<O::Output, StoreError> {
    run(connection, "BEGIN")?;
    let result = complete(op.run(&mut SqliteTx::new(connection)));
    let ended = run(connection, if result.is_ok() { "COMMIT" } else { "ROLLBACK" });
    result.and_then(|output| ended.map(|()| output))
}
