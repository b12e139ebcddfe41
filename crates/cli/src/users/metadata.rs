//! `jotgate users metadata`: shows and changes what is kept with an account.

use jotgate_server::App;
use jotgate_server::domain::metadata::MetadataPatch;
use jotgate_server::domain::user::User;
use jotgate_server::flows::{self, By, UpdateUser};
use serde_json::{Map, Value, json};

use super::WhoArg;
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, plain};
use crate::store::{self, Absent};

/// Shows what is kept with an account, or merges a JSON object into it (RFC 7396: `null` takes a member out)
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  jotgate users metadata ada@example.com
  jotgate users metadata ada@example.com --app '{\"plan\": \"pro\", \"trial\": null}'
  jotgate users metadata ada@example.com --user null")]
pub(crate) struct Args {
    #[command(flatten)]
    who: WhoArg,
    /// What becomes of the metadata of administrators (`app_metadata`); `null` empties it
    #[arg(long, value_name = "JSON", value_parser = patch)]
    app: Option<MetadataPatch>,
    /// What becomes of the person's own (`user_metadata`); `null` empties it
    #[arg(long, value_name = "JSON", value_parser = patch)]
    user: Option<MetadataPatch>,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, |app| change(app, args, output))
}

async fn change(app: App, args: &Args, output: Output) -> Result<Exit, Failure> {
    let mut user = args.who.find(&app).await?;
    if args.app.is_some() || args.user.is_some() {
        let (app_metadata, user_metadata) = (args.app.clone(), args.user.clone());
        let update = UpdateUser { app_metadata, user_metadata, ..UpdateUser::default() };
        user = flows::update_user(&app, &By::command_line(), user.id, update).await.map_err(store::refused)?;
    }
    let both = both(&user);
    output.answer(|| &both, || plain(&format!("{both:#}")).into_owned())?;
    Ok(Exit::Done)
}

fn both(user: &User) -> Value {
    json!({"app_metadata": user.app_metadata.members(), "user_metadata": user.user_metadata.members()})
}

fn patch(text: &str) -> Result<MetadataPatch, String> {
    match serde_json::from_str::<Option<Map<String, Value>>>(text) {
        Ok(Some(members)) => Ok(MetadataPatch::Merge(members)),
        Ok(None) => Ok(MetadataPatch::Clear),
        Err(_) => Err("write a JSON object, such as {\"plan\": \"pro\"}, or null".to_owned()),
    }
}
