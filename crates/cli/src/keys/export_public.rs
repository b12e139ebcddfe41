//! `jotgate keys export-public`: the published key set.

use jotgate_server::{App, flows};

use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store::{self, Absent};

/// Prints the published key set (RFC 7517 §5): public keys only
#[derive(Debug, clap::Args)]
#[command(after_help = "For verifiers that cannot fetch it; they need it anew before each rotation.

Example:
  jotgate keys export-public > keys.json")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, async |app| export(&app, output))
}

fn export(app: &App, output: Output) -> Result<Exit, Failure> {
    output.text(&flows::public_keys(app))?;
    Ok(Exit::Done)
}
