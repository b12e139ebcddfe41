//! Making a compact JWS.

use core::fmt;
use std::sync::OnceLock;

use serde::Serialize;
use smallvec::SmallVec;

use crate::base64url::{self, encoded_len};
use crate::key::SigningKey;

/// Why something could not be signed.
#[derive(Debug)]
#[non_exhaustive]
pub enum SignError {
    /// The claims, or a header member, cannot be written as JSON.
    Json(serde_json::Error),
    /// The claims are JSON, but not an object (RFC 7519 §2).
    NotAnObject,
    /// The header member is one that this crate writes, or that verifiers would misread.
    ReservedHeader(String),
    /// The cryptography failed although the key is sound, for example for want of memory.
    Crypto,
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(error) => write!(f, "the claims cannot be written as JSON: {error}"),
            Self::NotAnObject => f.write_str("the claims are not a JSON object"),
            Self::ReservedHeader(name) => write!(f, "the header member `{name}` cannot be set"),
            Self::Crypto => f.write_str("the signature could not be made"),
        }
    }
}

impl core::error::Error for SignError {}

/// Signs any payload. The header has `alg`, `typ` if it is given, and the `kid` of the key.
pub fn sign(key: &SigningKey, typ: Option<&str>, payload: &[u8]) -> Result<String, SignError> {
    let header = HeaderWriter::new(key, typ).finish();
    let mut token = start_token(key, &header, payload);
    append_signature(key, &mut token)?;
    Ok(token)
}

/// Appends the dot and the signature over what is there.
pub(crate) fn append_signature(key: &SigningKey, token: &mut String) -> Result<(), SignError> {
    let signature = key.signer().sign(token.as_bytes(), SmallVec::<[u8; 64]>::from_slice);
    let signature = signature.map_err(|_| SignError::Crypto)?;
    token.push('.');
    base64url::encode_append(&signature, token);
    Ok(())
}

/// The encoded header, a dot, and the encoded payload, with room for the signature.
pub(crate) fn start_token(key: &SigningKey, encoded_header: &str, payload: &[u8]) -> String {
    let signature = encoded_len(key.algorithm().signature_len().unwrap_or(512));
    let capacity = [encoded_header.len(), encoded_len(payload.len()), signature, 2].iter().sum();
    let mut token = String::with_capacity(capacity);
    token.push_str(encoded_header);
    token.push('.');
    base64url::encode_append(payload, &mut token);
    token
}

/// Builds a header, member by member.
pub(crate) struct HeaderWriter(String);

impl HeaderWriter {
    /// `alg`, `typ` and `kid`, in the order in which most libraries write them.
    pub(crate) fn new(key: &SigningKey, typ: Option<&str>) -> Self {
        let mut header = Self(String::with_capacity(160));
        header.0.extend(["{\"alg\":\"", key.algorithm().name(), "\""]);
        if let Some(typ) = typ {
            header.raw("typ", &serde_json::Value::from(typ).to_string());
        }
        header.raw("kid", &serde_json::Value::from(key.kid()).to_string());
        header
    }

    /// Adds a member. Those that have a meaning of their own here are refused.
    pub(crate) fn member(&mut self, name: &str, value: &impl Serialize) -> Result<(), SignError> {
        const RESERVED: [&str; 5] = ["alg", "typ", "kid", "crit", "b64"];
        if RESERVED.contains(&name) {
            return Err(SignError::ReservedHeader(name.to_owned()));
        }
        let value = serde_json::to_string(value).map_err(SignError::Json)?;
        self.raw(name, &value);
        Ok(())
    }

    fn raw(&mut self, name: &str, json: &str) {
        self.0.push(',');
        self.0.push_str(&serde_json::Value::from(name).to_string());
        self.0.push(':');
        self.0.push_str(json);
    }

    /// The header, encoded.
    pub(crate) fn finish(mut self) -> String {
        self.0.push('}');
        base64url::encode(self.0.as_bytes())
    }
}

/// The encoded headers that a key has written, by type, so that each is built once.
#[derive(Default)]
pub(crate) struct Prefixes([OnceLock<(Box<str>, Box<str>)>; 4]);

impl Prefixes {
    /// Gives the encoded header for a type to `then`. The first few types are remembered; more are built each time.
    pub(crate) fn with<T>(&self, key: &SigningKey, typ: &str, then: impl FnOnce(&str) -> T) -> T {
        for slot in &self.0 {
            let (known, encoded) = slot.get_or_init(|| (typ.into(), HeaderWriter::new(key, Some(typ)).finish().into()));
            if **known == *typ {
                return then(encoded);
            }
        }
        then(&HeaderWriter::new(key, Some(typ)).finish())
    }
}
