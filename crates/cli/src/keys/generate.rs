//! `jotgate keys generate`: the next signing key, published ahead of its time.

use jotgate_server::{App, flows};

use super::{refused, say};
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store::{self, Absent};

/// Makes the next signing key and publishes it, unless there is one: for verifiers that take their time
#[derive(Debug, clap::Args)]
#[command(after_help = "It signs when `jotgate keys rotate` asks it to, or when rotation falls due.

Example:
  jotgate keys generate")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, |app| generate(app, output))
}

async fn generate(app: App, output: Output) -> Result<Exit, Failure> {
    let next = flows::generate_key(&app).await.map_err(refused)?;
    say::next_key(output, &next)?;
    Ok(Exit::Done)
}
