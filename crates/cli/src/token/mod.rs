//! `jotgate token`: look at tokens, verify them, sign them.

pub(crate) mod argument;
mod inspect;
mod policy;
mod show;
mod sign;
mod verify;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Takes tokens apart, verifies and signs them
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:
  jotgate token inspect \"$TOKEN\"")]
pub(crate) enum Command {
    Inspect(inspect::Args),
    Verify(Box<verify::Args>),
    Sign(sign::Args),
}

pub(crate) fn run(command: &Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Inspect(args) => inspect::run(args, output),
        Command::Verify(args) => verify::run(args, output),
        Command::Sign(args) => sign::run(args, output),
    }
}
