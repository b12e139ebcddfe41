//! `jotgate sessions`: who is logged in where.

mod end;
mod list;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Lists the sessions of a user, and ends sessions
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "A running server on the same store notices an end within 200 ms.

Example:
  jotgate sessions list ada@example.com")]
pub(crate) enum Command {
    List(list::Args),
    End(end::Args),
}

pub(crate) fn run(command: &Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(args, output),
        Command::End(args) => end::run(args, output),
    }
}
