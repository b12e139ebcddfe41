//! `jotgate keys rotate`: the next key signs as soon as it may.

use jotgate_server::domain::key::KeyPurpose;
use jotgate_server::{App, flows};

use super::{refused, say};
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store::{self, Absent};

/// Lets the next key sign as soon as every verifier must know it, and makes it first if there is none
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nobody's token is refused for it: the key before stays published until its last token has expired. A key set may be kept
for keys.jwks_max_age, so a key that is made now signs 90 seconds after that.

Examples:
  jotgate keys rotate
  jotgate keys rotate --refresh"
)]
pub(crate) struct Args {
    /// The key of refresh tokens, instead of the one that signs access tokens
    #[arg(long)]
    refresh: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let purpose = if args.refresh { KeyPurpose::Refresh } else { KeyPurpose::Signing };
    store::with(&args.config, Absent::Refuse, output, |app| rotate(app, purpose, output))
}

async fn rotate(app: App, purpose: KeyPurpose, output: Output) -> Result<Exit, Failure> {
    let next = flows::rotate_key(&app, purpose).await.map_err(refused)?;
    say::next_key(output, &next)?;
    Ok(Exit::Done)
}
