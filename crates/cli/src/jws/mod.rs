//! `jotgate jws`: signatures over any payload.

mod verify;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Verifies signatures over any payload
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:
  jotgate jws verify \"$TOKEN\" --keys public.jwk")]
pub(crate) enum Command {
    Verify(verify::Args),
}

pub(crate) fn run(command: &Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Verify(args) => verify::run(args, output),
    }
}
