//! `jotgate users list`: accounts in the order of their ids.

use jotgate_server::App;
use jotgate_server::domain::user::UserId;
use jotgate_server::flows;

use super::view::UserView;
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, plain, table};
use crate::store::{self, Absent};

/// Lists accounts, the oldest first; with --json one a line
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jotgate users list --limit 20")]
pub(crate) struct Args {
    /// How many at most
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    /// Begin after the account with this id
    #[arg(long, value_name = "ID")]
    after: Option<UserId>,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, |app| list(app, args, output))
}

async fn list(app: App, args: &Args, output: Output) -> Result<Exit, Failure> {
    // One more than is shown tells whether there are more.
    let users = flows::users(&app, args.after, args.limit.saturating_add(1)).await.map_err(store::refused)?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let views: Vec<_> = users.iter().take(limit).map(UserView::of).collect();
    if output.is_json() {
        views.iter().try_for_each(|view| output.value(view))?;
        return Ok(Exit::Done);
    }
    output.text(&text(&views))?;
    match views.last() {
        None => output.note("no users"),
        Some(last) if users.len() > views.len() => output.note(format!("there are more: --after {}", last.id)),
        Some(_) => {}
    }
    Ok(Exit::Done)
}

fn text(views: &[UserView]) -> String {
    if views.is_empty() {
        return String::new();
    }
    let mut table = table(["id", "e-mail", "name", "roles", "created", "disabled"]);
    for view in views {
        let name = view.name.as_deref().unwrap_or_default();
        let disabled = view.disabled_at.as_deref().unwrap_or_default();
        let roles = view.roles.join(", ");
        table.add_row([&view.id, &*plain(&view.email), &*plain(name), &*plain(&roles), &view.created_at, disabled]);
    }
    table.to_string()
}
