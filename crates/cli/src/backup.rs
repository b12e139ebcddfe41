//! `jotgate backup`: a copy of the database, while a server goes on writing to it.

use std::path::PathBuf;

use jotgate_server::BackupError;
use jotgate_server::flows::By;
use serde_json::json;

use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store::{self, Absent};

/// Writes a copy of the database to a new file; a running server goes on meanwhile
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The copy is of one moment, checked, and readable by its owner only. The master key is not in it: keep a copy
of that too, in another place. `jotgate restore` puts both back to use.

Example:
  jotgate backup /var/backups/jotgate-2027-01-15.db"
)]
pub(crate) struct Args {
    /// The new file; one that is there already is left alone
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, async |app| {
        app.back_up(&By::command_line(), &args.file).await.map_err(failure)?;
        let file = args.file.display();
        output.answer(|| json!({"backup": file.to_string()}), || format!("backed up to {file}"))?;
        Ok(Exit::Done)
    })
}

/// Why a copy was not made or not restored, with the exit code for it.
pub(crate) fn failure(error: BackupError) -> Failure {
    match error {
        BackupError::Url(_) | BackupError::Exists(_) | BackupError::Postgres(_) => Failure::usage(error),
        BackupError::NotACopy(_) | BackupError::Damaged { .. } => Failure::no(error),
        BackupError::Open(_) | BackupError::Store(_) => Failure::environment(error),
    }
}
