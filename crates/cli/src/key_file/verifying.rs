//! `--keys FILE|URL`: what a token is verified with.

use std::borrow::Cow;

use jotgate_jose::{Algorithm, KeySet, KeySource, VerifyingKey, Wanted};

use super::form::{Form, Jwk, PemBlock};
use super::{MAX_BYTES, fetch, with_algorithm};
use crate::exit::Failure;
use crate::input::Input;
use crate::output::Output;

/// Keys to verify with, and the algorithms allowed.
#[derive(Debug, clap::Args)]
pub(crate) struct VerifyingArgs {
    /// A JWK, a JWK Set or PEM: a file, or an https address (http on this machine)
    #[arg(long, value_name = "FILE|URL")]
    keys: String,
    /// An algorithm to allow; by default those that the keys name
    #[arg(long = "algorithm", value_name = "ALG")]
    algorithms: Vec<Algorithm>,
}

/// Keys, read and prepared.
#[derive(Debug)]
pub(crate) struct Verifying {
    /// Where a token finds its key.
    pub(crate) keys: Source,
    /// The algorithms allowed.
    pub(crate) algorithms: Vec<Algorithm>,
}

/// One key verifies whatever does not name another; of several, a token has to name one, or be of an algorithm that only one has.
#[derive(Debug)]
pub(crate) enum Source {
    /// One key.
    One(VerifyingKey),
    /// Several.
    Set(KeySet),
}

impl KeySource for Source {
    fn find(&self, wanted: &Wanted<'_>) -> Option<Cow<'_, VerifyingKey>> {
        match self {
            Self::One(key) => key.find(wanted),
            Self::Set(set) => set.find(wanted),
        }
    }

    fn at_hand(&self) -> &[VerifyingKey] {
        match self {
            Self::One(key) => key.at_hand(),
            Self::Set(set) => set.at_hand(),
        }
    }
}

impl Source {
    fn keys(&self) -> &[VerifyingKey] {
        match self {
            Self::One(key) => std::slice::from_ref(key),
            Self::Set(set) => set.keys(),
        }
    }
}

impl VerifyingArgs {
    /// Reads or fetches the keys.
    pub(crate) fn read(&self, output: Output) -> Result<Verifying, Failure> {
        let is_url = ["https://", "http://"].iter().any(|scheme| self.keys.starts_with(scheme));
        let keys = if is_url {
            let bytes = fetch::get(&self.keys, MAX_BYTES)?;
            read(&bytes, &self.algorithms, output)
                .map_err(|error| Failure::environment(format!("the keys of {} cannot be used: {error}", self.keys)))?
        } else {
            let file = Input::File(self.keys.clone().into());
            read(&file.read(MAX_BYTES)?, &self.algorithms, output)
                .map_err(|error| Failure::usage(format!("the keys in {file} cannot be used: {error}")))?
        };
        let mut algorithms = self.algorithms.clone();
        if algorithms.is_empty() {
            algorithms = keys.keys().iter().map(VerifyingKey::algorithm).collect();
        }
        Ok(Verifying { keys, algorithms })
    }
}

fn read(bytes: &[u8], algorithms: &[Algorithm], output: Output) -> Result<Source, String> {
    match Form::of(bytes)? {
        Form::Jwk(jwk) => one(jwk, algorithms),
        Form::Set { json, .. } => set(json, algorithms, output),
        Form::Pem(blocks) => pem(&blocks, algorithms),
        Form::Der(der) => {
            with_algorithm(algorithms, |algorithm| VerifyingKey::from_der(der, algorithm)).map(Source::One)
        }
    }
}

/// A single JWK is read as a set of one, which knows how to choose among several algorithms.
fn one(jwk: Jwk<'_>, algorithms: &[Algorithm]) -> Result<Source, String> {
    let set = KeySet::from_json_for(&format!("{{\"keys\":[{}]}}", jwk.json), algorithms);
    let set = set.map_err(|error| hint(&error.to_string(), jwk.can_sign))?;
    match (set.keys(), set.skipped()) {
        ([key, ..], _) => Ok(Source::One(key.clone())),
        ([], [(_, error), ..]) => Err(hint(&error.to_string(), jwk.can_sign)),
        ([], []) => Err("there is no key in it".to_owned()),
    }
}

fn set(json: &str, algorithms: &[Algorithm], output: Output) -> Result<Source, String> {
    let set = KeySet::from_json_for(json, algorithms).map_err(|error| hint(&error.to_string(), true))?;
    let skipped: Vec<_> =
        set.skipped().iter().map(|(at, error)| format!("key {} of the set: {error}", at + 1)).collect();
    if set.is_empty() {
        return Err(if skipped.is_empty() { "the set is empty".to_owned() } else { hint(&skipped.join("; "), false) });
    }
    for skipped in skipped {
        output.note(format!("left out {skipped}"));
    }
    Ok(Source::Set(set))
}

fn pem(blocks: &[PemBlock<'_>], algorithms: &[Algorithm]) -> Result<Source, String> {
    let read = |block: &PemBlock<'_>| {
        let key = with_algorithm(algorithms, |algorithm| VerifyingKey::from_pem(block.text, algorithm));
        key.map_err(|error| hint(&error, block.can_sign))
    };
    match blocks {
        [only] => read(only).map(Source::One),
        several => {
            let keys = several.iter().map(read).collect::<Result<Vec<_>, _>>()?;
            KeySet::new(keys).map(Source::Set).map_err(|error| error.to_string())
        }
    }
}

/// Adds what to do to what is wrong, where it is one of the usual slips.
fn hint(error: &str, can_sign: bool) -> String {
    if error.contains("private") && can_sign {
        return format!("{error}; take its public part with `jotgate jwk public FILE`");
    }
    if error.contains("`alg`") {
        return format!("{error}; give --algorithm");
    }
    error.to_owned()
}
