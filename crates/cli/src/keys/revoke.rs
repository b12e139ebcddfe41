//! `jotgate keys revoke`: the emergency.

use jotgate_server::{App, flows};
use serde_json::json;

use super::refused;
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store::{self, Absent};

/// Stops keys at once, because somebody else may have them: what they have signed is refused
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Another key signs from this moment on. Clients whose access token is refused get a new one with their refresh token, so
nobody is logged out. Verifiers that follow the revocation feed refuse within a second; others when their copy of the key
set ends (keys.jwks_max_age).

Revoking a key of refresh tokens voids the refresh tokens made with it: those people log in again. Access tokens go on until they
expire; revoke the signing key too to end those.

Example:
  jotgate keys revoke 5Rk2JHyqZQ0xS6Ldu3uZ4mHkq0yvZ0m0sV3b2tq7xWE"
)]
pub(crate) struct Args {
    /// The keys, as `jotgate keys list` shows them
    #[arg(value_name = "KID", required = true)]
    kids: Vec<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: Args, output: Output) -> Result<Exit, Failure> {
    let Args { kids, config } = args;
    store::with(&config, Absent::Refuse, output, |app| revoke(app, kids, output))
}

async fn revoke(app: App, kids: Vec<String>, output: Output) -> Result<Exit, Failure> {
    let revoked = flows::revoke_keys(&app, kids).await.map_err(refused)?;
    output.answer(
        || json!({"revoked": revoked.kids, "now_signing": revoked.now_signing}),
        || {
            let mut text = format!("revoked {}", revoked.kids.join(", "));
            for kid in &revoked.now_signing {
                text.push_str("\nkey ");
                text.push_str(kid);
                text.push_str(" takes over from now on");
            }
            text.push_str(
                "\nrunning servers notice within 200 ms; restart verifiers that do not follow the revocation feed, so that they fetch the key set anew",
            );
            text
        },
    )?;
    Ok(Exit::Done)
}
