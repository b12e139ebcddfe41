//! Noticing what other servers commit, and telling them.
//!
//! A notification is only a wake-up: what counts is read from the counters in `meta`, and they are looked at once a second
//! in any case. So nothing is lost with a notification, and where there are none (some engines, some proxies) it takes a
//! second.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use super::connection::{Connection, Connector};
use super::error::Fault;
use super::pool::Pool;
use crate::store::error::StoreError;

/// How often to look.
#[derive(Clone, Copy, Debug)]
struct Pace {
    /// Between two looks, whatever was heard.
    look: Duration,
    /// Before connecting again.
    pause: Duration,
}

const PACE: Pace = Pace { look: Duration::from_secs(1), pause: Duration::from_secs(1) };

const LISTEN: &str = "LISTEN jotgate";
const NOTIFY: &str = "NOTIFY jotgate";
const COUNTERS: &str = "SELECT name, number FROM meta WHERE name IN ('keys', 'revocations') ORDER BY name";

/// A task that looks for commits until this is dropped.
#[derive(Debug)]
pub(super) struct Watcher {
    seen: watch::Receiver<u64>,
    task: JoinHandle<()>,
}

impl Watcher {
    pub(super) fn start(connector: Connector) -> Self {
        Self::start_at(PACE, connector)
    }

    fn start_at(pace: Pace, connector: Connector) -> Self {
        let (commits, seen) = watch::channel(0);
        let task = tokio::spawn(async move {
            let mut counters = None;
            loop {
                if let Err(fault) = follow(&connector, pace, &mut counters, &commits).await {
                    tracing::warn!(error = %fault.error(), "cannot see whether the database was changed; trying again");
                }
                tokio::time::sleep(pace.pause).await;
            }
        });
        Self { seen, task }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<u64> {
        self.seen.clone()
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The counters as they were last seen.
type Counters = Option<Vec<(String, i64)>>;

/// Looks on one connection for as long as it lasts.
async fn follow(
    connector: &Connector,
    pace: Pace,
    seen: &mut Counters,
    commits: &watch::Sender<u64>,
) -> Result<(), Fault> {
    let heard = Arc::new(Notify::new());
    let mut connection = connector.connect(Arc::clone(&heard)).await?;
    if let Err(fault) = connection.run(LISTEN).await {
        tracing::debug!(error = %fault.error(), "the database does not notify; it is asked once a second instead");
    }
    let mut ticks = tokio::time::interval(pace.look);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = heard.notified() => {}
        }
        let now = Some(counters(&mut connection).await?);
        if *seen != now {
            // So does the first look: what was committed since somebody asked to watch may be in it.
            *seen = now;
            commits.send_modify(|count| *count += 1);
        }
    }
}

async fn counters(connection: &mut Connection) -> Result<Vec<(String, i64)>, Fault> {
    let rows = connection.rows(&[], COUNTERS, &[]).await?;
    let pairs: Result<Vec<_>, _> = rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect();
    pairs.map_err(|_: tokio_postgres::Error| Fault::Final(StoreError::corrupt("a counter")))
}

/// Tells other servers that there is something to see. Notifying holds up every commit that notifies too, so it is done
/// after the commit that it tells of, and once for all that come meanwhile.
#[derive(Debug)]
pub(super) struct Crier {
    wanted: Arc<Notify>,
    pool: Pool,
    task: JoinHandle<()>,
}

impl Crier {
    pub(super) fn start(pool: Pool) -> Self {
        let wanted = Arc::new(Notify::new());
        let (waiting, ours) = (Arc::clone(&wanted), pool.clone());
        let task = tokio::spawn(async move {
            loop {
                waiting.notified().await;
                notify(&ours).await;
            }
        });
        Self { wanted, pool, task }
    }

    /// Has others told soon.
    pub(super) fn cry(&self) {
        self.wanted.notify_one();
    }

    /// Tells a last time and ends.
    pub(super) async fn finish(&self) {
        self.task.abort();
        notify(&self.pool).await;
    }
}

impl Drop for Crier {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// One that fails is made up for by the looking once a second.
async fn notify(pool: &Pool) {
    let cried = async { pool.get().await?.get()?.connection.run(NOTIFY).await };
    if let Err(fault) = cried.await {
        tracing::debug!(error = %fault.error(), "other servers could not be notified");
    }
}

#[cfg(test)]
mod tests {
    use jotgate_testkit::postgres::{Cluster, Durability, run};
    use jotgate_testkit::skip;

    use super::*;
    use crate::store::conformance::fixture::{end, with_sessions};
    use crate::store::postgres::Address;
    use crate::store::postgres::tests::limits;
    use crate::store::sessions::Which;
    use crate::store::{Store, StoreUrl};

    /// Looks so seldom that what is noticed was heard.
    const ONLY_HEARS: Pace = Pace { look: Duration::from_hours(24), pause: Duration::from_millis(20) };

    /// Returns when somebody listens who has had the first look.
    async fn until_somebody_listens(url: &str) {
        let listening =
            format!("SELECT pid FROM pg_stat_activity WHERE state = 'idle' AND query = '{}'", quoted(COUNTERS));
        while run(url, &listening).unwrap_or_default().is_empty() {
            tokio::task::yield_now().await;
        }
    }

    fn quoted(text: &str) -> String {
        text.replace('\'', "''")
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_server_listens_again_after_a_restart_of_the_database() {
        let cluster = match Cluster::start(Durability::Fast) {
            Ok(cluster) => cluster,
            Err(reason) => return skip::aloud("a_server_listens_again_after_a_restart_of_the_database", &reason),
        };
        let address: Address = cluster.url().parse().unwrap();
        let store = Store::open(&StoreUrl::Postgres(Box::new(address.clone())), limits()).await.unwrap();
        let user = with_sessions(&store, [1]).await;
        let watcher = Watcher::start_at(ONLY_HEARS, Connector::new(&address, limits()).unwrap());
        let mut seen = watcher.subscribe();
        until_somebody_listens(&cluster.url()).await;
        cluster.stop();
        cluster.start_again();
        until_somebody_listens(&cluster.url()).await;
        seen.mark_unchanged();
        store.write(end(&user, Which::All)).await.unwrap();
        seen.changed().await.unwrap();
    }
}
