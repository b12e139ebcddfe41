//! A flood of log-ins, and what it does to everybody else: the times of verifying, refreshing and asking for health, and the
//! memory of the server.

mod probe;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use clap::Args;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::http::Connection;
use crate::login::people::{PASSWORD, People};
use crate::measure::{median, now};
use crate::refresh::{House, Running};
use crate::report::{Goal, Report, Row};
use probe::{Probe, Times};

/// The budget of all hashes, in MiB, and what the server may hold beside it.
const BUDGET_MIB: f64 = 64.0;
const BESIDE_MIB: f64 = 64.0;
/// The goal for health, in milliseconds.
const HEALTH_MS: f64 = 100.0;
/// Accounts that the flood logs in to: one for each of its clients.
const MEMBERS: usize = 300;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Clients that log in at once, again and again.
    #[arg(long, default_value_t = 300)]
    clients: usize,
    /// Rounds; each measures without the flood and with it.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Seconds of one measurement.
    #[arg(long, default_value_t = 8.0)]
    seconds: f64,
}

/// What came of the flood's log-ins.
#[derive(Debug, Default)]
struct Answers {
    logged_in: AtomicU32,
    shed: AtomicU32,
    other: AtomicU32,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let house = House(folder.path().to_owned());
    let runtime = || Builder::new_current_thread().enable_all().build();
    // The probe has a thread of its own: it must not wait for the clients of the flood.
    let (flooding, probing) = (runtime()?, runtime()?);
    let people = flooding.block_on(People::move_in(&house, MEMBERS))?;
    let server = Running::start_with(&house, &["--full-price"])?;
    let time = Duration::from_secs_f64(options.seconds);
    let answers = Arc::new(Answers::default());
    let (mut quiet, mut flooded, mut most) = (Times::default(), Times::default(), 0.0_f64);
    let mut probe = probing.block_on(Probe::open(server.address, &people))?;
    for _ in 0..options.rounds {
        probing.block_on(probe.measure(time, &mut quiet))?;
        let flood = flooding.block_on(flood(&server, &people, options.clients, time, &answers))?;
        std::thread::scope(|scope| {
            scope.spawn(|| flooding.block_on(flood.join_all()));
            probing.block_on(probe.measure(time, &mut flooded))?;
            most = most.max(server.memory()?);
            anyhow::Ok(())
        })?;
    }
    Ok(Report::new("login-flood", rows(&quiet, &flooded, most, &answers)))
}

/// Sets the flood off; it lasts a little longer than what is measured in it.
async fn flood(
    server: &Running,
    people: &People,
    clients: usize,
    time: Duration,
    answers: &Arc<Answers>,
) -> anyhow::Result<JoinSet<()>> {
    let end = now() + time + Duration::from_secs(1);
    let mut running = JoinSet::new();
    for (client, email) in (0_u64..).zip(people.members.iter().cycle().take(clients)) {
        let mut connection = Connection::open(server.address).await?;
        let (answers, body) = (Arc::clone(answers), json!({"email": email, "password": PASSWORD}));
        running.spawn(async move {
            while now() < end {
                let status = connection.post("/v1/login", &body).await.map_or(0, |answer| answer.status);
                let count = match status {
                    200 => &answers.logged_in,
                    503 => &answers.shed,
                    _ => &answers.other,
                };
                count.fetch_add(1, Ordering::Relaxed);
                if status != 200 {
                    // As `Retry-After` asks, if less patiently, and not all at the same moment.
                    tokio::time::sleep(Duration::from_millis(150 + client % 100)).await;
                }
            }
        });
    }
    Ok(running)
}

fn rows(quiet: &Times, flooded: &Times, most_mib: f64, answers: &Answers) -> Vec<Row> {
    let count = |count: &AtomicU32| count.load(Ordering::Relaxed);
    let (logged_in, shed, other) = (count(&answers.logged_in), count(&answers.shed), count(&answers.other));
    let memory = json!({"mib": most_mib, "logged_in": logged_in, "shed": shed, "other": other});
    let slower = |id: &str, quiet: &[f64], flooded: &[f64]| {
        let (before, during) = (Times::p99(quiet), Times::p99(flooded));
        let detail = json!({
            "quiet_p99_ms": before, "quiet_median_ms": median(quiet),
            "flooded_p99_ms": during, "flooded_median_ms": median(flooded),
        });
        row(id, during / before, 2.0, detail)
    };
    let health = flooded.health.iter().copied().fold(0.0, f64::max);
    vec![
        slower("verify.p99", &quiet.verify, &flooded.verify),
        slower("refresh.p99", &quiet.refresh, &flooded.refresh),
        row("health.worst", health / HEALTH_MS, 1.0, json!({"ms": health})),
        row("memory", most_mib / (BUDGET_MIB + BESIDE_MIB), 1.0, memory),
    ]
}

fn row(id: &str, ratio: f64, most: f64, detail: Value) -> Row {
    Row { id: format!("login_flood.{id}"), ratio, goal: Goal::AtMost(most), detail }
}
