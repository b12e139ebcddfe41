//! Keys as they come in files: JWK, JWK Set, PEM, DER.

mod any;
mod fetch;
mod form;
mod signing;
mod verifying;

pub(crate) use any::{AnyKey, KeysArgs};
pub(crate) use signing::SigningArgs;
pub(crate) use verifying::{Source, Verifying, VerifyingArgs};

use jotgate_jose::Algorithm;

/// Most bytes of a key file: a JWK Set of a large provider has a few tens of KiB.
const MAX_BYTES: usize = 1024 * 1024;

/// Algorithms that the type of a key implies by itself, for keys that do not name one.
const IMPLIED: [Algorithm; 7] = [
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::Es512,
    Algorithm::EdDsa,
    Algorithm::MlDsa44,
    Algorithm::MlDsa65,
    Algorithm::MlDsa87,
];

/// What to do about an RSA or HMAC key, whose type leaves the algorithm open.
const SAY_WHICH: &str = "the key does not say which algorithm it is for: give --algorithm, such as --algorithm RS256";

/// Reads with the algorithm that was given, or else with the one that the key implies.
fn with_algorithm<T, E: std::fmt::Display>(
    given: &[Algorithm],
    read: impl Fn(Algorithm) -> Result<T, E>,
) -> Result<T, String> {
    let candidates = if given.is_empty() { &IMPLIED } else { given };
    if let Some(key) = candidates.iter().find_map(|algorithm| read(*algorithm).ok()) {
        return Ok(key);
    }
    match (given.first(), read(Algorithm::Rs256)) {
        (Some(first), _) => read(*first).map_err(|error| error.to_string()),
        (None, Ok(_)) => Err(SAY_WHICH.to_owned()),
        (None, Err(error)) => Err(error.to_string()),
    }
}
