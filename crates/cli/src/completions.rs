//! `jotgate completions`: a script that teaches a shell the commands.

use clap_complete::Shell;
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::output::Output;

/// Prints the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jotgate completions bash > ~/.local/share/bash-completion/completions/jotgate")]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, mut tree: clap::Command, output: Output) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut tree, "jotgate", &mut script);
    let script = String::from_utf8_lossy(&script);
    output.answer(|| json!({"shell": args.shell.to_string(), "script": script}), || script.to_string())?;
    Ok(Exit::Done)
}
