//! Importing many accounts with the command line, and importing the same file again.

use std::fmt::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::ensure;
use clap::Args;
use serde_json::json;

use crate::measure::now;
use crate::report::{Goal, Report, Row};
use crate::startup::program;

/// The goal for 100,000 accounts, in seconds.
const SECONDS: f64 = 60.0;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Accounts.
    #[arg(long, default_value_t = 100_000)]
    accounts: u32,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let program = program()?;
    let data = tempfile::tempdir()?;
    std::fs::write(data.path().join("jotgate.toml"), "issuer = \"http://127.0.0.1:4400\"\n")?;
    std::fs::write(data.path().join("users.jsonl"), accounts(options.accounts)?)?;
    let goal = SECONDS * f64::from(options.accounts) / 100_000.0;
    let first = import(&program, data.path())?;
    let again = import(&program, data.path())?;
    let row = |id: &str, seconds: f64| Row {
        id: format!("import.{id}"),
        ratio: seconds / goal,
        goal: Goal::AtMost(1.0),
        detail: json!({"accounts": options.accounts, "seconds": seconds}),
    };
    Ok(Report::new("import", vec![row("first", first), row("again", again)]))
}

/// JSON Lines in no order of the addresses, as databases export them.
fn accounts(count: u32) -> anyhow::Result<String> {
    const HASH: &str = "$2b$10$SPquC1yXdjCipZOrFdYhEeR/42WQeOx8S/ls/qnidYoNudu8Dv3kq";
    let mut lines = String::new();
    for number in 0..count {
        let name = number.wrapping_mul(2_654_435_761);
        let created = 1_600_000_000 + number;
        writeln!(
            lines,
            r#"{{"email":"user{name}@example.com","name":"User {name}","email_verified":true,"password_hash":"{HASH}","created_at":{created}}}"#
        )?;
    }
    Ok(lines)
}

/// Seconds that an import takes.
fn import(program: &Path, folder: &Path) -> anyhow::Result<f64> {
    let begin = now();
    let mut command = Command::new(program);
    command.args(["users", "import", "users.jsonl", "--json"]).current_dir(folder);
    let status = command.stdout(Stdio::null()).stderr(Stdio::inherit()).status()?;
    ensure!(status.success(), "the import did not succeed");
    Ok(begin.elapsed().as_secs_f64())
}
