//! `jotgate`: the server, and a command line for users, sessions, keys and tokens.

mod audit;
mod backup;
mod batch;
mod cli;
mod clock;
mod completions;
mod config;
mod config_source;
mod dev;
mod exit;
mod input;
mod jwk;
mod jws;
mod key_file;
mod keys;
mod man;
mod out_file;
mod output;
mod progress;
mod restore;
mod runtime;
mod serve;
mod sessions;
mod store;
mod times;
mod token;
mod users;

use std::panic::PanicHookInfo;
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(report_panic));
    let cli = cli::Cli::parse();
    match cli.run() {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}

/// A panic is a fault of ours, and its text may quote what was being worked on: only its place is told.
fn report_panic(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    anstream::eprintln!("internal error at {place}: please report it");
}
