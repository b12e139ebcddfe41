//! PostgreSQL: an operation is a transaction on a connection of a pool, with the rows that it decides by held.
//!
//! Nothing here keeps state that another server on the same database could make wrong.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};

use super::error::{OpenError, StoreError};
use super::sessions::{RotateOutcome, RotateSession};
use super::tx::{Op, ReadOp};
use crate::clock::monotonic;

mod address;
mod connection;
mod error;
mod migrate;
mod outcome;
mod pool;
mod rotations;
mod row;
mod tls;
mod transaction;
mod watcher;

pub(crate) use address::Address;
use connection::Connector;
use error::Fault;
use outcome::{Outcome, Witness};
use pool::Pool;
use rotations::Rotations;
use transaction::Attempt;
use watcher::{Crier, Watcher};

/// How often an operation is run when others are in its way or its connection is lost, before its caller is told.
const ATTEMPTS: u32 = 8;
/// How long to try to find out what became of a commit, and how long to wait between two tries.
const RESOLVE_WITHIN: Duration = Duration::from_secs(15);
const RESOLVE_PAUSE: Duration = Duration::from_millis(100);

/// Limits of the engine.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Connections for transactions; one more listens.
    pub(crate) max_connections: usize,
    /// How long to wait for a connection, free or new.
    pub(crate) connect_timeout: Duration,
    /// How long a statement may take.
    pub(crate) statement_timeout: Duration,
    /// Operations that may be under way or wait; the next one is refused.
    pub(crate) queue: u32,
}

/// An open database of a PostgreSQL server. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Postgres {
    shared: Arc<Shared>,
    rotations: Arc<Rotations>,
}

#[derive(Debug)]
struct Shared {
    name: String,
    connector: Connector,
    pool: Pool,
    /// As many permits as operations may be under way or wait.
    admission: Arc<Semaphore>,
    limits: Limits,
    closing: AtomicBool,
    crier: Crier,
    watcher: Mutex<Option<Watcher>>,
}

impl Postgres {
    /// Connects, and brings the tables up to date.
    pub(super) async fn open(address: &Address, limits: Limits) -> Result<Self, OpenError> {
        let connector = Connector::new(address, limits)?;
        migrate::run(address, &connector).await?;
        let failed = |source| OpenError::Server { name: address.to_string(), source };
        let pool = Pool::new(connector.clone(), limits).map_err(failed)?;
        let crier = Crier::start(pool.clone());
        let admission = Arc::new(Semaphore::new(limits.queue as usize));
        let (closing, watcher) = (AtomicBool::new(false), Mutex::new(None));
        let name = address.to_string();
        let shared = Arc::new(Shared { name, connector, pool, admission, limits, closing, crier, watcher });
        let rotations = Arc::new(Rotations::start(Arc::clone(&shared)));
        Ok(Self { shared, rotations })
    }

    /// The database for people, without a password.
    pub(super) fn name(&self) -> &str {
        &self.shared.name
    }

    /// What [`open`](Self::open) would refuse of an address without connecting.
    pub(super) fn check(address: &Address) -> Result<(), OpenError> {
        tls::connector(address).map(drop)
    }

    /// See [`super::Store::write`].
    pub(super) async fn write<O: Op>(&self, op: O) -> Result<O::Output, StoreError> {
        let permit = self.shared.admit()?;
        let shared = Arc::clone(&self.shared);
        let change = tokio::spawn(async move {
            let result = shared.change(&op).await;
            drop(permit);
            result
        });
        change.await.unwrap_or_else(|_| Err(StoreError::Internal("an operation panicked".to_owned())))
    }

    /// See [`super::Store::rotate`].
    pub(super) async fn rotate(&self, op: RotateSession) -> Result<RotateOutcome, StoreError> {
        let permit = self.shared.admit()?;
        self.rotations.rotate(op, permit).await
    }

    /// See [`super::Store::read`].
    pub(super) async fn read<O: ReadOp>(&self, op: O) -> Result<O::Output, StoreError> {
        let _permit = self.shared.admit()?;
        let mut attempt = 0;
        loop {
            match self.shared.look(&op).await {
                Err(Fault::Conflict(_) | Fault::Lost(_)) if attempt < ATTEMPTS => attempt += 1,
                result => return result.map_err(|fault| fault.error().clone()),
            }
        }
    }

    /// See [`super::Store::watch`]. The first call starts the watching.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        let mut watcher = self.watcher();
        watcher.get_or_insert_with(|| Watcher::start(self.shared.connector.clone())).subscribe()
    }

    /// See [`super::Store::close`].
    pub(super) async fn close(&self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        // All permits are back when everything that was accepted has ended. An error means that it is closed already.
        let _ = self.shared.admission.acquire_many(self.shared.limits.queue).await;
        self.shared.admission.close();
        self.shared.crier.finish().await;
        self.watcher().take();
        self.shared.pool.close();
    }

    /// The lock is held for a look or a change, and never across a wait.
    fn watcher(&self) -> MutexGuard<'_, Option<Watcher>> {
        self.shared.watcher.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn admit(&self) -> Result<tokio::sync::OwnedSemaphorePermit, StoreError> {
        if self.closing.load(Ordering::SeqCst) {
            return Err(StoreError::Closed);
        }
        Arc::clone(&self.admission).try_acquire_owned().map_err(|error| match error {
            tokio::sync::TryAcquireError::NoPermits => StoreError::Overloaded,
            tokio::sync::TryAcquireError::Closed => StoreError::Closed,
        })
    }

    /// Runs an operation until it is committed, or until it is certain that it is not and will not be.
    async fn change<O: Op>(&self, op: &O) -> Result<O::Output, StoreError> {
        let (mut attempt, mut presumes) = (0, true);
        loop {
            attempt += 1;
            let began = monotonic();
            match self.attempt(op, presumes).await {
                Attempt::Done(output, announced) => {
                    if announced {
                        self.crier.cry();
                    }
                    return Ok(output);
                }
                Attempt::Unknown(output, witness) => match self.resolve(&witness, began.elapsed()).await? {
                    Outcome::Committed => {
                        self.crier.cry();
                        return Ok(output);
                    }
                    Outcome::Undone if attempt < ATTEMPTS => {}
                    Outcome::Undone => return Err(StoreError::Unavailable("commits are being lost".to_owned())),
                },
                Attempt::Failed(Fault::Presumed(_)) if presumes => presumes = false,
                Attempt::Failed(Fault::Conflict(_) | Fault::Lost(_)) if attempt < ATTEMPTS => {}
                Attempt::Failed(fault) => return Err(fault.error().clone()),
            }
        }
    }

    async fn attempt<O: Op>(&self, op: &O, presumes: bool) -> Attempt<O::Output> {
        let mut lease = match self.pool.get().await {
            Ok(lease) => lease,
            // Where there is no connection to be had, more attempts would only keep the caller waiting.
            Err(fault) => return Attempt::Failed(Fault::Final(fault.error().clone())),
        };
        let attempt = match lease.get() {
            Ok(pooled) => transaction::write(pooled, op, presumes).await,
            Err(fault) => Attempt::Failed(fault),
        };
        drop(lease);
        if matches!(attempt, Attempt::Failed(Fault::Lost(_)) | Attempt::Unknown(..)) {
            self.pool.distrust();
        }
        attempt
    }

    async fn look<O: ReadOp>(&self, op: &O) -> Result<O::Output, Fault> {
        let lease = self.pool.get().await;
        let mut lease = lease.map_err(|fault| Fault::Final(fault.error().clone()))?;
        let result = transaction::read(lease.get()?, op).await;
        drop(lease);
        if matches!(result, Err(Fault::Lost(_))) {
            self.pool.distrust();
        }
        result
    }

    async fn ask(&self, witness: &Witness) -> Result<Outcome, Fault> {
        let mut lease = self.pool.get().await?;
        outcome::resolve(&mut lease.get()?.connection, witness).await
    }

    /// Finds out what became of a commit that was lost after so long; goes on for as long as a restart of the database takes, unless
    /// the database has kept silent all the time.
    async fn resolve(&self, witness: &Witness, lost_after: Duration) -> Result<Outcome, StoreError> {
        let was_silent = lost_after >= self.limits.statement_timeout;
        let find_out = async {
            loop {
                let asked = monotonic();
                match self.ask(witness).await {
                    Ok(outcome) => return Ok(outcome),
                    Err(_) if was_silent && asked.elapsed() >= self.limits.connect_timeout => {
                        return Err(StoreError::Unresolved);
                    }
                    Err(Fault::Final(StoreError::Unresolved | StoreError::Closed)) => {
                        return Err(StoreError::Unresolved);
                    }
                    Err(fault) => tracing::debug!(error = %fault.error(), "what became of a commit is not known yet"),
                }
                tokio::time::sleep(RESOLVE_PAUSE).await;
            }
        };
        tokio::time::timeout(RESOLVE_WITHIN, find_out).await.unwrap_or(Err(StoreError::Unresolved))
    }
}

#[cfg(test)]
mod tests;
