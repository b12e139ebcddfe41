//! `--key FILE`: what a token is signed with.

use jotgate_jose::{Algorithm, SigningKey};

use super::form::Form;
use super::{MAX_BYTES, SAY_WHICH, with_algorithm};
use crate::exit::Failure;
use crate::input::Input;

/// The key to sign with.
#[derive(Debug, clap::Args)]
pub(crate) struct SigningArgs {
    /// A private JWK or PEM
    #[arg(long, value_name = "FILE")]
    key: std::path::PathBuf,
    /// The algorithm of a key that does not name its own
    #[arg(long, value_name = "ALG")]
    algorithm: Option<Algorithm>,
}

impl SigningArgs {
    /// Reads the key.
    pub(crate) fn read(&self) -> Result<SigningKey, Failure> {
        let file = Input::File(self.key.clone());
        read(&file.read(MAX_BYTES)?, self.algorithm)
            .map_err(|error| Failure::usage(format!("the key in {file} cannot be used: {error}")))
    }
}

fn read(bytes: &[u8], algorithm: Option<Algorithm>) -> Result<SigningKey, String> {
    match Form::of(bytes)? {
        Form::Jwk(jwk) => from_jwk(jwk.json, algorithm),
        Form::Set { .. } => Err("it is a JWK Set; signing takes one key".to_owned()),
        Form::Pem(blocks) => match blocks.as_slice() {
            [block] => with_algorithm(algorithm.as_slice(), |algorithm| SigningKey::from_pem(block.text, algorithm)),
            _ => Err("it holds several PEM blocks; signing takes one key".to_owned()),
        },
        Form::Der(der) => with_algorithm(algorithm.as_slice(), |algorithm| SigningKey::from_der(der, algorithm)),
    }
}

/// Reads a private JWK; the algorithm that is given is for one that does not name its own.
pub(super) fn from_jwk(json: &str, algorithm: Option<Algorithm>) -> Result<SigningKey, String> {
    let read = match algorithm {
        Some(algorithm) => SigningKey::from_jwk_for(json, algorithm),
        None => SigningKey::from_jwk(json),
    };
    read.map_err(|error| {
        let error = error.to_string();
        if algorithm.is_none() && error.contains("`alg`") { SAY_WHICH.to_owned() } else { error }
    })
}
