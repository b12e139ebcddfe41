//! `cargo xtask test`: what the tests need, then the tests, then what came of them.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::Context;

use crate::needs;
use crate::outcome::{Outcome, Summary};

/// Runs the tests; the exit code is 1 when anything failed, a build and a crash included.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let interop = target_folder()?.join("interop");
    needs::meet(&interop);
    let summary = cargo_test(arguments, &interop)?;
    println!("\n{summary}");
    Ok(if summary.totals.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What `cargo test` is run with when nothing is asked for: everything, and the guard once more without axum, as those have it who
/// use another framework.
const EVERYTHING: [&[&str]; 2] =
    [&["--workspace"], &["--package", "jotgate-guard", "--no-default-features", "--lib", "--test", "tower"]];

fn cargo_test(arguments: &[String], interop: &Path) -> anyhow::Result<Summary> {
    let mut outcome = Outcome::default();
    let mut succeeded = true;
    if arguments.is_empty() {
        for all in EVERYTHING {
            succeeded &= run_once(all, interop, &mut outcome)?;
        }
    } else {
        succeeded = run_once(arguments, interop, &mut outcome)?;
    }
    Ok(outcome.finish(succeeded))
}

/// Both outputs of `cargo test` go through one pipe, so that the order of their lines tells which test binary a line is of. Tells
/// whether it succeeded.
fn run_once(arguments: &[impl AsRef<OsStr>], interop: &Path, outcome: &mut Outcome) -> anyhow::Result<bool> {
    let (reader, writer) = std::io::pipe().context("cannot make a pipe to read the tests' output")?;
    let mut command = Command::new("cargo");
    command.args(["test", "--no-fail-fast", "--color", "never"]);
    command.args(arguments).env(needs::INTEROP, interop);
    let mut cargo = command
        .stdout(writer.try_clone().context("cannot share the pipe")?)
        .stderr(writer)
        .spawn()
        .context("cannot start `cargo test`: is cargo on the PATH?")?;
    // The command holds the writing ends; without this the pipe would never end.
    drop(command);

    for line in BufReader::new(reader).split(b'\n') {
        let line = line.context("cannot read the tests' output")?;
        let line = String::from_utf8_lossy(&line);
        println!("{line}");
        outcome.read(&line);
    }
    let status = cargo.wait().context("cannot learn how `cargo test` ended")?;
    Ok(status.success())
}

/// This program stands in `<target>/<profile>/xtask`, wherever the target folder was put.
pub(crate) fn target_folder() -> anyhow::Result<PathBuf> {
    let program = std::env::current_exe().context("cannot tell where this program stands")?;
    let folder = program.ancestors().nth(2).context("this program does not stand in a target folder")?;
    Ok(folder.to_owned())
}
