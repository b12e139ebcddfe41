//! Log-ins over HTTP against bare Argon2id with the same parameters, and whether the time of a refusal tells who has an
//! account.

pub(crate) mod people;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::ensure;
use argon2::{Algorithm, Argon2, Block, Params, Version};
use clap::Args;
use jotgate_server::config::Passwords;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::http::Connection;
use crate::measure::{median, now};
use crate::refresh::{House, Running};
use crate::report::{Goal, Report, Row};
use people::{PASSWORD, People};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Clients that log in at once.
    #[arg(long, default_value_t = 8)]
    clients: usize,
    /// Rounds; each measures log-ins and bare hashes, in turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of one measurement.
    #[arg(long, default_value_t = 2.0)]
    seconds: f64,
    /// Wrong passwords for each kind of account.
    #[arg(long, default_value_t = 1000)]
    tries: usize,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let folder = tempfile::tempdir()?;
    let house = House(folder.path().to_owned());
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let people = runtime.block_on(People::move_in(&house, options.clients))?;
    let server = Running::start_with(&house, &["--full-price"])?;
    let time = Duration::from_secs_f64(options.seconds);
    let (mut log_ins, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        log_ins.push(runtime.block_on(log_in_rate(&server, &people, time))?);
        bare.push(bare_rate(time)?);
    }
    let mut rows = vec![rate_row(median(&log_ins), median(&bare))];
    rows.extend(runtime.block_on(refusals(&server, &people, options.tries))?);
    Ok(Report::new("login", rows))
}

fn rate_row(log_ins: f64, bare: f64) -> Row {
    let detail = json!({"log_ins": log_ins.round(), "hashes": bare.round()});
    Row { id: "login.vs_bare_argon2id".to_owned(), ratio: log_ins / bare, goal: Goal::AtLeast(0.9), detail }
}

/// Log-ins a second, each client with an account of its own.
async fn log_in_rate(server: &Running, people: &People, time: Duration) -> anyhow::Result<f64> {
    let end = now() + time;
    let begin = now();
    let mut running = JoinSet::new();
    for email in people.members.clone() {
        let mut connection = Connection::open(server.address).await?;
        running.spawn(async move {
            let mut count = 0_u32;
            while now() < end {
                let answer = connection.post("/v1/login", &json!({"email": email, "password": PASSWORD})).await?;
                ensure!(answer.status == 200, "a log-in was answered with {}", answer.status);
                count += 1;
            }
            anyhow::Ok(count)
        });
    }
    let counts: Vec<u32> = running.join_all().await.into_iter().collect::<anyhow::Result<_>>()?;
    Ok(f64::from(counts.iter().sum::<u32>()) / begin.elapsed().as_secs_f64())
}

/// Hashes a second on as many threads as there are cores, each in memory of its own that it uses again.
fn bare_rate(time: Duration) -> anyhow::Result<f64> {
    let prices = Passwords::default();
    let params =
        Params::new(prices.memory_kib, prices.iterations, 1, Some(32)).map_err(|error| anyhow::anyhow!("{error}"))?;
    let threads = std::thread::available_parallelism()?.get();
    let (stop, count) = (AtomicBool::new(false), AtomicU32::new(0));
    let begin = now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut blocks = vec![Block::new(); params.block_count()];
                let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
                while !stop.load(Ordering::Relaxed) {
                    let mut output = [0; 32];
                    let done =
                        argon2.hash_password_into_with_memory(PASSWORD.as_bytes(), &[7; 16], &mut output, &mut blocks);
                    count.fetch_add(u32::from(done.is_ok()), Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(time);
        stop.store(true, Ordering::Relaxed);
    });
    Ok(f64::from(count.load(Ordering::Relaxed)) / begin.elapsed().as_secs_f64())
}

/// Wrong passwords for each kind of account, in turn, and how far the medians of their times lie from that of a known one.
async fn refusals(server: &Running, people: &People, tries: usize) -> anyhow::Result<Vec<Row>> {
    let mut connection = Connection::open(server.address).await?;
    let kinds = people.kinds();
    let mut times: Vec<Vec<f64>> = vec![Vec::new(); kinds.len()];
    for _ in 0..tries {
        for ((_, email), times) in kinds.iter().zip(&mut times) {
            times.push(refusal(&mut connection, email).await?);
        }
    }
    let medians: Vec<f64> = times.iter().map(|times| median(times)).collect();
    let known = medians.first().copied().unwrap_or_default();
    let rows = kinds.iter().zip(&medians).skip(1).map(|((kind, _), other)| difference(kind, known, *other));
    Ok(rows.collect())
}

/// Milliseconds until a wrong password is refused.
async fn refusal(connection: &mut Connection, email: &str) -> anyhow::Result<f64> {
    let begin: Instant = now();
    let answer =
        connection.post("/v1/login", &json!({"email": email, "password": "not the password of anybody"})).await?;
    ensure!(answer.status == 401, "a wrong password was answered with {}", answer.status);
    Ok(begin.elapsed().as_secs_f64() * 1000.0)
}

fn difference(kind: &str, known: f64, other: f64) -> Row {
    let ratio = (other / known).max(known / other);
    let detail: Value = json!({"known_ms": known, "other_ms": other});
    Row { id: format!("login.refusal.{kind}_vs_known"), ratio, goal: Goal::AtMost(1.05), detail }
}
