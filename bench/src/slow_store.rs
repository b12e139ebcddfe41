//! A store that stands still for a while under load: what clients are told, what the server holds meanwhile, and that it goes
//! on by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use rusqlite::Connection as Database;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::http::Connection;
use crate::measure::now;
use crate::refresh::{House, Running};
use crate::report::{Goal, Report, Row};

/// Between two looks at the memory, and between two requests that are no refreshes.
const PACE: Duration = Duration::from_millis(100);
/// Goals: the memory against that under load before, the longest that an answer may take, and until all goes on, in seconds.
const MEMORY: f64 = 1.1;
const SLOWEST: f64 = 6.0;
const RECOVERED: f64 = 1.0;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Clients that refresh at once, again and again.
    #[arg(long, default_value_t = 500)]
    clients: u64,
    /// Seconds for which the store stands still.
    #[arg(long, default_value_t = 12.0)]
    seconds: f64,
}

/// What a client saw.
#[derive(Debug, Default)]
struct Seen {
    refreshed: u32,
    refused: u32,
    logged_out: u32,
    slowest: f64,
}

/// What somebody saw who asked beside the clients.
#[derive(Debug, Default)]
struct Beside {
    most_mib: f64,
    not_verified: u32,
    not_ready: u32,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let house = House(folder.path().to_owned());
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let tokens = runtime.block_on(house.open_sessions(options.clients + 1))?;
    let server = Running::start(&house)?;
    let rows = runtime.block_on(stand_still(options, &house, &server, tokens))?;
    Ok(Report::new("slow-store", rows))
}

async fn stand_still(
    options: &Options,
    house: &House,
    server: &Running,
    mut tokens: Vec<String>,
) -> anyhow::Result<Vec<Row>> {
    let watcher = Watcher::open(server, &tokens.pop().context("a session")?).await?;
    let over = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for token in tokens {
        let connection = Connection::open(server.address).await?;
        clients.spawn(refresh_until(Arc::clone(&over), connection, token));
    }
    let before = watcher.watch(Duration::from_secs(3)).await?;
    let database = Database::open(house.database())?;
    database.busy_timeout(Duration::from_secs(5))?;
    database.execute_batch("BEGIN IMMEDIATE")?;
    let meanwhile = watcher.watch(Duration::from_secs_f64(options.seconds)).await?;
    database.execute_batch("COMMIT")?;
    let recovered = watcher.until_ready().await?;
    let after = watcher.watch(Duration::from_secs(3)).await?;
    over.store(true, Ordering::Relaxed);
    let seen: Vec<Seen> = clients.join_all().await.into_iter().collect::<anyhow::Result<_>>()?;
    Ok(rows([&before, &meanwhile, &after], recovered, &seen))
}

async fn refresh_until(over: Arc<AtomicBool>, mut connection: Connection, mut token: String) -> anyhow::Result<Seen> {
    let mut seen = Seen::default();
    while !over.load(Ordering::Relaxed) {
        let begin = now();
        let answer = connection.post("/v1/refresh", &json!({"refresh_token": token})).await?;
        seen.slowest = seen.slowest.max(begin.elapsed().as_secs_f64());
        match answer.status {
            200 => {
                answer.text("refresh_token").clone_into(&mut token);
                seen.refreshed += 1;
            }
            503 => {
                seen.refused += 1;
                tokio::time::sleep(PACE).await;
            }
            _ => {
                seen.logged_out += 1;
                return Ok(seen);
            }
        }
    }
    Ok(seen)
}

/// Somebody who is logged in, and looks on.
struct Watcher<'s> {
    server: &'s Running,
    access_token: String,
}

impl<'s> Watcher<'s> {
    async fn open(server: &'s Running, token: &str) -> anyhow::Result<Self> {
        let mut connection = Connection::open(server.address).await?;
        let answer = connection.post("/v1/refresh", &json!({"refresh_token": token})).await?;
        Ok(Self { server, access_token: answer.text("access_token").to_owned() })
    }

    /// Looks at the memory for so long, is verified, and asks whether the server is ready.
    async fn watch(&self, time: Duration) -> anyhow::Result<Beside> {
        let (mut seen, end) = (Beside::default(), now() + time);
        let asking = tokio::spawn(count_not_ready(Connection::open(self.server.address).await?, end));
        let mut connection = Connection::open(self.server.address).await?;
        while now() < end {
            seen.most_mib = seen.most_mib.max(self.server.memory()?);
            seen.not_verified += u32::from(connection.get_with("/v1/me", &self.access_token).await? != 200);
            tokio::time::sleep(PACE).await;
        }
        seen.not_ready = asking.await.context("whether it is ready")??;
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

async fn count_not_ready(mut connection: Connection, end: Instant) -> anyhow::Result<u32> {
    let mut not_ready = 0;
    while now() < end {
        not_ready += u32::from(connection.get_with("/readyz", "").await? == 503);
        tokio::time::sleep(PACE).await;
    }
    Ok(not_ready)
}

fn rows([before, meanwhile, after]: [&Beside; 3], recovered: f64, seen: &[Seen]) -> Vec<Row> {
    let sum = |count: fn(&Seen) -> u32| seen.iter().map(count).sum::<u32>();
    let slowest = seen.iter().map(|seen| seen.slowest).fold(0.0, f64::max);
    let told = json!({"refreshed": sum(|seen| seen.refreshed), "refused": sum(|seen| seen.refused)});
    let not_ready = json!({"before": before.not_ready, "meanwhile": meanwhile.not_ready, "after": after.not_ready});
    let said_so = before.not_ready == 0 && meanwhile.not_ready > 0 && after.not_ready == 0;
    let not_verified = before.not_verified + meanwhile.not_verified + after.not_verified;
    let mib = |most: &Beside| json!({"before_mib": before.most_mib, "mib": most.most_mib});
    vec![
        row("memory", meanwhile.most_mib / before.most_mib, MEMORY, mib(meanwhile)),
        row("memory_after", after.most_mib / before.most_mib, MEMORY, mib(after)),
        row("slowest_answer", slowest / SLOWEST, 1.0, json!({"seconds": slowest})),
        row("ready_again", recovered / RECOVERED, 1.0, json!({"seconds": recovered})),
        row("log_outs", f64::from(sum(|seen| seen.logged_out)), 0.0, told),
        row("not_verified", f64::from(not_verified), 0.0, Value::Null),
        row("readiness_was_wrong", f64::from(u8::from(!said_so)), 0.0, not_ready),
    ]
}

fn row(id: &str, ratio: f64, most: f64, detail: Value) -> Row {
    Row { id: format!("slow_store.{id}"), ratio, goal: Goal::AtMost(most), detail }
}
