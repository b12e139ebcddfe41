//! `jotgate users enable`: the account can be used again; its sessions stay ended.

use jotgate_server::{App, flows};

use super::{WhoArg, view};
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store::{self, Absent};

/// Enables a disabled account again; its sessions stay ended
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jotgate users enable ada@example.com")]
pub(crate) struct Args {
    #[command(flatten)]
    who: WhoArg,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, |app| enable(app, args, output))
}

async fn enable(app: App, args: &Args, output: Output) -> Result<Exit, Failure> {
    let user = args.who.find(&app).await?;
    flows::enable_user(&app, &flows::By::command_line(), user.id).await.map_err(store::refused)?;
    view::say(output, "enabled", &user, 0)?;
    Ok(Exit::Done)
}
