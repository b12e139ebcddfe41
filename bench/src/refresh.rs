//! Refreshes over HTTP on SQLite with `synchronous=FULL`: against bare updates of the same rows on the same disk, and with
//! many sessions against few.

mod bare;
mod fill;
mod house;
mod load;
mod server;

use std::time::Duration;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};

use crate::measure::{cpu_seconds, median};
use crate::report::{Goal, Report, Row};
pub(crate) use house::House;
use load::Measured;
pub(crate) use server::Running;
pub(crate) use server::{ServerOptions, serve};

/// Sessions in the small database.
const FEW: u64 = 10_000;
/// The goals, in MiB and bytes.
const IDLE_MIB: f64 = 25.0;
const LOAD_MIB: f64 = 80.0;
const SESSION_BYTES: f64 = 250.0;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Clients that refresh at once.
    #[arg(long, default_value_t = 64)]
    clients: u32,
    /// Sessions whose tokens the clients have.
    #[arg(long, default_value_t = 4000)]
    sessions: u64,
    /// Sessions in the large database; the small one has ten thousand.
    #[arg(long, default_value_t = 1_000_000)]
    many: u64,
    /// Rounds; each measures everything once, in turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of one measurement.
    #[arg(long, default_value_t = 3.0)]
    seconds: f64,
    /// Measure one thing only.
    #[arg(long)]
    only: Option<Part>,
}

/// What can be measured by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// The rate against bare updates.
    Rate,
    /// The 99th percentile at half of the rate.
    Tail,
    /// Many sessions against few.
    Growth,
}

/// A server, the tokens that its clients have, and what was measured of it.
struct Side {
    server: Running,
    tokens: Vec<String>,
    clients: u32,
    idle_mib: f64,
    rates: Vec<f64>,
    medians: Vec<f64>,
    /// Microseconds of processors that each refresh took, in the server and in its clients.
    server_us: Vec<f64>,
    client_us: Vec<f64>,
}

/// What was measured beside the two sides.
#[derive(Default)]
struct Others {
    grouped: Vec<f64>,
    of_callers: Vec<f64>,
    one_by_one: Vec<f64>,
    /// Of each round: the 99th percentile and the median at half of the rate, in milliseconds.
    p99: Vec<f64>,
    median: Vec<f64>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let folders = [tempfile::tempdir()?, tempfile::tempdir()?, tempfile::tempdir()?];
    let few = House(folders[0].path().to_owned());
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let tokens = runtime.block_on(few.open_sessions(options.sessions))?;
    few.fill_up_to(FEW)?;
    let bare = few.copy_to(folders[1].path())?;
    let mut bytes = 0.0;
    let mut large = None;
    if options.measures(Part::Growth) {
        let many = few.copy_to(folders[2].path())?;
        many.fill_up_to(options.many)?;
        bytes = bytes_a_session(&few, &many, options.many)?;
        large = Some(Side::start(&runtime, &many, &tokens, options)?);
    }
    let mut small = Side::start(&runtime, &few, &tokens, options)?;
    let mut others = Others::default();
    for _ in 0..options.rounds {
        round(&runtime, options, (&mut small, large.as_mut()), &bare, &mut others)?;
    }
    let mut rows = Vec::new();
    if options.measures(Part::Rate) {
        rows.extend(rate_rows(&small, &others)?);
    }
    if let Some(large) = &large {
        rows.extend(growth_rows(&small, large, bytes, options)?);
    }
    if options.measures(Part::Tail) {
        rows.push(tail_row(&others));
    }
    Ok(Report::new("refresh", rows))
}

fn round(
    runtime: &Runtime,
    options: &Options,
    (small, large): (&mut Side, Option<&mut Side>),
    bare: &House,
    others: &mut Others,
) -> anyhow::Result<()> {
    let time = Duration::from_secs_f64(options.seconds);
    let rate = small.measure(runtime, time)?;
    if options.measures(Part::Rate) {
        others.grouped.push(bare::rate(&bare.database(), options.clients, time)?);
        others.of_callers.push(bare::rate_of_callers(&bare.database(), options.clients, time)?);
        others.one_by_one.push(bare::rate(&bare.database(), 1, time)?);
    }
    if let Some(large) = large {
        large.measure(runtime, time)?;
    }
    if options.measures(Part::Tail) {
        let half = small.refresh(runtime, time, Some(rate / 2.0))?;
        others.p99.push(half.quantile(0.99));
        others.median.push(half.quantile(0.5));
    }
    Ok(())
}

impl Options {
    fn measures(&self, part: Part) -> bool {
        self.only.is_none_or(|only| only == part)
    }
}

impl Side {
    fn start(runtime: &Runtime, house: &House, tokens: &[String], options: &Options) -> anyhow::Result<Self> {
        let server = Running::start(house)?;
        let (tokens, clients, idle_mib) = (tokens.to_vec(), options.clients, server.memory()?);
        let (rates, medians, server_us, client_us) = Default::default();
        let mut side = Self { server, tokens, clients, idle_mib, rates, medians, server_us, client_us };
        side.refresh(runtime, Duration::from_secs_f64(options.seconds / 3.0), None)?;
        Ok(side)
    }

    /// As fast as the answers come; gives the rate.
    fn measure(&mut self, runtime: &Runtime, time: Duration) -> anyhow::Result<f64> {
        let before = (self.server.cpu_seconds()?, cpu_seconds(std::process::id())?);
        let measured = self.refresh(runtime, time, None)?;
        let micros = |seconds: f64| seconds * 1e6 / f64::from(u32::try_from(measured.took.len()).unwrap_or(u32::MAX));
        self.server_us.push(micros(self.server.cpu_seconds()? - before.0));
        self.client_us.push(micros(cpu_seconds(std::process::id())? - before.1));
        self.rates.push(measured.rate);
        self.medians.push(measured.quantile(0.5));
        Ok(measured.rate)
    }

    fn refresh(&mut self, runtime: &Runtime, time: Duration, rate: Option<f64>) -> anyhow::Result<Measured> {
        let address = self.server.address;
        runtime.block_on(load::measure(address, &mut self.tokens, self.clients, time, rate))
    }
}

/// What one more session takes in the database, with no device, address or user agent.
fn bytes_a_session(few: &House, many: &House, sessions: u64) -> anyhow::Result<f64> {
    let bytes = many.session_bytes()?.saturating_sub(few.session_bytes()?);
    Ok(f64::from(u32::try_from(bytes / 1024)?) * 1024.0
        / f64::from(u32::try_from(sessions.saturating_sub(FEW).max(1))?))
}

fn rate_rows(small: &Side, others: &Others) -> anyhow::Result<[Row; 5]> {
    let (rate, memory) = (median(&small.rates), small.server.memory()?);
    let (grouped, one_by_one) = (median(&others.grouped), median(&others.one_by_one));
    let of_callers = median(&others.of_callers);
    let rates = |updates: f64| json!({"refreshes": rate.round(), "updates": updates.round()});
    let (server_us, client_us) = (median(&small.server_us), median(&small.client_us));
    let mut against_grouped = rates(grouped);
    against_grouped["server_us"] = json!(server_us.round());
    against_grouped["client_us"] = json!(client_us.round());
    Ok([
        row("vs_grouped_updates", rate / grouped, Goal::AtLeast(0.5), against_grouped),
        row("vs_group_commit", rate / of_callers, Goal::AtLeast(0.5), rates(of_callers)),
        row("vs_commit_each", rate / one_by_one, Goal::AtLeast(5.0), rates(one_by_one)),
        row("idle_memory", small.idle_mib / IDLE_MIB, Goal::AtMost(1.0), json!({"mib": small.idle_mib})),
        row("memory_under_load", memory / LOAD_MIB, Goal::AtMost(1.0), json!({"mib": memory})),
    ])
}

fn growth_rows(small: &Side, large: &Side, bytes: f64, options: &Options) -> anyhow::Result<[Row; 3]> {
    let (few_ms, many_ms) = (median(&small.medians), median(&large.medians));
    let (few_mib, many_mib) = (small.server.memory()?, large.server.memory()?);
    let times = json!({"few": FEW, "many": options.many, "few_ms": few_ms, "many_ms": many_ms});
    let memory = json!({"few_mib": few_mib, "many_mib": many_mib});
    Ok([
        row("growth.median", many_ms / few_ms, Goal::AtMost(1.5), times),
        row("growth.memory", many_mib / few_mib, Goal::AtMost(1.1), memory),
        row("growth.bytes", bytes / SESSION_BYTES, Goal::AtMost(1.0), json!({"bytes_a_session": bytes})),
    ])
}

fn tail_row(others: &Others) -> Row {
    let (p99, half) = (median(&others.p99), median(&others.median));
    row("p99_at_half_rate", p99 / half, Goal::AtMost(5.0), json!({"p99_ms": p99, "median_ms": half}))
}

fn row(id: &str, ratio: f64, goal: Goal, detail: Value) -> Row {
    Row { id: format!("refresh.{id}"), ratio, goal, detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_large_database_has_the_sessions_that_the_clients_refresh() {
        let folder = tempfile::tempdir().unwrap();
        let house = House(folder.path().to_owned());
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        let tokens = runtime.block_on(house.open_sessions(6)).unwrap();
        house.fill_up_to(100).unwrap();
        house.fill_up_to(500).unwrap();
        let sessions: i64 = rusqlite::Connection::open(house.database())
            .and_then(|database| database.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0)))
            .unwrap();
        assert_eq!((tokens.len(), sessions), (6, 500));
        assert!(house.session_bytes().unwrap() > 500 * 50);
        assert!(bare::rate(&house.database(), 8, Duration::from_millis(20)).unwrap() > 0.0);
        assert!(bare::rate_of_callers(&house.database(), 8, Duration::from_millis(20)).unwrap() > 0.0);
    }
}
