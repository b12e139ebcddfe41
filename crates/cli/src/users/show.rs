//! `jotgate users show`: one account.

use jotgate_server::App;

use super::WhoArg;
use super::view::UserView;
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store::{self, Absent};

/// Shows an account
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jotgate users show ada@example.com")]
pub(crate) struct Args {
    #[command(flatten)]
    who: WhoArg,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, |app| show(app, args, output))
}

async fn show(app: App, args: &Args, output: Output) -> Result<Exit, Failure> {
    let view = UserView::of(&args.who.find(&app).await?);
    output.answer(|| &view, || view.text())?;
    Ok(Exit::Done)
}
