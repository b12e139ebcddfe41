//! `jotgate jwk generate`: a new key.

use std::path::PathBuf;

use jotgate_jose::{Algorithm, SigningKey};
use serde_json::json;
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};
use crate::out_file::{self, Readers};
use crate::output::Output;

/// Makes a new private key, or HMAC secret, as a JWK
#[derive(Debug, clap::Args)]
#[command(
    group = clap::ArgGroup::new("which").required(true).args(["alg", "algorithm"]),
    after_help = "Examples:
  jotgate jwk generate ES256 --out key.jwk
  jotgate jwk generate --algorithm EdDSA --kid 2026-11"
)]
pub(crate) struct Args {
    /// The algorithm: EdDSA, ES256, RS256, PS256, HS256, ML-DSA-44 and their larger forms
    #[arg(value_name = "ALG")]
    alg: Option<Algorithm>,
    /// The algorithm, in the long form
    #[arg(long, value_name = "ALG")]
    algorithm: Option<Algorithm>,
    /// The name of the key in tokens; by default its thumbprint (RFC 7638)
    #[arg(long, value_name = "KID")]
    kid: Option<String>,
    /// Write the key to a file that only you can read (mode 0600) instead of standard output
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long, requires = "out")]
    force: bool,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let algorithm = args.alg.or(args.algorithm).ok_or_else(|| Failure::usage("give an algorithm, such as ES256"))?;
    let key = SigningKey::generate(algorithm)
        .map_err(|error| Failure::environment(format!("no key could be made: {error}")))?;
    let key = match &args.kid {
        Some(kid) => key.with_kid(kid),
        None => key,
    };
    let mut jwk = Zeroizing::new(key.to_jwk().expose().to_owned());
    match &args.out {
        None => output.text(&jwk)?,
        Some(file) => {
            jwk.push('\n');
            out_file::write(file, jwk.as_bytes(), Readers::Owner, args.force)?;
            output.answer(
                || json!({"file": file, "algorithm": algorithm, "kid": key.kid()}),
                || format!("wrote a private key for {algorithm} to {} (kid {})", file.display(), key.kid()),
            )?;
        }
    }
    Ok(Exit::Done)
}
