//! Verifying a signature over any payload.

use std::sync::Arc;

use super::header::Header;
use super::open::{Demands, open};
use crate::algorithm::Algorithm;
use crate::base64url;
use crate::key::KeySource;
use crate::refusal::Refusal;

/// The longest JWS that [`verify`] takes, in bytes.
const MAX_LEN: usize = 1024 * 1024;

/// A payload whose signature has been verified. Nothing is known about what it says.
#[derive(Clone, Debug)]
pub struct VerifiedPayload {
    header: Arc<Header>,
    payload: Vec<u8>,
}

impl VerifiedPayload {
    /// The payload.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload, to keep.
    #[must_use]
    pub fn into_payload(self) -> Vec<u8> {
        self.payload
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }
}

/// Verifies the signature of a compact JWS of at most 1 MiB, and nothing else: no time, no issuer, no audience.
///
/// `algorithms` are the ones allowed; an empty list allows none.
pub fn verify(
    token: &str,
    keys: &(impl KeySource + ?Sized),
    algorithms: &[Algorithm],
) -> Result<VerifiedPayload, Refusal> {
    let demands = Demands { max_len: MAX_LEN, algorithms: algorithms.iter().copied().collect(), typ: None };
    let opened = open(token, keys, demands)?;
    let payload = base64url::decode(opened.payload);
    let payload =
        payload.map_err(|_| Refusal::malformed("a payload in canonical base64url", "other characters or bits"))?;
    Ok(VerifiedPayload { header: opened.header, payload })
}
