//! The connections that transactions run on: so many at most, made when they are needed.

use std::sync::Arc;
use std::time::Duration;

use deadpool::managed::{
    Manager, Metrics, Object, Pool as Deadpool, PoolError, RecycleError, RecycleResult, TimeoutType,
};
use tokio::sync::Notify;

use super::Limits;
use super::connection::{Connection, Connector};
use super::error::Fault;
use super::outcome::{self, Witness};
use crate::store::error::StoreError;

/// For how long a connection is used; the database forgets who had one a day ago.
const LIFETIME: Duration = Duration::from_hours(1);

/// A connection for transactions.
#[derive(Debug)]
pub(super) struct Pooled {
    pub(super) connection: Connection,
    /// What its commits are told by.
    pub(super) witness: Witness,
}

/// Some connections. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Pool(Deadpool<Factory>);

#[derive(Debug)]
pub(super) struct Factory(Connector);

impl Pool {
    pub(super) fn new(connector: Connector, limits: Limits) -> Result<Self, StoreError> {
        let pool = Deadpool::builder(Factory(connector))
            .max_size(limits.max_connections)
            .wait_timeout(Some(limits.connect_timeout))
            .create_timeout(Some(limits.connect_timeout))
            .recycle_timeout(Some(limits.connect_timeout))
            .runtime(deadpool::Runtime::Tokio1);
        pool.build().map(Self).map_err(|error| StoreError::Internal(error.to_string()))
    }

    /// A free connection, or a new one; waits for one for as long as the limits say.
    pub(super) async fn get(&self) -> Result<Lease, Fault> {
        let object = self.0.get().await.map_err(|error| match error {
            PoolError::Timeout(TimeoutType::Wait) => Fault::Final(StoreError::Overloaded),
            PoolError::Timeout(_) => {
                Fault::Lost(StoreError::Unavailable("no connection to the database was made in time".to_owned()))
            }
            PoolError::Backend(fault) => fault,
            PoolError::Closed => Fault::Final(StoreError::Closed),
            other => Fault::Final(StoreError::Internal(format!("the pool of connections: {other:?}"))),
        })?;
        Ok(Lease(Some(object)))
    }

    /// Closes those that are free, after one was lost: most likely they lead nowhere too, and trying each in turn would
    /// take the caller a time-out each.
    pub(super) fn distrust(&self) {
        self.0.retain(|_, _| false);
    }

    /// Refuses to give any more and closes those that are free.
    pub(super) fn close(&self) {
        self.0.close();
    }
}

/// A connection that goes back to the pool when it is dropped, unless it is within a transaction, as when its operation
/// panicked: then it is closed at once, so that it holds up no one.
#[derive(Debug)]
pub(super) struct Lease(Option<Object<Factory>>);

impl Lease {
    /// The connection, which is there until this is dropped.
    pub(super) fn get(&mut self) -> Result<&mut Pooled, Fault> {
        let gone = || Fault::Final(StoreError::Internal("a connection was given back too early".to_owned()));
        self.0.as_deref_mut().ok_or_else(gone)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.0.take().filter(|object| object.connection.in_transaction) {
            drop(Object::take(object));
        }
    }
}

impl Manager for Factory {
    type Type = Pooled;
    type Error = Fault;

    async fn create(&self) -> Result<Pooled, Fault> {
        // Connecting is rare and large, and would else be part of every future that may need a connection.
        let connect = Box::pin(async {
            let mut connection = self.0.connect(Arc::new(Notify::new())).await?;
            let witness = outcome::introduce(&mut connection).await?;
            connection.look_for_timelines().await?;
            Ok(Pooled { connection, witness })
        });
        connect.await
    }

    async fn recycle(&self, pooled: &mut Pooled, metrics: &Metrics) -> RecycleResult<Fault> {
        if pooled.connection.is_closed() || metrics.age() > LIFETIME {
            return Err(RecycleError::message("it is used no more"));
        }
        Ok(())
    }
}
