//! `jotgate man`: the manual pages.

use std::path::PathBuf;

use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Writes the manual pages, one for each command, into a folder
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jotgate man ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// The folder; it is made when it does not exist
    dir: PathBuf,
}

pub(crate) fn run(args: &Args, tree: clap::Command, output: Output) -> Result<Exit, Failure> {
    let cannot =
        |error: std::io::Error| Failure::environment(format!("{} cannot be written to: {error}", args.dir.display()));
    std::fs::create_dir_all(&args.dir).map_err(cannot)?;
    clap_mangen::generate_to(tree, &args.dir).map_err(cannot)?;
    let dir = &args.dir;
    output.answer(|| json!({"dir": dir}), || format!("wrote the manual pages to {}", dir.display()))?;
    Ok(Exit::Done)
}
