//! `jotgate jwk convert`: the same key in another form. A private key stays private, a public one public.

use std::io::IsTerminal;
use std::path::PathBuf;

use jotgate_jose::KeyError;
use serde_json::json;
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};
use crate::key_file::{AnyKey, KeysArgs};
use crate::out_file::{self, Readers};
use crate::output::Output;

/// Converts a key between JWK, PEM and DER
#[derive(Debug, clap::Args)]
#[command(
    after_help = "PEM and DER hold neither the algorithm of an RSA key nor a kid; a key that comes from them is named by its thumbprint.

Examples:
  jotgate jwk convert key.jwk --to pem --out key.pem
  jotgate jwk convert rsa.pem --algorithm RS256 --to jwk"
)]
pub(crate) struct Args {
    #[command(flatten)]
    keys: KeysArgs,
    /// The form to convert to
    #[arg(long, value_enum)]
    to: To,
    /// Write to a file instead of standard output; one with a private key can be read only by you (mode 0600)
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replace the file if it exists
    #[arg(long, requires = "out")]
    force: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum To {
    /// PKCS#8 or SPKI, as text
    Pem,
    /// PKCS#8 or SPKI, as bytes
    Der,
    /// JSON Web Key
    Jwk,
}

impl To {
    const fn name(self) -> &'static str {
        match self {
            Self::Pem => "pem",
            Self::Der => "der",
            Self::Jwk => "jwk",
        }
    }
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let read = args.keys.read()?;
    let [key] = read.keys.as_slice() else {
        return Err(Failure::usage("there are several keys in it; convert takes one"));
    };
    let bytes = written(key, args.to).map_err(|error| Failure::usage(format!("the key has no such form: {error}")))?;
    match &args.out {
        Some(file) => {
            let readers = if matches!(key, AnyKey::Signing(_)) { Readers::Owner } else { Readers::Everybody };
            out_file::write(file, &bytes, readers, args.force)?;
            let form = args.to.name();
            output.answer(|| json!({"file": file, "form": form}), || format!("wrote {}", file.display()))?;
        }
        None => print(&bytes, args.to, output)?,
    }
    Ok(Exit::Done)
}

/// A JWK is JSON already; the other forms become members of an object for a program.
fn print(bytes: &[u8], to: To, output: Output) -> Result<(), Failure> {
    match (to, output.is_json()) {
        (To::Pem, true) => output.value(&json!({"pem": String::from_utf8_lossy(bytes)})),
        (To::Der, true) => output.value(&json!({"der_base64": base64_simd::STANDARD.encode_to_string(bytes)})),
        (To::Der, false) if std::io::stdout().is_terminal() => {
            Err(Failure::usage("DER is bytes, which a terminal cannot show; give --out FILE"))
        }
        _ => output.bytes(bytes),
    }
}

fn written(key: &AnyKey, to: To) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let line = |text: &str| Zeroizing::new(format!("{}\n", text.trim_end()).into_bytes());
    Ok(match (key, to) {
        (AnyKey::Signing(key), To::Jwk) => line(key.to_jwk().expose()),
        (AnyKey::Signing(key), To::Pem) => line(key.to_pem()?.expose()),
        (AnyKey::Signing(key), To::Der) => Zeroizing::new(key.to_der()?.to_vec()),
        (AnyKey::Verifying(key), To::Jwk) => line(&key.to_jwk()?),
        (AnyKey::Verifying(key), To::Pem) => line(&key.to_pem()?),
        (AnyKey::Verifying(key), To::Der) => Zeroizing::new(key.to_der()?),
    })
}
