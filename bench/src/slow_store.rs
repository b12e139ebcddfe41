//! A store that stands still or is gone for a while under load: what clients are told, what the server holds meanwhile, that
//! tokens are verified all the while, and that all goes on by itself.

mod client;
mod trouble;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use jotgate_guard::Guard;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::http::Connection;
use crate::kill::Place;
use crate::measure::now;
use crate::nodes::Node;
use crate::report::{Goal, Report, Row};
use client::{Client, Seen};
use trouble::Trouble;

/// Between two looks at the memory, and between two requests that are no refreshes.
const PACE: Duration = Duration::from_millis(100);
/// Before a trouble and after it.
const CALM: Duration = Duration::from_secs(3);
/// Goals: the memory against that under load before, and until all goes on, in seconds.
const MEMORY: f64 = 1.1;
const RECOVERED: f64 = 1.0;
/// Proxies that ask at once whether the server is ready.
const PROXIES: usize = 8;
/// Answers that a report repeats in full.
const SHOWN: usize = 5;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Clients that refresh at once, again and again.
    #[arg(long, default_value_t = 500)]
    clients: u64,
    /// The store is on a PostgreSQL of its own, which falls silent and then crashes, instead of SQLite, which stands still.
    #[arg(long)]
    postgres: bool,
}

/// What somebody saw who asked beside the clients.
#[derive(Debug, Default)]
struct Beside {
    most_mib: f64,
    /// Refusals by an API elsewhere, in its words.
    not_verified: Vec<String>,
    not_ready: u32,
    /// The answer to whether it is ready that took longest, in seconds.
    slowest: f64,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let place = Arc::new(Place::new(options.postgres)?);
    let server = Node::start_alone(&place.url())?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let rows = runtime.block_on(async {
        let mut clients = Client::crowd(server.address, options.clients).await?;
        let mut rows = Vec::new();
        for trouble in Trouble::of(&place) {
            let endured;
            (endured, clients) = endure(*trouble, &place, &server, clients).await?;
            rows.extend(endured);
        }
        anyhow::Ok(rows)
    });
    Ok(Report::new("slow-store", rows?))
}

async fn endure(
    trouble: Trouble,
    place: &Arc<Place>,
    server: &Node,
    clients: Vec<Client>,
) -> anyhow::Result<(Vec<Row>, Vec<Client>)> {
    let watcher = Watcher { server, access_token: clients.first().context("a client")?.access_token.clone() };
    let over = Arc::new(AtomicBool::new(false));
    let mut refreshing = JoinSet::new();
    for client in clients {
        refreshing.spawn(client.refresh_until(Arc::clone(&over)));
    }
    let before = watcher.watch(CALM).await?;
    let befallen = trouble.befall(place).await?;
    let meanwhile = watcher.watch(trouble.lasts()).await?;
    befallen.end().await?;
    let recovered = watcher.until_ready().await?;
    let after = watcher.watch(CALM).await?;
    over.store(true, Ordering::Relaxed);
    let mut clients: Vec<Client> = refreshing.join_all().await.into_iter().collect::<anyhow::Result<_>>()?;
    let seen: Vec<Seen> = clients.iter_mut().map(|client| std::mem::take(&mut client.seen)).collect();
    Ok((rows(trouble, [&before, &meanwhile, &after], recovered, &seen), clients))
}

/// Somebody who is logged in, and looks on.
struct Watcher<'s> {
    server: &'s Node,
    access_token: String,
}

impl Watcher<'_> {
    /// For so long looks at the memory, has the token verified by an API that has just begun and knows no key yet, and asks
    /// whether the server is ready.
    async fn watch(&self, time: Duration) -> anyhow::Result<Beside> {
        let issuer = format!("http://{}", self.server.address);
        let guard = Guard::builder().issuer(&issuer).audience(&issuer).build()?;
        let (mut seen, end) = (Beside::default(), now() + time);
        let mut asking = JoinSet::new();
        for _ in 0..PROXIES {
            asking.spawn(ask_whether_ready(Connection::open(self.server.address).await?, end));
        }
        while now() < end {
            seen.most_mib = seen.most_mib.max(self.server.memory()?);
            let refused = guard.verify(&self.access_token).await.err();
            seen.not_verified.extend(refused.map(|rejection| rejection.to_string()));
            tokio::time::sleep(PACE).await;
        }
        for asked in asking.join_all().await {
            let (not_ready, slowest) = asked?;
            seen.not_ready += not_ready;
            seen.slowest = seen.slowest.max(slowest);
        }
        Ok(seen)
    }

    /// Seconds until the server says that it is ready.
    async fn until_ready(&self) -> anyhow::Result<f64> {
        let mut connection = Connection::open(self.server.address).await?;
        let begin = now();
        while connection.get_with("/readyz", "").await? != 200 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(begin.elapsed().as_secs_f64())
    }
}

/// How often it said that it is not, and the longest that it took for an answer.
async fn ask_whether_ready(mut connection: Connection, end: Instant) -> anyhow::Result<(u32, f64)> {
    let (mut not_ready, mut slowest) = (0, 0.0_f64);
    while now() < end {
        let begin = now();
        not_ready += u32::from(connection.get_with("/readyz", "").await? == 503);
        slowest = slowest.max(begin.elapsed().as_secs_f64());
        tokio::time::sleep(PACE).await;
    }
    Ok((not_ready, slowest))
}

fn rows(trouble: Trouble, [before, meanwhile, after]: [&Beside; 3], recovered: f64, seen: &[Seen]) -> Vec<Row> {
    let sum = |count: fn(&Seen) -> u32| f64::from(seen.iter().map(count).sum::<u32>());
    let (refreshed, refused) = (sum(|seen| seen.refreshed), sum(|seen| seen.refused));
    let slowest = seen.iter().map(|seen| seen.slowest).fold(0.0, f64::max);
    let wronged: Vec<&String> = seen.iter().flat_map(|seen| &seen.wronged).collect();
    let said_so = before.not_ready == 0 && meanwhile.not_ready > 0 && after.not_ready == 0;
    let not_verified: Vec<&String> =
        [before, meanwhile, after].iter().flat_map(|beside| &beside.not_verified).collect();
    let mib = |most: &Beside| json!({"before_mib": before.most_mib, "mib": most.most_mib});
    let limit = trouble.longest_answer();
    let row = |id: &str, ratio: f64, most: f64, detail: Value| {
        let id = format!("{}.{id}", trouble.id());
        Row { id, ratio, goal: Goal::AtMost(most), detail }
    };
    let some = |of: &[&String]| json!(of[..of.len().min(SHOWN)]);
    let count = |of: &[&String]| f64::from(u32::try_from(of.len()).unwrap_or(u32::MAX));
    let told = json!({"refreshed": refreshed, "refused": refused, "wrong": some(&wronged)});
    let not_ready = json!({"before": before.not_ready, "meanwhile": meanwhile.not_ready, "after": after.not_ready});
    vec![
        row("memory", meanwhile.most_mib / before.most_mib, MEMORY, mib(meanwhile)),
        row("memory_after", after.most_mib / before.most_mib, MEMORY, mib(after)),
        row("slowest_answer", slowest / limit, 1.0, json!({"seconds": slowest})),
        row("slowest_readiness", meanwhile.slowest / limit, 1.0, json!({"seconds": meanwhile.slowest})),
        row("ready_again", recovered / RECOVERED, 1.0, json!({"seconds": recovered})),
        row("log_outs_and_wrong_answers", count(&wronged), 0.0, told),
        row("not_served_again", sum(|seen| u32::from(!seen.is_served)), 0.0, Value::Null),
        row("not_verified", count(&not_verified), 0.0, some(&not_verified)),
        row("readiness_was_wrong", f64::from(u8::from(!said_so)), 0.0, not_ready),
    ]
}
