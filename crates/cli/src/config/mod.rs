//! `jotgate config`: is the configuration right, and what can stand in it.

mod check;
mod reference;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Checks the configuration, and explains its keys
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:
  jotgate config check --config /etc/jotgate.toml")]
pub(crate) enum Command {
    Check(check::Args),
    Reference(reference::Args),
}

pub(crate) fn run(command: &Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Check(args) => check::run(args, output),
        Command::Reference(args) => reference::run(args, output),
    }
}
