//! `jotgate jws verify`: the signature only, whatever the payload.

use std::io::IsTerminal;

use jotgate_jose::Refusal;
use jotgate_jose::jws::{self, VerifiedPayload};
use serde::de::IgnoredAny;

use crate::batch;
use crate::exit::{Exit, Failure};
use crate::key_file::{Verifying, VerifyingArgs};
use crate::output::{self, Output};
use crate::token::argument::{Token, TokenArg};

/// Verifies the signature of a compact JWS and prints its payload; nothing in the payload is checked
#[derive(Debug, clap::Args)]
#[command(after_help = "With `-`, one token a line is read and one JSON line printed for each, in order:
  {\"valid\":true,\"header\":{…},\"payload\":…}
  {\"valid\":false,\"code\":\"signature_invalid\",\"detail\":\"…\"}
A payload that is not JSON stands in `payload_base64url` instead. A line that is empty, is not UTF-8 or is longer than
1 MiB is answered as a bad token. The exit code is 1 if any token was refused.

Examples:
  jotgate jws verify \"$TOKEN\" --keys public.jwk
  jotgate jws verify - --keys jwks.json < tokens.txt")]
pub(crate) struct Args {
    #[command(flatten)]
    token: TokenArg,
    #[command(flatten)]
    keys: VerifyingArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let keys = args.keys.read(output)?;
    match args.token.read()? {
        Token::Lines => batch::run(|token, answer| judge(token, &keys, answer)),
        Token::One(token) if output.is_json() => {
            let mut answer = Vec::new();
            let valid = judge(&token, &keys, &mut answer);
            answer.push(b'\n');
            output.bytes(&answer)?;
            Ok(if valid { Exit::Done } else { Exit::No })
        }
        Token::One(token) => show(&jws::verify(&token, &keys.keys, &keys.algorithms), output),
    }
}

/// Appends the answer for one token, and says whether it is good.
fn judge(token: &str, keys: &Verifying, answer: &mut Vec<u8>) -> bool {
    match jws::verify(token, &keys.keys, &keys.algorithms) {
        Ok(verified) => {
            answer.extend_from_slice(b"{\"valid\":true,");
            batch::member(answer, "header", verified.header().as_json());
            answer.push(b',');
            match json(verified.payload()) {
                Some(json) => batch::member(answer, "payload", json),
                None => batch::member(answer, "payload_base64url", &format!("\"{}\"", encoded(verified.payload()))),
            }
            answer.push(b'}');
            true
        }
        Err(refusal) => {
            batch::refused(answer, &refusal);
            false
        }
    }
}

/// The payload as it is, so that it can be piped on; a terminal gets no more of it than it can bear.
fn show(verified: &Result<VerifiedPayload, Refusal>, output: Output) -> Result<Exit, Failure> {
    match verified {
        Ok(verified) if std::io::stdout().is_terminal() => {
            output.text(&output::plain(&String::from_utf8_lossy(verified.payload())))?;
            Ok(Exit::Done)
        }
        Ok(verified) => output.bytes(verified.payload()).map(|()| Exit::Done),
        Err(refusal) => Err(Failure::no(refusal)),
    }
}

/// The payload, if it is JSON.
fn json(payload: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(payload).ok()?;
    serde_json::from_str::<IgnoredAny>(text).ok().map(|_| text)
}

fn encoded(bytes: &[u8]) -> String {
    base64_simd::URL_SAFE_NO_PAD.encode_to_string(bytes)
}
