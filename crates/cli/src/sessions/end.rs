//! `jotgate sessions end`: one session, all of a user's, or everybody's.

use jotgate_server::domain::session::{EndReason, SessionId};
use jotgate_server::{App, flows};
use serde_json::json;

use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store::{self, Absent};
use crate::users;

/// Ends a session, all sessions of a user, or everybody's: their tokens are refused at once
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("which").required(true).multiple(true).args(["session", "user", "everyone"]),
    after_help = "Examples:
  jotgate sessions end 01938e5c-7a70-7000-8000-000000000001
  jotgate sessions end --user ada@example.com
  jotgate sessions end --everyone"
)]
pub(crate) struct Args {
    /// The session; with --user it must be that user's
    #[arg(value_name = "SESSION_ID")]
    session: Option<SessionId>,
    /// All sessions of the user with this e-mail address or id
    #[arg(long, value_name = "EMAIL|ID")]
    user: Option<String>,
    /// All sessions of all users: everybody has to log in again
    #[arg(long, conflicts_with_all = ["session", "user"])]
    everyone: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, |app| end(app, args, output))
}

async fn end(app: App, args: &Args, output: Output) -> Result<Exit, Failure> {
    let user = match &args.user {
        Some(who) => Some(users::find(&app, who).await?.id),
        None => None,
    };
    let reason = EndReason::Administrator;
    let ended = match (args.session, user) {
        (Some(session), user) => {
            flows::end_session(&app, &flows::By::command_line(), user, session, reason).await.map(|()| 1)
        }
        (None, Some(user)) => flows::end_sessions_of(&app, &flows::By::command_line(), user, reason).await,
        (None, None) if args.everyone => {
            flows::end_sessions_of_everyone(&app, &flows::By::command_line(), reason).await
        }
        (None, None) => return Err(Failure::usage("name a session, a user with --user, or --everyone")),
    };
    let ended = ended.map_err(store::refused)?;
    let plural = if ended == 1 { "" } else { "s" };
    output.answer(|| json!({"sessions_ended": ended}), || format!("{ended} session{plural} ended"))?;
    Ok(Exit::Done)
}
