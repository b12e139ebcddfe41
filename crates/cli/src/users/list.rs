//! `jotgate users list`: accounts in the order of their ids.

use jotgate_server::App;
use jotgate_server::domain::email::Email;
use jotgate_server::domain::user::{User, UserId};
use jotgate_server::flows;

use super::view::UserView;
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, plain, table};
use crate::store::{self, Absent};

/// Lists accounts, the oldest first or by their addresses; with --json one a line
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  jotgate users list --limit 20
  jotgate users list --email ada@")]
pub(crate) struct Args {
    /// How many at most
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    limit: u32,
    /// Only accounts whose addresses begin so, in the order of the addresses
    #[arg(long, value_name = "BEGINNING")]
    email: Option<String>,
    /// Begin after the account with this id, or with --email after this address
    #[arg(long, value_name = "ID|EMAIL")]
    after: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, |app| list(app, args, output))
}

async fn list(app: App, args: &Args, output: Output) -> Result<Exit, Failure> {
    // One more than is shown tells whether there are more.
    let users = find(&app, args, args.limit.saturating_add(1)).await?;
    let limit = usize::try_from(args.limit).unwrap_or(usize::MAX);
    let views: Vec<_> = users.iter().take(limit).map(UserView::of).collect();
    if output.is_json() {
        views.iter().try_for_each(|view| output.value(view))?;
        return Ok(Exit::Done);
    }
    output.text(&text(&views))?;
    match views.last() {
        None => output.note("no users"),
        Some(last) if users.len() > views.len() => {
            let last = if args.email.is_some() { plain(&last.email) } else { plain(&last.id) };
            output.note(format!("there are more: --after {last}"));
        }
        Some(_) => {}
    }
    Ok(Exit::Done)
}

async fn find(app: &App, args: &Args, limit: u32) -> Result<Vec<User>, Failure> {
    let after = args.after.as_deref();
    let found = if let Some(beginning) = &args.email {
        let after = after.map(|address| Email::parse(address).map_err(Failure::usage)).transpose()?;
        flows::users_by_email(app, beginning, after.as_ref().map(Email::key), limit).await
    } else {
        let after = after.map(str::parse::<UserId>).transpose();
        let after =
            after.map_err(|_| Failure::usage("--after takes the id of an account, or with --email an address"))?;
        flows::users(app, after, limit).await
    };
    found.map_err(store::refused)
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
