//! `jotgate users delete`: the account and its sessions are gone.

use std::io::IsTerminal;

use jotgate_server::domain::user::User;
use jotgate_server::{App, flows};

use super::{WhoArg, view};
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, plain};
use crate::store::{self, Absent};

/// Deletes an account and ends its sessions; this cannot be undone
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jotgate users delete ada@example.com --yes")]
pub(crate) struct Args {
    #[command(flatten)]
    who: WhoArg,
    /// Do not ask whether it is meant
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    if !args.yes && !std::io::stdin().is_terminal() {
        return Err(Failure::usage("there is no terminal to ask at whether it is meant; give --yes"));
    }
    store::with(&args.config, Absent::Refuse, output, |app| delete(app, args, output))
}

async fn delete(app: App, args: &Args, output: Output) -> Result<Exit, Failure> {
    let user = args.who.find(&app).await?;
    if !args.yes && !is_meant(&user)? {
        return Err(Failure::no("nothing was deleted"));
    }
    let ended = flows::delete_user(&app, &flows::By::command_line(), user.id).await.map_err(store::refused)?;
    view::say(output, "deleted", &user, ended)?;
    Ok(Exit::Done)
}

fn is_meant(user: &User) -> Result<bool, Failure> {
    let prompt = format!("Delete {} ({})? This cannot be undone", plain(user.email.display()), user.id);
    let asked = dialoguer::Confirm::new().with_prompt(prompt).default(false).interact();
    asked.map_err(|error| Failure::environment(format!("the answer cannot be read: {error}")))
}
