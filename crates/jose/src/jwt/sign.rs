//! Signing claims.

use serde::Serialize;

use crate::jws::{HeaderWriter, SignError, append_signature, start_token};
use crate::key::SigningKey;

/// Signs claims as a token of the type `typ`, for example `at+jwt`. The header has `alg`, `typ` and the `kid` of the key.
pub fn sign(key: &SigningKey, typ: &str, claims: &(impl Serialize + ?Sized)) -> Result<String, SignError> {
    let payload = payload(claims)?;
    let mut token = key.prefixes().with(key, typ, |header| start_token(key, header, &payload));
    append_signature(key, &mut token)?;
    Ok(token)
}

/// Starts a token whose header has more than `alg`, `typ` and `kid`.
pub fn signer(key: &SigningKey) -> Signer<'_> {
    Signer { key, typ: None, members: Vec::new() }
}

/// A token that is being put together; see [`signer`].
#[derive(Debug)]
#[must_use]
pub struct Signer<'k> {
    key: &'k SigningKey,
    typ: Option<String>,
    members: Vec<(String, Result<serde_json::Value, SignError>)>,
}

impl Signer<'_> {
    /// The type (`typ`). Without it the header has none.
    pub fn typ(mut self, typ: impl Into<String>) -> Self {
        self.typ = Some(typ.into());
        self
    }

    /// Adds a header member. `alg`, `typ`, `kid`, `crit` and `b64` are refused when signing, and so is a name given twice.
    pub fn header(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.members.push((name.into(), serde_json::to_value(value).map_err(SignError::Json)));
        self
    }

    /// Signs the claims.
    pub fn sign(self, claims: &(impl Serialize + ?Sized)) -> Result<String, SignError> {
        let payload = payload(claims)?;
        let mut header = HeaderWriter::new(self.key, self.typ.as_deref());
        let mut names = Vec::with_capacity(self.members.len());
        for (name, value) in self.members {
            if names.contains(&name) {
                return Err(SignError::ReservedHeader(name));
            }
            header.member(&name, &value?)?;
            names.push(name);
        }
        let mut token = start_token(self.key, &header.finish(), &payload);
        append_signature(self.key, &mut token)?;
        Ok(token)
    }
}

/// The claims as JSON, which must be an object.
fn payload(claims: &(impl Serialize + ?Sized)) -> Result<Vec<u8>, SignError> {
    let mut json = Vec::with_capacity(512);
    serde_json::to_writer(&mut json, claims).map_err(SignError::Json)?;
    if json.first() == Some(&b'{') { Ok(json) } else { Err(SignError::NotAnObject) }
}
