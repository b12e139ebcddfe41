//! `jotgate users`: accounts.

mod create;
mod delete;
mod disable;
mod enable;
mod import;
mod list;
mod metadata;
mod password;
mod roles;
mod show;
mod view;

use jotgate_server::{App, domain::user::User, flows};

use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store;

/// Makes accounts, lists, changes, disables and deletes them
#[derive(Debug, clap::Subcommand)]
#[command(after_help = "A running server on the same store notices within 200 ms.

Example:
  jotgate users create ada@example.com --name \"Ada Lovelace\" --role admin")]
pub(crate) enum Command {
    Create(create::Args),
    List(list::Args),
    Show(show::Args),
    Disable(disable::Args),
    Enable(enable::Args),
    Delete(delete::Args),
    Roles(roles::Args),
    Metadata(metadata::Args),
    Import(import::Args),
}

pub(crate) fn run(command: Command, output: Output) -> Result<Exit, Failure> {
    match command {
        Command::Create(args) => create::run(args, output),
        Command::List(args) => list::run(&args, output),
        Command::Show(args) => show::run(&args, output),
        Command::Disable(args) => disable::run(&args, output),
        Command::Enable(args) => enable::run(&args, output),
        Command::Delete(args) => delete::run(&args, output),
        Command::Roles(args) => roles::run(&args, output),
        Command::Metadata(args) => metadata::run(&args, output),
        Command::Import(args) => import::run(&args, output),
    }
}

/// The account that the command line names.
#[derive(Debug, clap::Args)]
pub(crate) struct WhoArg {
    /// The e-mail address or the id of the account
    #[arg(value_name = "EMAIL|ID")]
    who: String,
}

impl WhoArg {
    async fn find(&self, app: &App) -> Result<User, Failure> {
        find(app, &self.who).await
    }
}

/// The account with that e-mail address or id.
pub(crate) async fn find(app: &App, who: &str) -> Result<User, Failure> {
    flows::find_user(app, who).await.map_err(|error| match error {
        flows::Failure::UserNotFound => Failure::no(format!("there is no user `{}`", crate::output::plain(who))),
        error => store::refused(error),
    })
}
