//! `jotgate jwk thumbprint`: the name that a key gives itself.

use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::key_file::KeysArgs;
use crate::output::Output;

/// Prints the SHA-256 thumbprint of each key (RFC 7638)
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jotgate jwk thumbprint key.jwk")]
pub(crate) struct Args {
    #[command(flatten)]
    keys: KeysArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    for key in args.keys.read_for_any_algorithm()?.keys {
        let key = key.verifying();
        let thumbprint = key.thumbprint();
        output.answer(|| json!({"kid": key.kid(), "thumbprint": thumbprint}), || thumbprint.clone())?;
    }
    Ok(Exit::Done)
}
