//! Measurements as ratios within one run: `cargo run --release -p bench -- NAME [--json]`.
//!
//! The machine may be small, shared and noisy, so nothing here is an absolute time that must hold: what is compared runs
//! in turn within one process, round after round, and the medians are divided.

#![expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]

mod chance;
mod http;
mod import;
mod indistinguishable;
mod kid_flood;
mod kill;
mod login;
mod login_flood;
mod measure;
mod nodes;
mod peers;
mod raw;
mod refresh;
mod refresh_postgres;
mod refresh_race;
mod report;
mod revoke;
mod rotate_keys;
mod route;
mod second_sight;
mod sign;
mod site;
mod slow_store;
mod startup;
mod token;
mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use report::Report;

/// Measures one thing as ratios within one run.
#[derive(Debug, Parser)]
#[command(name = "bench", after_help = "Example: cargo run --release -p bench -- route --json")]
struct Arguments {
    #[command(subcommand)]
    bench: Bench,
    /// Print one JSON object instead of a table.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Bench {
    /// Tokens with random key ids: what a flood of them costs the issuer and good tokens.
    KidFlood(kid_flood::Options),
    /// Kills the server (SIGKILL) at random moments under load; fails when something that was answered is not there afterwards.
    Kill(kill::Options),
    /// Three servers on one PostgreSQL through kills, restarts, cuts and a wrong clock, and a standby that takes over; fails when
    /// somebody honest is logged out, or a change or a revocation is lost.
    Nodes(nodes::Options),
    /// One of the servers of `nodes`.
    #[command(hide = true)]
    NodeServer(nodes::NodeOptions),
    /// Importing many accounts with the command line.
    Import(import::Options),
    /// Whether the time of an answer tells who has an account.
    Indistinguishable(indistinguishable::Options),
    /// Log-ins against bare Argon2id, and whether the time of a refusal tells who has an account.
    Login(login::Options),
    /// What a flood of log-ins does to verifying, refreshing, health and memory.
    LoginFlood(login_flood::Options),
    /// Refreshes over HTTP against bare updates of the same rows, with few and with many sessions.
    Refresh(refresh::Options),
    /// Refreshes on PostgreSQL, without HTTP, against `pgbench` making the same single update.
    RefreshPostgres(refresh_postgres::Options),
    /// Tabs, lost answers and thieves around one refresh token; fails when somebody honest is logged out, a theft gets away, or
    /// a chain forks.
    RefreshRace(refresh_race::Options),
    /// The server of `refresh`, in a process of its own so that its memory can be told.
    #[command(hide = true)]
    RefreshServer(refresh::ServerOptions),
    /// From an answered log-out to the first refusal at each of many verifiers; across a cut of the line; and what 100,000 entries cost.
    Revoke(revoke::Options),
    /// Requests at a guard while keys change, the algorithm too; fails when a good token is refused.
    RotateKeys(rotate_keys::Options),
    /// The throughput of an axum route behind the guard, against the same route unprotected.
    Route(route::Options),
    /// A token that a guard has verified before, against its first sight.
    SecondSight(second_sight::Options),
    /// A store that stands still under load, or falls silent and crashes: answers, memory, and that it goes on by itself.
    SlowStore(slow_store::Options),
    /// Verifying a token, against the bare cryptography and against other libraries.
    Verify(verify::Options),
    /// Signing claims, against the bare cryptography and against other libraries.
    Sign(sign::Options),
    /// From starting `jotgate serve` on an existing database to its first answer, and its idle memory.
    Startup(startup::Options),
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let must_hold =
        matches!(arguments.bench, Bench::RefreshRace(_) | Bench::Kill(_) | Bench::Nodes(_) | Bench::RotateKeys(_));
    let report: Report = match arguments.bench {
        Bench::KidFlood(options) => kid_flood::run(&options)?,
        Bench::Kill(options) => kill::run(&options)?,
        Bench::Nodes(options) => nodes::run(&options)?,
        Bench::NodeServer(options) => return nodes::serve(&options).map(|()| ExitCode::SUCCESS),
        Bench::Import(options) => import::run(&options)?,
        Bench::Indistinguishable(options) => indistinguishable::run(&options)?,
        Bench::Login(options) => login::run(&options)?,
        Bench::LoginFlood(options) => login_flood::run(&options)?,
        Bench::Refresh(options) => refresh::run(&options)?,
        Bench::RefreshPostgres(options) => refresh_postgres::run(&options)?,
        Bench::RefreshRace(options) => refresh_race::run(&options)?,
        Bench::RefreshServer(options) => return refresh::serve(&options).map(|()| ExitCode::SUCCESS),
        Bench::Revoke(options) => revoke::run(&options)?,
        Bench::RotateKeys(options) => rotate_keys::run(&options)?,
        Bench::Route(options) => route::run(&options)?,
        Bench::Verify(options) => verify::run(&options)?,
        Bench::SecondSight(options) => second_sight::run(&options)?,
        Bench::Sign(options) => sign::run(&options)?,
        Bench::SlowStore(options) => slow_store::run(&options)?,
        Bench::Startup(options) => startup::run(&options)?,
    };
    if arguments.json {
        println!("{}", report.to_json());
    } else {
        println!("{report}");
    }
    // A ratio that is missed on a busy machine is news; a rule that is broken is a failure.
    Ok(if must_hold && !report.holds() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
