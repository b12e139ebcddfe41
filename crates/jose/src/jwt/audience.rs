//! `aud`: a non-empty string, or an array of them (RFC 7519 §4.1.3).

use smallvec::{SmallVec, smallvec};

use super::claims::type_name;
use crate::json::{Found, Kind, Text, Value};
use crate::refusal::Refusal;

pub(super) type Audience<'a> = SmallVec<[Text<'a>; 2]>;

pub(super) fn parse(found: Found<'_>) -> Result<Audience<'_>, Refusal> {
    match found {
        Found::String(text) if !text.is("") => Ok(smallvec![text]),
        Found::String(_) => Err(malformed("an empty string")),
        Found::Other(value @ Value { kind: Kind::Array, .. }) => {
            value.as_array().unwrap_or_default().into_iter().map(element).collect()
        }
        other => Err(malformed(type_name(other))),
    }
}

fn element(value: Value<'_>) -> Result<Text<'_>, Refusal> {
    match value.kind {
        Kind::String(text) if !text.is("") => Ok(text),
        Kind::String(_) => Err(malformed("an array with an empty string")),
        _ => Err(malformed("an array with something else")),
    }
}

fn malformed(found: &str) -> Refusal {
    Refusal::claim_malformed("aud", "a string that is not empty, or an array of such", found)
}
