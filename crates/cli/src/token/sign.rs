//! `jotgate token sign`: claims on standard input, a token on standard output.

use jotgate_jose::jwt::{self, Outcome, Policy};
use jotgate_jose::{SignError, SigningKey};
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::clock;
use crate::exit::{Exit, Failure};
use crate::input::Input;
use crate::key_file::SigningArgs;
use crate::output::Output;

/// Most bytes of claims.
const MAX_BYTES: usize = 1024 * 1024;

/// Signs the claims on standard input as they are; nothing is added to them
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  echo '{\"iss\":\"https://auth.example.com\",\"aud\":\"https://api.example.com\",\"exp\":1900000000}' |
    jotgate token sign --key key.jwk --type at+jwt")]
pub(crate) struct Args {
    #[command(flatten)]
    key: SigningArgs,
    /// The type of the token (`typ`), such as at+jwt for access tokens
    #[arg(long = "type", value_name = "TYPE", default_value = "JWT")]
    typ: String,
    /// More header members, as a JSON object
    #[arg(long, value_name = "JSON", value_parser = object)]
    header: Option<Map<String, Value>>,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let key = args.key.read()?;
    let claims = Input::Stdin.read_text(MAX_BYTES)?;
    let claims: &RawValue = serde_json::from_str(claims.trim()).map_err(|error| {
        Failure::usage(format!(
            "the claims on standard input are not JSON: line {}, column {}",
            error.line(),
            error.column()
        ))
    })?;
    let mut signer = jwt::signer(&key).typ(&args.typ);
    for (name, value) in args.header.iter().flatten() {
        signer = signer.header(name, value);
    }
    let token = signer.sign(claims).map_err(|error| refused(&error))?;
    warn(&token, &key, output);
    output.answer(|| json!({"token": token}), || token.clone())?;
    Ok(Exit::Done)
}

/// Claims that no verifier will take are signed all the same, since somebody may want just that; but it is said.
fn warn(token: &str, key: &SigningKey, output: Output) {
    let policy =
        Policy::builder().issuer("-").audience("-").algorithms([key.algorithm()]).max_token_bytes(usize::MAX).build();
    let checks = jwt::explain(token, &key.verifying_key(), &policy, clock::now());
    for check in checks.iter().filter(|check| check.name == "claims" && check.outcome == Outcome::Failed) {
        output.note(format!("verifiers will refuse this token: expected {}, found {}", check.expected, check.found));
    }
}

fn refused(error: &SignError) -> Failure {
    Failure::usage(format!("the token cannot be signed: {error}"))
}

fn object(text: &str) -> Result<Map<String, Value>, String> {
    serde_json::from_str(text).map_err(|error| format!("not a JSON object: {error}"))
}
