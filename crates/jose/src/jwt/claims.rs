//! Reading the claims: one strict pass finds the registered ones, and checks the types that RFC 7519 §4.1 gives them.

use std::borrow::Cow;

use serde::Deserialize;

use super::audience::{self, Audience};
use crate::json::{self, Kind, NumericDate, Object, Text, Value};
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
    /// The first of the required claims that is missing.
    pub(super) missing: Option<&'a str>,
}

impl<'a> Claims<'a> {
    /// Reads the claims in one pass over the text. `required` are the names that must be there and not `null`.
    pub(super) fn parse(json: &'a str, required: &'a [Box<str>]) -> Result<Self, Refusal> {
        let mut claims = Self::default();
        let mut refusal = None;
        let mut found = 0_usize;
        let read = json::each_member(json, |name, value| {
            let name = name.plain().map_or_else(|| name.unescape(), Cow::Borrowed);
            if refusal.is_none() {
                refusal = claims.register(&name, value).err();
            }
            if required.iter().any(|wanted| **wanted == *name) && !matches!(value.kind, Kind::Null) {
                found = found.saturating_add(1);
            }
        });
        read.map_err(|error| Refusal::malformed("a payload that is a strict JSON object", &error.to_string()))?;
        if found != required.len() {
            claims.missing = first_missing(json, required);
        }
        refusal.map_or(Ok(claims), Err)
    }

    /// Keeps a claim if it is a registered one. A present but malformed one is an error and never "absent".
    fn register(&mut self, name: &str, value: Value<'a>) -> Result<(), Refusal> {
        match name {
            "iss" => self.iss = Some(text("iss", value)?),
            "sub" => self.sub = Some(text("sub", value)?),
            "jti" => self.jti = Some(text("jti", value)?),
            "aud" => self.aud = Some(audience::parse(value)?),
            "exp" => self.exp = Some(date("exp", value)?),
            "nbf" => self.nbf = Some(date("nbf", value)?),
            "iat" => self.iat = Some(date("iat", value)?),
            _ => {}
        }
        Ok(())
    }
}

/// Looks again, by name. A policy that names a claim twice comes here, too, and finds nothing missing.
#[cold]
fn first_missing<'r>(json: &str, required: &'r [Box<str>]) -> Option<&'r str> {
    let object = Object::parse(json).unwrap_or_default();
    let has = |name: &str| object.get(name).is_some_and(|value| !matches!(value.kind, Kind::Null));
    required.iter().map(|name| &**name).find(|name| !has(name))
}

fn text<'a>(claim: &str, value: Value<'a>) -> Result<Text<'a>, Refusal> {
    match value.kind {
        Kind::String(text) => Ok(text),
        _ => Err(Refusal::claim_malformed(claim, "a string", value.type_name())),
    }
}

fn date(claim: &str, value: Value<'_>) -> Result<NumericDate, Refusal> {
    let found = || if matches!(value.kind, Kind::Number) { value.raw } else { value.type_name() };
    NumericDate::parse(value).ok_or_else(|| Refusal::claim_malformed(claim, "a number of seconds since 1970", found()))
}

/// A type that claims can be read into: anything that implements [`Deserialize`], and [`RegisteredOnly`].
#[diagnostic::on_unimplemented(
    message = "claims cannot be read into `{Self}`",
    label = "needs `serde::Deserialize`, or use `jwt::RegisteredOnly`"
)]
pub trait FromClaims<'a>: Sized {
    /// Reads the payload, which is a JSON object without duplicate members.
    #[doc(hidden)]
    fn from_claims(json: &'a str) -> Result<Self, serde_json::Error>;
}

impl<'a, T: Deserialize<'a>> FromClaims<'a> for T {
    fn from_claims(json: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}

/// No claims but the registered ones, which every verified token has. Reading nothing more is the fastest way; other claims can
/// still be asked for one by one with [`super::Registered::get`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RegisteredOnly;

impl FromClaims<'_> for RegisteredOnly {
    fn from_claims(_: &str) -> Result<Self, serde_json::Error> {
        Ok(Self)
    }
}

/// Reads the caller's own type from the claims.
pub(super) fn read<'a, T: FromClaims<'a>>(json: &'a str) -> Result<T, Refusal> {
    T::from_claims(json).map_err(|error| unfit(&error.to_string()))
}

#[cold]
pub(super) fn unfit(message: &str) -> Refusal {
    let missing = message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`'));
    match missing {
        Some((claim, _)) => Refusal::claim_missing(claim),
        None => Refusal::new(Reason::ClaimsUnfit { found: Shown::plain(message) }),
    }
}
