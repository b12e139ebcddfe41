//! `jotgate users roles`: gives and takes roles.

use jotgate_server::App;
use jotgate_server::flows::{self, By, UpdateUser};

use super::WhoArg;
use super::create::{note_unknown_roles, role};
use super::view::UserView;
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store::{self, Absent};

/// Gives and takes roles; each session has them from its next refresh on
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("what").required(true).multiple(true).args(["add", "remove", "none"]),
    after_help = "Examples:
  jotgate users roles ada@example.com --add admin --remove clerk
  jotgate users roles ada@example.com --none && jotgate sessions end --user ada@example.com"
)]
pub(crate) struct Args {
    #[command(flatten)]
    who: WhoArg,
    /// A role to give; may be given several times
    #[arg(long, value_name = "ROLE", value_parser = role)]
    add: Vec<String>,
    /// A role to take; may be given several times
    #[arg(long, value_name = "ROLE", value_parser = role)]
    remove: Vec<String>,
    /// Take all roles but those of --add
    #[arg(long, conflicts_with = "remove")]
    none: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, |app| change(app, args, output))
}

async fn change(app: App, args: &Args, output: Output) -> Result<Exit, Failure> {
    let user = args.who.find(&app).await?;
    let mut roles = if args.none { Vec::new() } else { user.roles };
    roles.retain(|role| !args.remove.contains(role));
    for role in &args.add {
        if !roles.contains(role) {
            roles.push(role.clone());
        }
    }
    note_unknown_roles(&app, &args.add, output);
    let update = UpdateUser { roles: Some(roles), ..UpdateUser::default() };
    let user = flows::update_user(&app, &By::command_line(), user.id, update).await.map_err(store::refused)?;
    let view = UserView::of(&user);
    output.answer(|| &view, || view.text())?;
    Ok(Exit::Done)
}
