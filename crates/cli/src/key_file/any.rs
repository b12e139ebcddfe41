//! Keys of either kind and any form, for the `jwk` commands.

use jotgate_jose::{Algorithm, KeyError, SigningKey, VerifyingKey};

use super::form::{Form, Jwk, PemBlock};
use super::{MAX_BYTES, SAY_WHICH, signing, with_algorithm};
use crate::exit::Failure;
use crate::input::Input;

/// The key or keys to work on.
#[derive(Debug, clap::Args)]
pub(crate) struct KeysArgs {
    /// A JWK, a JWK Set, PEM or DER; `-` is standard input
    #[arg(value_name = "FILE|-")]
    file: Input,
    /// The algorithm of a key that does not name its own
    #[arg(long, value_name = "ALG")]
    algorithm: Option<Algorithm>,
}

/// A key that signs or one that verifies.
#[derive(Debug)]
pub(crate) enum AnyKey {
    /// A private key or an HMAC secret.
    Signing(SigningKey),
    /// A public key.
    Verifying(VerifyingKey),
}

/// What a file held.
#[derive(Debug)]
pub(crate) struct Keys {
    /// The keys, in their order; never empty.
    pub(crate) keys: Vec<AnyKey>,
    /// Whether they stood in a JWK Set.
    pub(crate) is_set: bool,
}

impl AnyKey {
    /// The key that verifies.
    pub(crate) fn verifying(&self) -> VerifyingKey {
        match self {
            Self::Signing(key) => key.verifying_key(),
            Self::Verifying(key) => key.clone(),
        }
    }
}

impl KeysArgs {
    /// Reads the keys, each for the algorithm that it names, implies, or was given.
    pub(crate) fn read(&self) -> Result<Keys, Failure> {
        read(&self.file.read(MAX_BYTES)?, self.algorithm).map_err(|error| self.refused(&error))
    }

    /// Reads the keys where the algorithm makes no difference, so that none has to be given.
    pub(crate) fn read_for_any_algorithm(&self) -> Result<Keys, Failure> {
        let bytes = self.file.read(MAX_BYTES)?;
        let as_it_is = read(&bytes, self.algorithm);
        let stand_ins = [Algorithm::Rs256, Algorithm::Hs256];
        let in_any_way = || stand_ins.iter().find_map(|algorithm| read(&bytes, Some(*algorithm)).ok());
        as_it_is.or_else(|error| in_any_way().ok_or(error)).map_err(|error| self.refused(&error))
    }

    fn refused(&self, error: &str) -> Failure {
        Failure::usage(format!("the key in {} cannot be used: {error}", self.file))
    }
}

fn read(bytes: &[u8], algorithm: Option<Algorithm>) -> Result<Keys, String> {
    let one = |key| Keys { keys: vec![key], is_set: false };
    match Form::of(bytes)? {
        Form::Jwk(jwk) => from_jwk(jwk, algorithm).map(one),
        Form::Set { entries, .. } if entries.is_empty() => Err("the set is empty".to_owned()),
        Form::Set { entries, .. } => {
            let keys = entries.into_iter().enumerate().map(|(at, jwk)| {
                from_jwk(jwk, algorithm).map_err(|error| format!("key {} of the set: {error}", at + 1))
            });
            Ok(Keys { keys: keys.collect::<Result<_, _>>()?, is_set: true })
        }
        Form::Pem(blocks) => {
            let keys = blocks.into_iter().map(|block| from_pem(block, algorithm));
            let keys = keys.collect::<Result<Vec<_>, _>>()?;
            Ok(Keys { is_set: keys.len() > 1, keys })
        }
        Form::Der(der) => from_der(der, algorithm).map(one),
    }
}

fn from_jwk(jwk: Jwk<'_>, algorithm: Option<Algorithm>) -> Result<AnyKey, String> {
    if jwk.can_sign {
        return signing::from_jwk(jwk.json, algorithm).map(AnyKey::Signing);
    }
    let read = match algorithm {
        Some(algorithm) => VerifyingKey::from_jwk_for(jwk.json, algorithm),
        None => VerifyingKey::from_jwk(jwk.json),
    };
    read.map(AnyKey::Verifying).map_err(|error| {
        let error = error.to_string();
        if algorithm.is_none() && error.contains("`alg`") { SAY_WHICH.to_owned() } else { error }
    })
}

fn from_pem(block: PemBlock<'_>, algorithm: Option<Algorithm>) -> Result<AnyKey, String> {
    with_algorithm(algorithm.as_slice(), |algorithm| {
        if block.can_sign {
            SigningKey::from_pem(block.text, algorithm).map(AnyKey::Signing)
        } else {
            VerifyingKey::from_pem(block.text, algorithm).map(|key| AnyKey::Verifying(named(key)))
        }
    })
}

fn from_der(der: &[u8], algorithm: Option<Algorithm>) -> Result<AnyKey, String> {
    with_algorithm(algorithm.as_slice(), |algorithm| -> Result<AnyKey, KeyError> {
        match SigningKey::from_der(der, algorithm) {
            Ok(key) => Ok(AnyKey::Signing(key)),
            Err(_) => VerifyingKey::from_der(der, algorithm).map(|key| AnyKey::Verifying(named(key))),
        }
    })
}

/// PEM and DER have no `kid`; the thumbprint is the one that the private half gets too.
fn named(key: VerifyingKey) -> VerifyingKey {
    let thumbprint = key.thumbprint();
    key.with_kid(thumbprint)
}
