//! `jotgate jwk`: keys as files.

mod convert;
mod generate;
mod public;
mod thumbprint;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Makes keys and changes their form: JWK, PEM, DER
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "Example:
  jotgate jwk generate ES256 --out key.jwk && jotgate jwk public key.jwk")]
pub(crate) enum Command {
    Generate(generate::Args),
    Thumbprint(thumbprint::Args),
    Public(public::Args),
    Convert(convert::Args),
}

pub(crate) fn run(command: &Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Generate(args) => generate::run(args, output),
        Command::Thumbprint(args) => thumbprint::run(args, output),
        Command::Public(args) => public::run(args, output),
        Command::Convert(args) => convert::run(args, output),
    }
}
