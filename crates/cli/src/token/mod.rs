//! `jotgate token`: look at tokens, verify them, sign them, revoke them.

pub(crate) mod argument;
mod inspect;
mod policy;
mod revoke;
mod show;
mod sign;
mod verify;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Takes tokens apart, verifies, signs and revokes them
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:
  jotgate token inspect \"$TOKEN\"")]
pub(crate) enum Command {
    Inspect(inspect::Args),
    Verify(Box<verify::Args>),
    Sign(sign::Args),
    Revoke(revoke::Args),
}

pub(crate) fn run(command: &Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Inspect(args) => inspect::run(args, output),
        Command::Verify(args) => verify::run(args, output),
        Command::Sign(args) => sign::run(args, output),
        Command::Revoke(args) => revoke::run(args, output),
    }
}
