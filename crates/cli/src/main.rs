//! `jotgate`: the server, and a command line for users, sessions, keys and tokens.

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
mod man;
mod out_file;
mod output;
mod restore;
mod runtime;
mod serve;
mod sessions;
mod store;
mod times;
mod token;
mod users;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    match cli.run() {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report(),
    }
}
