//! What befalls a store for a while. SQLite has no process of its own, so that only another's change can hold it up. PostgreSQL
//! has all its processes stopped, and not only a table locked: a lock ends with the statement's own time limit, which the
//! server keeps for us, while one who is silent lets every wait of ours show, and takes connections that nobody answers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use jotgate_testkit::postgres::Cluster;
use rusqlite::Connection;

use crate::kill::Place;

#[derive(Debug, Clone, Copy)]
pub(super) enum Trouble {
    /// A change that does not end holds up all others.
    Locked,
    /// Connections are open and new ones are taken, and nobody answers.
    Silent,
    /// It has crashed, and nobody takes connections.
    Gone,
}

/// A trouble that lasts until it is ended, or this is dropped.
pub(super) struct Befallen(Option<Box<dyn FnOnce() -> anyhow::Result<()> + Send>>);

impl Trouble {
    /// Those that a store of this kind can have.
    pub(super) fn of(place: &Place) -> &'static [Self] {
        if place.cluster().is_some() { &[Self::Silent, Self::Gone] } else { &[Self::Locked] }
    }

    /// How the ids of its rows begin.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Locked => "slow_store",
            Self::Silent => "slow_store.silent",
            Self::Gone => "slow_store.gone",
        }
    }

    /// The longest that an answer may take, in seconds. SQLite is waited for five seconds; a statement of PostgreSQL takes ten at
    /// the most and is waited for two longer; then a place among its connections is, for five, and a connection for as long. One
    /// second is for the server itself.
    pub(super) const fn longest_answer(self) -> f64 {
        match self {
            Self::Locked | Self::Gone => 6.0,
            Self::Silent => 23.0,
        }
    }

    /// So long that each client has the longest answer, and others after it.
    pub(super) fn lasts(self) -> Duration {
        Duration::from_secs_f64(2.0 * self.longest_answer())
    }

    pub(super) async fn befall(self, place: &Arc<Place>) -> anyhow::Result<Befallen> {
        let place = Arc::clone(place);
        tokio::task::spawn_blocking(move || self.begin(place)).await?
    }

    fn begin(self, place: Arc<Place>) -> anyhow::Result<Befallen> {
        let end: Box<dyn FnOnce() -> anyhow::Result<()> + Send> = match self {
            Self::Locked => {
                let url = place.url();
                let database = Connection::open(url.strip_prefix("sqlite:").context("a file")?)?;
                database.busy_timeout(Duration::from_secs(5))?;
                database.execute_batch("BEGIN IMMEDIATE")?;
                Box::new(move || Ok(database.execute_batch("COMMIT")?))
            }
            Self::Silent => {
                cluster(&place)?.freeze();
                Box::new(move || cluster(&place).map(Cluster::thaw))
            }
            Self::Gone => {
                cluster(&place)?.crash();
                Box::new(move || cluster(&place).map(Cluster::start_again))
            }
        };
        Ok(Befallen(Some(end)))
    }
}

fn cluster(place: &Place) -> anyhow::Result<&Cluster> {
    place.cluster().context("the store is not on a PostgreSQL of its own")
}

impl Befallen {
    /// Ends the trouble; returns when the store can be used again.
    pub(super) async fn end(mut self) -> anyhow::Result<()> {
        let Some(end) = self.0.take() else { return Ok(()) };
        tokio::task::spawn_blocking(end).await?
    }
}

impl Drop for Befallen {
    fn drop(&mut self) {
        // After a failure, which is told in its own words.
        let _ = self.0.take().map(|end| end());
    }
}

impl fmt::Debug for Befallen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Befallen").finish_non_exhaustive()
    }
}
