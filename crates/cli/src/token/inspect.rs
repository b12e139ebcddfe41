//! `jotgate token inspect`: takes a token apart for a person. It verifies nothing, and contacts nobody.

use jotgate_jose::danger::{self, Unverified};
use serde_json::{Map, Value, json};

use super::argument::{Token, TokenArg};
use super::show;
use crate::clock;
use crate::exit::{Exit, Failure};
use crate::output::{Output, dim, yellow};
use crate::times;

/// Takes a token apart for a person; verifies nothing, and contacts nobody
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  jotgate token inspect \"$TOKEN\"")]
pub(crate) struct Args {
    #[command(flatten)]
    token: TokenArg,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let Token::One(token) = args.token.read()? else {
        return Err(Failure::usage("inspect takes one token; leave out the `-` to read it from standard input"));
    };
    let token = token.trim();
    let parts = danger::decode(token).map_err(|refusal| match hint(token) {
        Some(hint) => Failure::no(hint),
        None => Failure::no(format!("this is not a signed token ({refusal})")),
    })?;
    let now = clock::now();
    output.answer(|| value(token, &parts, now), || text(token, &parts, now))?;
    Ok(Exit::Done)
}

/// What people most often take for a signed token.
fn hint(token: &str) -> Option<&'static str> {
    if token.starts_with(jotgate_wire::REFRESH_TOKEN_PREFIX) {
        return Some("this is a refresh token of Jotgate: it is opaque, and only the server can read it");
    }
    if token.split('.').count() == 5 {
        return Some("this token has five parts: it is encrypted (JWE), and only its receiver can read it");
    }
    if token.starts_with('"') || token.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) {
        return Some("give the bare token, without quotes and without `Bearer`");
    }
    None
}

fn value(token: &str, parts: &Unverified, now: i64) -> Value {
    let mut value = json!({"verified": false, "header": parts.header});
    if parts.claims.is_null() {
        value["payload_base64url"] = encoded_payload(token).into();
    } else {
        value["claims"] = parts.claims.clone();
    }
    let times = show::times(&parts.claims).map(|(name, seconds)| {
        (name.to_owned(), json!({"at": times::rfc3339(seconds), "relative": times::relative(seconds, now)}))
    });
    value["times"] = Value::Object(times.collect::<Map<_, _>>());
    value["size_bytes"] = token.len().into();
    value["signature_bytes"] = parts.signature.len().into();
    value
}

fn text(token: &str, parts: &Unverified, now: i64) -> String {
    let warning =
        yellow("NOT VERIFIED: anybody can write such a token. `jotgate token verify` tells whether to believe it.");
    let header = show::members("header", &parts.header, now);
    let claims = match &parts.claims {
        Value::Object(claims) => show::members("claims", claims, now),
        other => {
            let payload = if other.is_null() { encoded_payload(token).to_owned() } else { other.to_string() };
            let mut members = Map::new();
            members.insert("payload".to_owned(), payload.into());
            show::members("no claims", &members, now)
        }
    };
    let sizes = dim(format!("{} bytes, of which {} are the signature", token.len(), parts.signature.len()));
    format!("{warning}\n\n{header}\n{claims}\n{sizes}\n")
}

/// The payload as the token has it.
fn encoded_payload(token: &str) -> &str {
    token.split('.').nth(1).unwrap_or_default()
}
