//! The JOSE header (RFC 7515 §4): `alg`, `typ` and `kid` are read; `crit` and `b64` are refused; the rest is ignored.
//!
//! `jku`, `jwk`, `x5u` and `x5c` are among what is ignored: a token never brings its own key.

use std::borrow::Cow;

use crate::algorithm::Algorithm;
use crate::base64url;
use crate::json::{Object, Value};
use crate::refusal::{Reason, Refusal, Shown};

/// The longest header that is read, in bytes before encoding.
const MAX_LEN: usize = 8 * 1024;

/// The header of a token whose signature has been verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    algorithm: Algorithm,
    typ: Option<Box<str>>,
    kid: Option<Box<str>>,
    key_id: Option<Box<str>>,
    json: Box<str>,
}

impl Header {
    /// The algorithm (`alg`).
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The type (`typ`) as it stands, for example `at+jwt`.
    #[must_use]
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The name of the key (`kid`), as the token has it. A token may leave it out.
    #[must_use]
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The `kid` of the key that verified the signature, whatever the token says of it: what to look a revoked key up by.
    #[must_use]
    pub fn verified_by(&self) -> Option<&str> {
        self.key_id.as_deref()
    }

    /// The whole header as JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        &self.json
    }
}

/// A header that has been read, but not verified. It borrows from the decoded text.
#[derive(Debug)]
pub(crate) struct HeaderView<'a> {
    pub(crate) alg: Cow<'a, str>,
    pub(crate) typ: Option<Cow<'a, str>>,
    pub(crate) kid: Option<Cow<'a, str>>,
    json: &'a str,
}

/// Room to decode a header without allocating.
pub(crate) struct HeaderBuffer([u8; MAX_LEN]);

impl HeaderBuffer {
    pub(crate) const fn new() -> Self {
        Self([0; MAX_LEN])
    }
}

impl<'a> HeaderView<'a> {
    pub(crate) fn decode(encoded: &str, buffer: &'a mut HeaderBuffer) -> Result<Self, Refusal> {
        if encoded.len() > base64url::encoded_len(MAX_LEN) {
            return Err(Refusal::malformed("a header of at most 8 KiB", "a longer one"));
        }
        let bytes = base64url::decode_into(encoded, &mut buffer.0);
        let bytes =
            bytes.map_err(|_| Refusal::malformed("a header in canonical base64url", "other characters or bits"))?;
        let json = core::str::from_utf8(bytes).map_err(|_| Refusal::malformed("a header in UTF-8", "other bytes"))?;
        Self::parse(json)
    }

    fn parse(json: &'a str) -> Result<Self, Refusal> {
        let object = Object::parse(json);
        let object =
            object.map_err(|error| Refusal::malformed("a header that is a strict JSON object", &error.to_string()))?;
        let text = |name: &str| object.get(name).map(|value| text(name, value)).transpose();
        let alg = text("alg")?.ok_or_else(|| Refusal::malformed("`alg` in the header", "none"))?;
        let view = Self { alg, typ: text("typ")?, kid: text("kid")?, json };
        for member in ["crit", "b64"] {
            if object.get(member).is_some() {
                return Err(Refusal::new(Reason::HeaderUnsupported { member }));
            }
        }
        Ok(view)
    }

    /// The header as a value of its own, once the signature has been verified.
    pub(crate) fn to_header(&self, algorithm: Algorithm, key_id: Option<&str>) -> Header {
        let own = |text: &Cow<'_, str>| Box::from(&**text);
        let (typ, kid) = (self.typ.as_ref().map(own), self.kid.as_ref().map(own));
        Header { algorithm, typ, kid, key_id: key_id.map(Box::from), json: self.json.into() }
    }
}

fn text<'a>(name: &str, value: Value<'a>) -> Result<Cow<'a, str>, Refusal> {
    value.as_str().ok_or_else(|| {
        let found = format!("`{name}` that is {}", value.type_name());
        Refusal::malformed("strings for `alg`, `typ` and `kid` in the header", &found)
    })
}

/// The types that a token may have: media types as they are compared, without `application/` and in any case (RFC 7515 §4.1.9,
/// RFC 2045 §5.1).
#[derive(Clone, Debug)]
pub(crate) struct TokenTypes {
    names: Box<[Box<str>]>,
    /// Whether a token without `typ` is accepted, too.
    untyped: bool,
    /// For messages.
    pub(crate) shown: std::sync::Arc<str>,
}

impl TokenTypes {
    pub(crate) fn new(names: &[Box<str>], untyped: bool) -> Self {
        let quoted: Vec<_> = names.iter().map(|name| format!("{name:?}")).collect();
        let words = quoted.into_iter().chain(untyped.then(|| "none at all".to_owned())).collect::<Vec<_>>();
        let names = names.iter().map(|name| Box::from(essence(name))).collect();
        Self { names, untyped, shown: words.join(" or ").into() }
    }

    pub(crate) fn check(&self, typ: Option<&str>) -> Result<(), Refusal> {
        let fits = match typ.map(essence) {
            Some(typ) => self.names.iter().any(|name| typ.eq_ignore_ascii_case(name)),
            None => self.untyped,
        };
        if fits {
            return Ok(());
        }
        Err(Refusal::new(Reason::Type { expected: self.shown.clone(), found: typ.map(Shown::quoted) }))
    }
}

fn essence(typ: &str) -> &str {
    const PREFIX: &str = "application/";
    match typ.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => typ,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(names: &[&str], untyped: bool) -> TokenTypes {
        TokenTypes::new(&names.iter().map(|name| Box::from(*name)).collect::<Vec<_>>(), untyped)
    }

    #[test]
    fn types_are_media_types() {
        let at = types(&["at+jwt"], false);
        for same in ["at+jwt", "AT+JWT", "application/at+jwt", "Application/At+Jwt"] {
            assert!(at.check(Some(same)).is_ok(), "{same}");
        }
        for other in ["JWT", "", "at+jwt ", "application/x/at+jwt", "text/at+jwt", "application/"] {
            assert!(at.check(Some(other)).is_err(), "{other}");
        }
        assert!(at.check(None).is_err());
        assert!(types(&["application/at+jwt"], false).check(Some("at+jwt")).is_ok());
    }

    #[test]
    fn several_types_may_be_accepted_and_none_only_where_it_is_said() {
        for (types, accepted) in [
            (types(&["at+jwt", "JWT"], false), [true, true, false, false]),
            (types(&["JWT"], true), [false, true, false, true]),
            (types(&[], true), [false, false, false, true]),
            (types(&[], false), [false; 4]),
        ] {
            let found = [Some("at+jwt"), Some("jwt"), Some("logout+jwt"), None].map(|typ| types.check(typ).is_ok());
            assert_eq!(found, accepted, "{types:?}");
        }
        assert_eq!(&*types(&["JWT"], true).shown, r#""JWT" or none at all"#);
    }
}
