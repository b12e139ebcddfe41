//! `jotgate users disable`: nobody logs in with the account, and its sessions end.

use jotgate_server::{App, flows};

use super::{WhoArg, view};
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store::{self, Absent};

/// Disables an account and ends its sessions
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jotgate users disable ada@example.com")]
pub(crate) struct Args {
    #[command(flatten)]
    who: WhoArg,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, |app| disable(app, args, output))
}

async fn disable(app: App, args: &Args, output: Output) -> Result<Exit, Failure> {
    let user = args.who.find(&app).await?;
    let ended = flows::disable_user(&app, &flows::By::command_line(), user.id).await.map_err(store::refused)?;
    view::say(output, "disabled", &user, ended)?;
    Ok(Exit::Done)
}
