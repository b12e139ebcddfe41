//! `jotgate store copy`: moves house between the two kinds of store.

use jotgate_server::flows::By;
use jotgate_server::{CopiedTable, CopyError, copy_store};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::output::{Output, Page, bold};
use crate::{progress, runtime};

/// Copies a whole store into another of either kind
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Stop the servers of the source first. Everything is copied, read again on both sides, and must agree. A copy that
was interrupted goes on where it was when the same command runs again; until it is finished no server starts on it.
The master key is not in a store: the new one needs the same, as keys.master_key_file or JOTGATE_MASTER_KEY.

Example:
  jotgate store copy --from sqlite:jotgate.db --to postgres://jotgate@db.example.com/jotgate"
)]
pub(crate) struct Args {
    /// The store to copy; it stays as it is
    #[arg(long, value_name = "URL", env = "JOTGATE_COPY_FROM", hide_env_values = true)]
    from: String,
    /// The store to fill: an empty database, or a file that is not there
    #[arg(long, value_name = "URL", env = "JOTGATE_COPY_TO", hide_env_values = true)]
    to: String,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let bar = progress::bar(output, 0);
    let copied = runtime::small()?.block_on(copy_store(&args.from, &args.to, &By::command_line(), |progress| {
        bar.set_length(progress.total);
        bar.set_position(progress.done);
        bar.set_message(format!("{} {}", progress.step, progress.table));
    }));
    bar.finish_and_clear();
    let tables = copied.map_err(failure)?;
    output.answer(|| json!({"copied": tables}), || page(&tables))?;
    Ok(Exit::Done)
}

fn page(tables: &[CopiedTable]) -> String {
    let mut page = Page::default();
    for CopiedTable { table, rows, sha256 } in tables {
        page.line(format_args!("{table:<20} {rows:>12} rows  sha256 {sha256}"));
    }
    page.line(bold("Both stores are the same. The new one's audit trail goes on with a line that says so."));
    page.line("Next: set store.url to the new one, with the same master key as before, and start the server.");
    page.text()
}

/// Why a store was not copied, with the exit code for it.
fn failure(error: CopyError) -> Failure {
    match error {
        CopyError::Url { .. } | CopyError::Same | CopyError::NoSource(_) => Failure::usage(error),
        CopyError::NotEmpty(_) | CopyError::SourceUnfinished(_) | CopyError::Differs { .. } => Failure::no(error),
        _ => Failure::environment(error),
    }
}
