//! `aud`: a non-empty string, or an array of them (RFC 7519 §4.1.3).

use smallvec::{SmallVec, smallvec};

use crate::json::{Kind, Text, Value};
use crate::refusal::Refusal;

pub(super) type Audience<'a> = SmallVec<[Text<'a>; 2]>;

pub(super) fn parse(value: Value<'_>) -> Result<Audience<'_>, Refusal> {
    match value.kind {
        Kind::String(text) if !text.is("") => Ok(smallvec![text]),
        Kind::Array => value.as_array().unwrap_or_default().into_iter().map(element).collect(),
        _ => Err(malformed(value)),
    }
}

fn element(value: Value<'_>) -> Result<Text<'_>, Refusal> {
    match value.kind {
        Kind::String(text) if !text.is("") => Ok(text),
        _ => Err(malformed(value)),
    }
}

fn malformed(value: Value<'_>) -> Refusal {
    let found = if value.raw == "\"\"" { "an empty string" } else { value.type_name() };
    Refusal::claim_malformed("aud", "a string that is not empty, or an array of such", found)
}
