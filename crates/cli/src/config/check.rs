//! `jotgate config check`: what is wrong with the configuration, and where.

use jotgate_server::config::Problem;
use jotgate_server::{App, Config};
use serde_json::{Value, json};

use crate::config_source::{ConfigArgs, Source};
use crate::exit::{Exit, Failure};
use crate::output::{Output, Page, bold, green, red, yellow};
use crate::serve::logging;

/// Says what is wrong with the configuration, and where
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Every problem is listed with its key and line, and with the nearest known key where it looks like a slip. The exit code is
2 if there is one. Environment variables count too: JOTGATE_HTTP__LISTEN is `listen` in `[http]`.

Example:
  jotgate config check --config /etc/jotgate.toml"
)]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let source = args.config.read(None)?;
    let checked = source.config().map_err(|error| error.problems).and_then(with_log_level).and_then(startable);
    match checked {
        Ok(config) => {
            output.answer(
                || json!({"ok": true, "file": source.file(), "warnings": config.warnings}),
                || fine(&source, &config),
            )?;
            Ok(Exit::Done)
        }
        Err(problems) => {
            let listed = || problems.iter().map(as_json).collect::<Vec<_>>();
            output.answer(
                || json!({"ok": false, "file": source.file(), "problems": listed()}),
                || refused(&source, &problems),
            )?;
            Ok(Exit::Usage)
        }
    }
}

/// The filter of the log is read by the command line, and so it is checked here.
fn with_log_level(config: Config) -> Result<Config, Vec<Problem>> {
    match logging::filter(&config.log.level) {
        Ok(_) => Ok(config),
        Err(message) => Err(vec![Problem { key: "log.level".to_owned(), line: None, message }]),
    }
}

/// What only a start would find out, without starting.
fn startable(config: Config) -> Result<Config, Vec<Problem>> {
    let problems = App::preflight(&config);
    if problems.is_empty() { Ok(config) } else { Err(problems) }
}

fn fine(source: &Source, config: &Config) -> String {
    let mut page = Page::default();
    page.line(format_args!("{} {source}", green("✓")));
    for warning in &config.warnings {
        page.line(format_args!("  {} {warning}", yellow("warning:")));
    }
    page.text()
}

fn refused(source: &Source, problems: &[Problem]) -> String {
    let mut page = Page::default();
    page.line(format_args!("{} {source}", red("✗")));
    for Problem { key, line, message } in problems {
        let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        let key = if key.is_empty() { String::new() } else { format!("{}: ", bold(key)) };
        page.line(format_args!("  {line}{key}{message}"));
    }
    page.text() + source.hint()
}

fn as_json(problem: &Problem) -> Value {
    let key = Some(&problem.key).filter(|key| !key.is_empty());
    json!({"key": key, "line": problem.line, "message": problem.message})
}
