//! Reading the members of one JWK, each with the message that names it when it is wrong.

use std::borrow::Cow;

use zeroize::Zeroizing;

use crate::base64url;
use crate::json::{Object, Value};
use crate::key::KeyError;
use crate::key::material::SecretBytes;

pub(super) struct Fields<'a>(pub(super) Object<'a>);

impl<'a> Fields<'a> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some()
    }

    /// A member that, when it is there, must be a string.
    pub(super) fn optional_text(&self, name: &str) -> Result<Option<Cow<'a, str>>, KeyError> {
        self.0.get(name).map(|value| text(name, value)).transpose()
    }

    pub(super) fn text(&self, name: &str) -> Result<Cow<'a, str>, KeyError> {
        self.optional_text(name)?.ok_or_else(|| missing(name))
    }

    /// A member that holds bytes as base64url.
    pub(super) fn bytes(&self, name: &str) -> Result<Vec<u8>, KeyError> {
        let text = self.text(name)?;
        base64url::decode(&text)
            .map_err(|_| KeyError::because(format!("the JWK member `{name}` is not canonical base64url")))
    }

    pub(super) fn secret(&self, name: &str) -> Result<SecretBytes, KeyError> {
        self.bytes(name).map(Zeroizing::new)
    }

    /// Bytes of exactly this length (RFC 7518 §6.2.1.2: coordinates keep their leading zeros).
    pub(super) fn fixed(&self, name: &str, len: usize) -> Result<Vec<u8>, KeyError> {
        let bytes = self.bytes(name)?;
        if bytes.len() == len { Ok(bytes) } else { Err(wrong_length(name, bytes.len(), len)) }
    }

    pub(super) fn fixed_secret(&self, name: &str, len: usize) -> Result<SecretBytes, KeyError> {
        let bytes = self.secret(name)?;
        if bytes.len() == len { Ok(bytes) } else { Err(wrong_length(name, bytes.len(), len)) }
    }

    /// A `Base64urlUInt`: big-endian with no leading zero (RFC 7518 §2).
    pub(super) fn number(&self, name: &str) -> Result<Vec<u8>, KeyError> {
        let bytes = self.bytes(name)?;
        match bytes.first() {
            Some(0) | None => {
                Err(KeyError::because(format!("the JWK member `{name}` is not a number without leading zeros")))
            }
            Some(_) => Ok(bytes),
        }
    }

    pub(super) fn secret_number(&self, name: &str) -> Result<SecretBytes, KeyError> {
        self.number(name).map(Zeroizing::new)
    }

    /// A member that, when it is there, must be an array of different strings.
    pub(super) fn optional_texts(&self, name: &str) -> Result<Option<Vec<Cow<'a, str>>>, KeyError> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let elements = value.as_array().ok_or_else(|| wrong_type(name, "an array of strings", value))?;
        let mut texts = Vec::with_capacity(elements.len());
        for element in elements {
            let text = text(name, element)?;
            if texts.contains(&text) {
                return Err(KeyError::because(format!("the JWK member `{name}` names one value twice")));
            }
            texts.push(text);
        }
        Ok(Some(texts))
    }
}

fn text<'a>(name: &str, value: Value<'a>) -> Result<Cow<'a, str>, KeyError> {
    value.as_str().ok_or_else(|| wrong_type(name, "a string", value))
}

fn missing(name: &str) -> KeyError {
    KeyError::because(format!("the JWK has no `{name}`"))
}

fn wrong_type(name: &str, expected: &str, value: Value<'_>) -> KeyError {
    KeyError::because(format!("the JWK member `{name}` is {} where {expected} belongs", value.type_name()))
}

fn wrong_length(name: &str, found: usize, expected: usize) -> KeyError {
    KeyError::because(format!("the JWK member `{name}` has {found} bytes where {expected} belong"))
}
