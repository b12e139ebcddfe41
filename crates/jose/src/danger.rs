//! Reading a token **without verifying it**, for tools that show one to a person, and for choosing a policy.
//!
//! Anyone can write such a token. Nothing that is read here may decide anything.

use serde_json::{Map, Value};

use crate::base64url;
use crate::json::{self, Found};
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

/// The `iss` that a token claims, which **nobody has verified**: for choosing which of several issuers' keys and policy the token
/// is then held to, and for nothing else. A choice by it is safe because each policy checks `iss` once more, after the signature.
pub fn issuer(token: &str, max_len: usize) -> Result<String, Refusal> {
    check_size(token, max_len)?;
    let payload = bytes(Parts::split(token)?.payload)?;
    let json = core::str::from_utf8(&payload).map_err(|_| Refusal::malformed("a payload in UTF-8", "other bytes"))?;
    let mut issuer = None;
    json::each_claim(json, &mut json::Members::default(), &mut issuer, |issuer, name, found| {
        if name == "iss" {
            *issuer = Some(found);
        }
    })
    .map_err(|error| Refusal::malformed("a payload that is a strict JSON object", &error.to_string()))?;
    match issuer {
        Some(Found::String(text)) => Ok(text.unescape().into_owned()),
        Some(_) => Err(Refusal::claim_malformed("iss", "a string", "another type")),
        None => Err(Refusal::claim_missing("iss")),
    }
}

fn bytes(part: &str) -> Result<Vec<u8>, Refusal> {
    base64url::decode(part).map_err(|_| Refusal::malformed("canonical base64url", "other characters or bits"))
}
