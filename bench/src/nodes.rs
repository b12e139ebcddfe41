//! Three servers on one PostgreSQL, real traffic, and everything that goes wrong in a year: a node is killed, the database
//! restarts, a node is cut off from it, a clock runs ahead. And at last the database dies and its standby takes over.
//!
//! Each client writes down what it is told, and asks another node when one fails it, as a client behind a load balancer
//! does. In the end what was told is held against what the database has.

mod client;
mod node;
mod proxy;
mod trouble;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use jotgate_testkit::postgres::{Cluster, Database, Durability};
use serde_json::json;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::kill::ledger::{self, End, Stored, Told};
use crate::report::{Goal, Report, Row};
use client::{Client, Ears};
pub(crate) use node::{MASTER_KEY, Node, NodeOptions, serve};
use trouble::Site;

/// Complaints that a report repeats in full.
const SHOWN: usize = 5;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Clients, each with sessions of its own.
    #[arg(long, default_value_t = 24)]
    clients: u64,
    /// Seconds of calm between two troubles.
    #[arg(long, default_value_t = 3)]
    calm: u64,
    /// Seconds for which a node is cut off from the database.
    #[arg(long, default_value_t = 10)]
    cut: u64,
    /// Decides who asks which node for what.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let mut rows = runtime.block_on(troubles(options))?;
    rows.push(runtime.block_on(standby(options))?);
    Ok(Report::new("nodes", rows))
}

/// The year, in a minute.
async fn troubles(options: &Options) -> anyhow::Result<Vec<Row>> {
    let cluster = blocking(|| Cluster::start(Durability::Durable)).await?;
    let database = on(&cluster).await?;
    let mut site = Site::open(cluster, &database).await?;
    let ears = Arc::new(Ears::default());
    let clients = Client::crowd(options.clients, options.seed, &site.addresses(), &ears).await?;
    let traffic = Traffic::start(clients);
    let calm = Duration::from_secs(options.calm);
    site.calm(calm).await;
    site.kill_a_node(calm).await?;
    site.restart_the_database().await?;
    site.calm(calm).await;
    site.cut_a_node_off(Duration::from_secs(options.cut)).await;
    site.calm(calm).await;
    let clients = traffic.stop().await?;

    let stored = stored(database.url()).await?;
    let told: Vec<&Told> = clients.iter().flat_map(Client::told).collect();
    let mut complaints = ledger::compare(told.iter().copied(), &stored);
    let revoked = revoked(&database).await?;
    let ends = told.iter().filter(|told| told.end == End::Yes);
    let lost = ends.clone().filter(|told| !revoked.contains(&ledger::key(&told.id)));
    complaints.extend(lost.map(|told| format!("the revocation of session {} is lost", told.id)));
    let alive = client::still_accepted(&clients, &site.addresses()).await?;
    let refused = site.unexcused(&ears.failures());
    let log_outs = ears.log_outs();
    let heard = json!({"log_outs": &log_outs[..log_outs.len().min(SHOWN)], "answers": ears.answers(), "sessions": told.len(), "ends": ends.count(),
        "troubles": site.log(), "complaints": &complaints[..complaints.len().min(SHOWN)]});
    Ok(vec![
        row("log_outs_of_honest_clients", log_outs.len(), heard),
        row("lost_or_invented_changes", complaints.len(), json!({})),
        row("ended_sessions_accepted_at_a_node", alive, json!({})),
        row("errors_beyond_the_troubles", refused.len(), json!({"first": refused.first()})),
    ])
}

/// The database dies under load, and the standby that has acknowledged every commit takes over.
async fn standby(options: &Options) -> anyhow::Result<Row> {
    let primary = blocking(|| Cluster::start(Durability::Durable)).await?;
    let port = primary.port();
    let standby = blocking(move || Cluster::standby(port)).await?;
    run_on(primary.url(), "ALTER SYSTEM SET synchronous_standby_names = '*'").await?;
    run_on(primary.url(), "SELECT pg_reload_conf()").await?;
    let database = on(&primary).await?;
    let site = Site::open(primary, &database).await?;
    let ears = Arc::new(Ears::default());
    let clients = Client::crowd(options.clients, options.seed + 1, &site.addresses(), &ears).await?;
    let traffic = Traffic::start(clients);
    site.calm(Duration::from_secs(options.calm)).await;
    let (clients, ()) = tokio::try_join!(traffic.leave(), site.lose_the_database())?;
    let promoted = blocking(move || {
        standby.promote();
        Ok(standby)
    });
    let promoted = promoted.await?;
    let url = database.url().replace(&format!(":{port}/"), &format!(":{}/", promoted.port()));
    let stored = stored(url).await?;
    let complaints = ledger::compare(clients.iter().flat_map(Client::told), &stored);
    let detail = json!({"answers": ears.answers(), "sessions": stored.len(),
        "complaints": &complaints[..complaints.len().min(SHOWN)]});
    Ok(row("changes_lost_with_the_primary", complaints.len(), detail))
}

/// Clients that go on until they are told to stop.
struct Traffic {
    running: JoinSet<anyhow::Result<Client>>,
    stop: tokio::sync::watch::Sender<client::Order>,
}

impl Traffic {
    fn start(clients: Vec<Client>) -> Self {
        let stop = tokio::sync::watch::Sender::new(client::Order::GoOn);
        let mut running = JoinSet::new();
        for client in clients {
            running.spawn(client.go_on(stop.subscribe()));
        }
        Self { running, stop }
    }

    /// Each client finishes what it has begun, at whatever node.
    async fn stop(self) -> anyhow::Result<Vec<Client>> {
        self.end(client::Order::Finish).await
    }

    /// Each client takes no answer for an answer, once there is none any more.
    async fn leave(self) -> anyhow::Result<Vec<Client>> {
        self.end(client::Order::GiveUp).await
    }

    async fn end(self, order: client::Order) -> anyhow::Result<Vec<Client>> {
        // An error means that all have ended.
        let _ = self.stop.send(order);
        self.running.join_all().await.into_iter().collect()
    }
}

fn row(id: &str, count: usize, detail: serde_json::Value) -> Row {
    let ratio = u32::try_from(count).map_or(f64::INFINITY, f64::from);
    Row { id: format!("nodes.{id}"), ratio, goal: Goal::AtMost(0.0), detail }
}

/// Work that waits for a process.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, String> + Send + 'static) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await?.map_err(anyhow::Error::msg)
}

async fn on(cluster: &Cluster) -> anyhow::Result<Database> {
    let url = cluster.url();
    blocking(move || Ok(Database::on(&url))).await
}

async fn run_on(url: String, sql: &'static str) -> anyhow::Result<Vec<Vec<Option<String>>>> {
    blocking(move || jotgate_testkit::postgres::run(&url, sql)).await
}

/// What a database has of sessions.
async fn stored(url: String) -> anyhow::Result<HashMap<String, Stored>> {
    Ok(tokio::task::spawn_blocking(move || ledger::read(&url)).await??.0)
}

async fn revoked(database: &Database) -> anyhow::Result<HashSet<String>> {
    let sids = "SELECT encode(subject, 'hex') FROM revocations WHERE kind = 'sid'";
    Ok(run_on(database.url(), sids).await?.into_iter().flatten().flatten().collect())
}
