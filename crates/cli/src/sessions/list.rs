//! `jotgate sessions list`: the live sessions of a user.

use jotgate_server::domain::session::Session;
use jotgate_server::domain::time::Timestamp;
use jotgate_server::{App, flows};
use serde::Serialize;

use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, plain, table};
use crate::store::{self, Absent};
use crate::times::rfc3339_of_millis;
use crate::users;

/// Lists the live sessions of a user, the last used first; with --json one a line
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jotgate sessions list ada@example.com")]
pub(crate) struct Args {
    /// The e-mail address or the id of the user
    #[arg(value_name = "EMAIL|ID")]
    who: String,
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Serialize)]
struct SessionView {
    id: String,
    user_id: String,
    device: Option<String>,
    address: Option<String>,
    user_agent: Option<String>,
    created_at: String,
    last_used_at: String,
    expires_at: String,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, |app| list(app, args, output))
}

async fn list(app: App, args: &Args, output: Output) -> Result<Exit, Failure> {
    let user = users::find(&app, &args.who).await?;
    let sessions = flows::sessions(&app, user.id).await.map_err(store::refused)?;
    let views: Vec<_> = sessions.iter().map(SessionView::of).collect();
    if output.is_json() {
        views.iter().try_for_each(|view| output.value(view))?;
    } else if views.is_empty() {
        output.note("no live sessions");
    } else {
        output.text(&text(&views))?;
    }
    Ok(Exit::Done)
}

impl SessionView {
    fn of(session: &Session) -> Self {
        let time = |time: Timestamp| rfc3339_of_millis(time.millis());
        Self {
            id: session.id.to_string(),
            user_id: session.user_id.to_string(),
            device: session.device.clone(),
            address: session.address.clone(),
            user_agent: session.user_agent.clone(),
            created_at: time(session.created_at),
            last_used_at: time(session.last_used_at),
            expires_at: time(session.refresh_until()),
        }
    }
}

fn text(views: &[SessionView]) -> String {
    let mut table = table(["id", "device", "address", "created", "last used", "expires"]);
    for view in views {
        let device = view.device.as_deref().or(view.user_agent.as_deref()).unwrap_or_default();
        let address = view.address.as_deref().unwrap_or_default();
        table.add_row([
            &view.id,
            &*plain(device),
            &*plain(address),
            &view.created_at,
            &view.last_used_at,
            &view.expires_at,
        ]);
    }
    table.to_string()
}
