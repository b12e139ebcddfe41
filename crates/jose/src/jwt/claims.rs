//! Reading the claims: one strict pass finds the registered ones, and checks the types that RFC 7519 §4.1 gives them.

use serde::Deserialize;

use super::audience::{self, Audience};
use crate::json::{self, Found, Kind, Members, NumericDate, Object, Text, Value};
use crate::refusal::{Reason, Refusal, Shown};

/// The claims of a token whose signature holds, as they stand in its payload.
#[derive(Default)]
pub(super) struct Claims<'a> {
    pub(super) iss: Option<Text<'a>>,
    pub(super) sub: Option<Text<'a>>,
    pub(super) jti: Option<Text<'a>>,
    pub(super) aud: Option<Audience<'a>>,
    pub(super) exp: Option<NumericDate>,
    pub(super) nbf: Option<NumericDate>,
    pub(super) iat: Option<NumericDate>,
    /// The whole payload.
    pub(super) json: &'a str,
    /// Which of the required claims is the first that is missing.
    pub(super) missing: Option<usize>,
    /// How many of the required claims have been found.
    required: usize,
    /// What is wrong with the first malformed claim.
    refusal: Option<Refusal>,
}

impl<'a> Claims<'a> {
    /// Reads the claims in one pass over the text, into `self` and `members`, which must be empty. `required` are the names that must
    /// be there and not `null`.
    pub(super) fn read(
        &mut self,
        json: &'a str,
        members: &mut Members<'a>,
        required: &[Box<str>],
    ) -> Result<(), Refusal> {
        json::each_claim(json, members, self, |claims, name, found| {
            if claims.refusal.is_none() {
                claims.refusal = claims.register(name, found).err();
            }
            if required.iter().any(|wanted| **wanted == *name) && !is_null(found) {
                claims.required = claims.required.saturating_add(1);
            }
        })
        .map_err(|error| Refusal::malformed("a payload that is a strict JSON object", &error.to_string()))?;
        self.json = json;
        if self.required != required.len() {
            self.missing = first_missing(json, required);
        }
        self.refusal.take().map_or(Ok(()), Err)
    }

    /// Keeps a claim if it is a registered one. A present but malformed one is an error and never "absent".
    #[inline]
    fn register(&mut self, name: &str, found: Found<'a>) -> Result<(), Refusal> {
        match name {
            "iss" => self.iss = Some(text("iss", found)?),
            "sub" => self.sub = Some(text("sub", found)?),
            "jti" => self.jti = Some(text("jti", found)?),
            "aud" => self.aud = Some(audience::parse(found)?),
            "exp" => self.exp = Some(date("exp", found)?),
            "nbf" => self.nbf = Some(date("nbf", found)?),
            "iat" => self.iat = Some(date("iat", found)?),
            _ => {}
        }
        Ok(())
    }
}

fn is_null(found: Found<'_>) -> bool {
    matches!(found, Found::Other(value) if matches!(value.kind, Kind::Null))
}

/// Looks again, by name. A policy that names a claim twice comes here, too, and finds nothing missing.
#[cold]
fn first_missing(json: &str, required: &[Box<str>]) -> Option<usize> {
    let object = Object::parse(json).unwrap_or_default();
    let has = |name: &str| object.get(name).is_some_and(|value| !matches!(value.kind, Kind::Null));
    required.iter().position(|name| !has(name))
}

fn text<'a>(claim: &str, found: Found<'a>) -> Result<Text<'a>, Refusal> {
    match found {
        Found::String(text) => Ok(text),
        other => Err(Refusal::claim_malformed(claim, "a string", type_name(other))),
    }
}

fn date(claim: &str, found: Found<'_>) -> Result<NumericDate, Refusal> {
    match found {
        Found::Date(date) => Ok(date),
        other => Err(Refusal::claim_malformed(claim, "a number of seconds since 1970", type_name(other))),
    }
}

/// The type of what was found, for messages; a number that is no date shows itself.
pub(super) fn type_name(found: Found<'_>) -> &str {
    match found {
        Found::String(_) => "a string",
        Found::Date(_) => "a number",
        Found::Other(Value { raw, kind: Kind::Number }) => raw,
        Found::Other(value) => value.type_name(),
    }
}

/// A type that claims can be read into: anything that implements [`Deserialize`], and [`RegisteredOnly`].
#[diagnostic::on_unimplemented(
    message = "claims cannot be read into `{Self}`",
    label = "needs `serde::Deserialize`, or use `jwt::RegisteredOnly`"
)]
pub trait FromClaims<'a>: Sized {
    /// Reads the payload.
    #[doc(hidden)]
    fn from_claims(payload: &Payload<'a, '_>) -> Result<Self, serde_json::Error>;
}

/// A payload that is a JSON object without duplicate members.
#[derive(Debug)]
pub struct Payload<'a, 'm> {
    json: &'a str,
    members: &'m Members<'a>,
}

impl<'a, T: Deserialize<'a>> FromClaims<'a> for T {
    fn from_claims(payload: &Payload<'a, '_>) -> Result<Self, serde_json::Error> {
        if payload.members.is_empty() {
            return serde_json::from_str(payload.json);
        }
        json::from_plain(payload.json, payload.members)
    }
}

/// No claims but the registered ones, which every verified token has. Reading nothing more is the fastest way; other claims can
/// still be asked for one by one with [`super::Registered::get`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegisteredOnly;

impl FromClaims<'_> for RegisteredOnly {
    fn from_claims(_: &Payload<'_, '_>) -> Result<Self, serde_json::Error> {
        Ok(Self)
    }
}

/// Reads the caller's own type from the claims.
pub(super) fn read<'a, T: FromClaims<'a>>(json: &'a str, members: &Members<'a>) -> Result<T, Refusal> {
    T::from_claims(&Payload { json, members }).map_err(|error| unfit(&error.to_string()))
}

#[cold]
pub(super) fn unfit(message: &str) -> Refusal {
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    match missing {
        Some((claim, _)) => Refusal::claim_missing(claim),
        None => Refusal::new(Reason::ClaimsUnfit { found: Shown::plain(message) }),
    }
}
