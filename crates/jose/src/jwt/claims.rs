//! Reading the claims: one strict pass finds the registered ones, and checks the types that RFC 7519 §4.1 gives them.

use serde::Deserialize;

use super::audience::{self, Audience};
use crate::json::{Kind, NumericDate, Object, Text, Value};
use crate::refusal::{Reason, Refusal, Shown};

/// The claims of a token whose signature holds, as they stand in its payload.
pub(super) struct Claims<'a> {
    object: Object<'a>,
    pub(super) iss: Option<Text<'a>>,
    pub(super) sub: Option<Text<'a>>,
    pub(super) jti: Option<Text<'a>>,
    pub(super) aud: Option<Audience<'a>>,
    pub(super) exp: Option<NumericDate>,
    pub(super) nbf: Option<NumericDate>,
    pub(super) iat: Option<NumericDate>,
}

impl<'a> Claims<'a> {
    pub(super) fn parse(json: &'a str) -> Result<Self, Refusal> {
        let object = Object::parse(json)
            .map_err(|error| Refusal::malformed("a payload that is a strict JSON object", &error.to_string()))?;
        let empty = Object::default();
        let mut claims =
            Self { object: empty, iss: None, sub: None, jti: None, aud: None, exp: None, nbf: None, iat: None };
        for member in object.members() {
            match member.name.plain() {
                Some(name) => claims.register(name, member.value)?,
                None => claims.register(&member.name.unescape(), member.value)?,
            }
        }
        claims.object = object;
        Ok(claims)
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

    /// Whether a claim is there and is not `null`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.object.get(name).is_some_and(|value| !matches!(value.kind, Kind::Null))
    }
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
