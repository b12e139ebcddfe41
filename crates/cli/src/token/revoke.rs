//! `jotgate token revoke`: one access token, and not its session.

use jotgate_server::App;
use jotgate_server::flows::{self, Failure as FlowFailure};
use serde_json::json;

use super::argument::{Token, TokenArg};
use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store::{self, Absent};

/// Ends one access token of this server before it expires; its session goes on
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Whoever has the refresh token gets another access token. To log somebody out, end the session: `jotgate sessions end`.

Examples:
  jotgate token revoke < token.txt
  jotgate token revoke --jti 01938e5c-7a70-7000-8000-000000000001"
)]
pub(crate) struct Args {
    #[command(flatten)]
    token: TokenArg,
    /// The token with this `jti`, where the token itself is not at hand
    #[arg(long, value_name = "ID", conflicts_with = "token")]
    jti: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let token = if args.jti.is_some() { None } else { Some(args.token.read()?) };
    store::with(&args.config, Absent::Refuse, output, |app| revoke(app, args, token, output))
}

async fn revoke(app: App, args: &Args, token: Option<Token>, output: Output) -> Result<Exit, Failure> {
    let revoked = match (token, &args.jti) {
        (_, Some(jti)) => flows::revoke_token_by_id(&app, jti).await.map(|()| jti.clone()),
        (Some(Token::One(token)), None) => flows::revoke_token(&app, token.trim()).await,
        (Some(Token::Lines) | None, None) => {
            return Err(Failure::usage("revoke takes one token; leave out the `-` to read it from standard input"));
        }
    };
    let jti = revoked.map_err(refused)?;
    let text = || format!("the token {jti} is revoked; its session goes on");
    output.answer(|| json!({"revoked": jti}), text)?;
    Ok(Exit::Done)
}

fn refused(error: FlowFailure) -> Failure {
    match error {
        FlowFailure::AccessToken(refused) => {
            Failure::no(format!("this token is none that could be revoked here: {} ({})", refused.code, refused.detail))
        }
        FlowFailure::InvalidTokenId => Failure::usage(error),
        error => store::refused(error),
    }
}
