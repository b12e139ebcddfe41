//! `jotgate keys list`: every key, and where it is in its life.

use jotgate_server::App;
use jotgate_server::domain::key::KeyState;
use jotgate_server::domain::time::Timestamp;
use jotgate_server::flows::{self, KeyInfo};
use serde::Serialize;

use super::refused;
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::{Output, table};
use crate::store::{self, Absent};
use crate::times::rfc3339_of_millis;

/// Lists the keys, the oldest first; with --json one a line
#[derive(Debug, clap::Args)]
#[command(after_help = "next     published, not signing yet
active   signing
retired  still published, until the last token that it signed has expired

Example:
  jotgate keys list")]
pub(crate) struct Args {
    #[command(flatten)]
    config: ConfigArgs,
}

#[derive(Debug, Serialize)]
struct KeyView {
    kid: String,
    purpose: &'static str,
    algorithm: String,
    state: &'static str,
    configured_secret: bool,
    created_at: String,
    signs_from: Option<String>,
    retired_at: Option<String>,
    gone_at: Option<String>,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    store::with(&args.config, Absent::Refuse, output, |app| list(app, output))
}

async fn list(app: App, output: Output) -> Result<Exit, Failure> {
    let keys = flows::keys(&app).await.map_err(refused)?;
    if output.is_json() {
        keys.iter().try_for_each(|key| output.value(&KeyView::of(key)))?;
    } else {
        output.text(&text(&keys))?;
    }
    Ok(Exit::Done)
}

impl KeyView {
    fn of(key: &KeyInfo) -> Self {
        Self {
            kid: key.kid.clone(),
            purpose: key.purpose.name(),
            algorithm: key.algorithm.clone(),
            state: key.state.name(),
            configured_secret: key.is_secret,
            created_at: time(key.created_at),
            signs_from: key.signs_from.map(time),
            retired_at: key.retired_at.map(time),
            gone_at: key.gone_at.map(time),
        }
    }
}

fn text(keys: &[KeyInfo]) -> String {
    let mut table = table(["kid", "for", "algorithm", "state", "made", "what next"]);
    for key in keys {
        let algorithm = if key.is_secret { format!("{} (secret)", key.algorithm) } else { key.algorithm.clone() };
        table.add_row([
            &key.kid,
            key.purpose.name(),
            &algorithm,
            key.state.name(),
            &time(key.created_at),
            &what_next(key),
        ]);
    }
    table.to_string()
}

fn what_next(key: &KeyInfo) -> String {
    match (key.state, key.signs_from, key.gone_at) {
        (KeyState::Next, Some(at), _) => format!("signs from {}", time(at)),
        (KeyState::Next, None, _) => "signs after `jotgate keys rotate`".to_owned(),
        (KeyState::Active, Some(since), _) => format!("signs since {}", time(since)),
        (KeyState::Retired, _, Some(at)) => format!("goes after {}", time(at)),
        (KeyState::Active | KeyState::Retired, ..) => String::new(),
    }
}

fn time(time: Timestamp) -> String {
    rfc3339_of_millis(time.millis())
}
