//! Three nodes on one database, and what happens to them. Each trouble excuses the errors of whom it hits, for as long as it
//! lasts and a moment longer.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jotgate_testkit::postgres::{Cluster, Database};
use serde_json::{Value, json};

use super::blocking;
use super::client::Failed;
use super::node::Node;
use super::proxy::Proxy;
use crate::measure::now;

/// How long after a trouble a node may still say that it cannot reach the database.
const RECOVERY: Duration = Duration::from_secs(6);
/// How far ahead the clock of the third node is, in seconds.
const AHEAD: i64 = 20;

#[derive(Debug)]
pub(super) struct Site {
    cluster: Option<Cluster>,
    /// One that is killed, one that is cut off, one whose clock is ahead.
    nodes: Vec<Node>,
    proxy: Proxy,
    excuses: Mutex<Vec<Excuse>>,
}

/// Errors that are to be expected.
#[derive(Debug, Clone)]
struct Excuse {
    what: &'static str,
    /// Whose; nothing for everybody's.
    node: Option<SocketAddr>,
    from: Instant,
    /// When the trouble was over.
    over: Instant,
}

impl Site {
    pub(super) async fn open(cluster: Cluster, database: &Database) -> anyhow::Result<Self> {
        let proxy = Proxy::start(SocketAddr::from(([127, 0, 0, 1], cluster.port()))).await?;
        let direct = database.url();
        let through = direct.replace(&format!(":{}/", cluster.port()), &format!(":{}/", proxy.port));
        let mut starting = Vec::new();
        for (store, ahead) in [(direct.clone(), 0), (through, 0), (direct, AHEAD)] {
            starting.push(tokio::task::spawn_blocking(move || Node::start(&store, ahead)));
        }
        // All at once, on an empty database: one makes the tables and the keys.
        let mut nodes = Vec::new();
        for node in starting {
            nodes.push(node.await??);
        }
        Ok(Self { cluster: Some(cluster), nodes, proxy, excuses: Mutex::default() })
    }

    pub(super) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address).collect()
    }

    pub(super) async fn calm(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    pub(super) async fn kill_a_node(&mut self, away: Duration) -> anyhow::Result<()> {
        let begun = now();
        self.nodes[0].kill()?;
        self.calm(away).await;
        tokio::task::block_in_place(|| self.nodes[0].start_again())?;
        self.excuse("a node is killed", Some(self.nodes[0].address), begun);
        Ok(())
    }

    pub(super) async fn restart_the_database(&mut self) -> anyhow::Result<()> {
        let begun = now();
        let Some(cluster) = self.cluster.take() else { anyhow::bail!("the database is lost") };
        let restarted = blocking(move || {
            cluster.stop();
            cluster.start_again();
            Ok(cluster)
        });
        self.cluster = Some(restarted.await?);
        self.excuse("the database restarts", None, begun);
        Ok(())
    }

    pub(super) async fn cut_a_node_off(&self, time: Duration) {
        let begun = now();
        self.proxy.set_cut(true);
        self.calm(time).await;
        self.proxy.set_cut(false);
        self.excuse("a node is cut off from the database", Some(self.nodes[1].address), begun);
    }

    /// The machine of the database is gone.
    pub(super) async fn lose_the_database(mut self) -> anyhow::Result<()> {
        let Some(cluster) = self.cluster.take() else { anyhow::bail!("the database is lost already") };
        blocking(move || {
            cluster.crash();
            Ok(())
        })
        .await
    }

    fn excuse(&self, what: &'static str, node: Option<SocketAddr>, from: Instant) {
        let excuse = Excuse { what, node, from, over: now() };
        self.excuses.lock().unwrap_or_else(PoisonError::into_inner).push(excuse);
    }

    /// The errors that no trouble excuses, in words.
    pub(super) fn unexcused(&self, failures: &[Failed]) -> Vec<String> {
        let excuses = self.excuses.lock().unwrap_or_else(PoisonError::into_inner);
        let is_excused = |failed: &&Failed| {
            let fits = |excuse: &Excuse| excuse.node.is_none_or(|node| node == failed.node);
            excuses
                .iter()
                .any(|excuse| fits(excuse) && excuse.from <= failed.given_up && failed.sent <= excuse.over + RECOVERY)
        };
        failures.iter().filter(|failed| !is_excused(failed)).map(|failed| failed.what.clone()).collect()
    }

    /// What happened, and for how long.
    pub(super) fn log(&self) -> Value {
        let excuses = self.excuses.lock().unwrap_or_else(PoisonError::into_inner);
        let line = |excuse: &Excuse| json!({"what": excuse.what, "seconds": excuse.over.duration_since(excuse.from).as_secs()});
        excuses.iter().map(line).collect()
    }
}
