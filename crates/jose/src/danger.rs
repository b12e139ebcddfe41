//! Reading a token **without verifying it**, for tools that show one to a person.
//!
//! Anyone can write such a token. Nothing that is read here may decide anything.

use serde_json::{Map, Value};

use crate::base64url;
use crate::jws::{Parts, check_size};
use crate::refusal::Refusal;

/// The longest token that is taken apart, in bytes.
const MAX_LEN: usize = 1024 * 1024;

/// The parts of a token that **nobody has verified**.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Unverified {
    /// The header.
    pub header: Map<String, Value>,
    /// The payload as JSON, or `Null` if it is something else.
    pub claims: Value,
    /// The payload as it is.
    pub payload: Vec<u8>,
    /// The signature, of which nothing is known.
    pub signature: Vec<u8>,
}

/// Takes a compact JWS apart and **verifies nothing**. Any header that is a JSON object is taken, and any payload.
pub fn decode(token: &str) -> Result<Unverified, Refusal> {
    check_size(token, MAX_LEN)?;
    let parts = Parts::split(token)?;
    let header = serde_json::from_slice(&bytes(parts.header)?)
        .map_err(|error| Refusal::malformed("a header that is a JSON object", &error.to_string()))?;
    let payload = bytes(parts.payload)?;
    let claims = serde_json::from_slice(&payload).unwrap_or_default();
    Ok(Unverified { header, claims, payload, signature: bytes(parts.signature)? })
}

fn bytes(part: &str) -> Result<Vec<u8>, Refusal> {
    base64url::decode(part).map_err(|_| Refusal::malformed("canonical base64url", "other characters or bits"))
}
