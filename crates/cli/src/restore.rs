//! `jotgate restore`: puts a copy that `jotgate backup` made back to use.

use std::path::PathBuf;

use jotgate_server::App;
use jotgate_server::flows::By;
use serde_json::json;

use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::{backup, runtime, store};

/// Puts a copy of the database where the configuration says that the database is
#[derive(Debug, clap::Args)]
#[command(
    after_help = "There must be no database yet: stop the server and move the old one away, with its -wal and -shm files. The
master key must be the one from the time of the copy. All is as it was then: sessions that were ended since can be used
again until they are ended anew, and people whose session was refreshed since have to log in again.

Example:
  jotgate restore /var/backups/jotgate-2027-01-15.db"
)]
pub(crate) struct Args {
    /// The copy; it stays as it is
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let config = args.config.load(None)?;
    runtime::small()?.block_on(App::restore(&config, &By::command_line(), &args.file)).map_err(backup::failure)?;
    let database = store::name(&config);
    output.answer(|| json!({"restored": database}), || format!("restored {database}"))?;
    Ok(Exit::Done)
}
