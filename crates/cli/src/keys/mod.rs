//! `jotgate keys`: what signs access tokens, and what refresh tokens are made with.

mod export_public;
mod generate;
mod list;
mod rekey;
mod revoke;
mod rotate;
mod say;

use jotgate_server::flows::KeysFailure;

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store;

/// Lists, makes, rotates and revokes keys
#[derive(Debug, clap::Subcommand)]
#[command(
    after_help = "Servers change their keys by themselves (keys.rotate_every); these commands are for looking, for doing it sooner, and for
the emergency. A running server on the same store notices within 200 ms.

Example:
  jotgate keys list"
)]
pub(crate) enum Command {
    List(list::Args),
    Generate(generate::Args),
    Rotate(rotate::Args),
    Revoke(revoke::Args),
    ExportPublic(export_public::Args),
    Rekey(rekey::Args),
}

pub(crate) fn run(command: Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::List(args) => list::run(&args, output),
        Command::Generate(args) => generate::run(&args, output),
        Command::Rotate(args) => rotate::run(&args, output),
        Command::Revoke(args) => revoke::run(args, output),
        Command::ExportPublic(args) => export_public::run(&args, output),
        Command::Rekey(args) => rekey::run(&args, output),
    }
}

/// Why keys were not changed, with the exit code for it.
fn refused(error: KeysFailure) -> Failure {
    match error {
        KeysFailure::Open(error) => store::failure(error),
        KeysFailure::Unknown(_) => Failure::no(error),
        KeysFailure::ConfiguredSecret(_) => Failure::usage(error),
        KeysFailure::Busy | KeysFailure::Keyring(_) | KeysFailure::Store(_) => Failure::environment(error),
    }
}
