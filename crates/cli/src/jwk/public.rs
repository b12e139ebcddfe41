//! `jotgate jwk public`: what may be published of a key.

use jotgate_jose::{KeySet, VerifyingKey};

use crate::exit::{Exit, Failure};
use crate::key_file::{AnyKey, KeysArgs};
use crate::output::Output;

/// Prints the public JWK of a key, or the public JWK Set of several
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jotgate jwk public key.jwk > public.jwk")]
pub(crate) struct Args {
    #[command(flatten)]
    keys: KeysArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let read = args.keys.read()?;
    let mut keys = read.keys.iter().map(AnyKey::verifying);
    let json = match (read.is_set, keys.next()) {
        (false, Some(key)) => key.to_jwk(),
        (_, first) => set(first.into_iter().chain(keys)),
    };
    output.text(&json.map_err(|error| Failure::usage(format!("there is nothing public: {error}")))?)?;
    Ok(Exit::Done)
}

fn set(keys: impl Iterator<Item = VerifyingKey>) -> Result<String, jotgate_jose::KeyError> {
    KeySet::new(keys)?.to_json()
}
