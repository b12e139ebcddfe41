//! The registered claims of a verified token (RFC 7519 §4.1), as places in its payload.

use core::fmt;

use serde::de::DeserializeOwned;
use smallvec::SmallVec;

use super::claims::{Claims, unfit};
use crate::json::{NumericDate, Object, Text};
use crate::refusal::Refusal;

/// The registered claims of a verified token. The text is kept as it came, and each claim is a place in it.
///
/// `S` is `String`, or `&str` where the payload lies in a [`super::Buffer`].
#[derive(Clone)]
pub struct Registered<S = String> {
    json: S,
    /// What the claims mean that are spelt with escapes.
    unescaped: String,
    places: Places,
}

#[derive(Clone, Default)]
pub(super) struct Places {
    iss: Option<Place>,
    sub: Option<Place>,
    jti: Option<Place>,
    aud: SmallVec<[Place; 2]>,
    exp: Option<NumericDate>,
    nbf: Option<NumericDate>,
    iat: Option<NumericDate>,
}

#[derive(Clone, Copy)]
enum Place {
    /// From here to there in the payload.
    Payload(usize, usize),
    /// From here to there in the unescaped text.
    Unescaped(usize, usize),
}

impl Places {
    /// Finds the places of the claims in the payload they were read from.
    pub(super) fn of(claims: &Claims<'_>, json: &str) -> (Self, String) {
        let mut unescaped = String::new();
        let mut place = |text: Text<'_>| place(text, json, &mut unescaped);
        let places = Self {
            iss: claims.iss.map(&mut place),
            sub: claims.sub.map(&mut place),
            jti: claims.jti.map(&mut place),
            aud: claims.aud.iter().flatten().map(|audience| place(*audience)).collect(),
            exp: claims.exp,
            nbf: claims.nbf,
            iat: claims.iat,
        };
        (places, unescaped)
    }
}

fn place(text: Text<'_>, json: &str, unescaped: &mut String) -> Place {
    if let Some(plain) = text.plain() {
        // The text is a part of the payload, so that the difference of their addresses is its offset.
        let start = plain.as_ptr().addr().saturating_sub(json.as_ptr().addr());
        return Place::Payload(start, start.saturating_add(plain.len()));
    }
    let start = unescaped.len();
    unescaped.push_str(&text.unescape());
    Place::Unescaped(start, unescaped.len())
}

impl<S: AsRef<str>> Registered<S> {
    pub(super) const fn new(json: S, places: Places, unescaped: String) -> Self {
        Self { json, unescaped, places }
    }

    /// Who issued the token (`iss`). The policy has checked it.
    #[must_use]
    pub fn iss(&self) -> Option<&str> {
        self.places.iss.map(|place| self.text(place))
    }

    /// Whom the token is about (`sub`).
    #[must_use]
    pub fn sub(&self) -> Option<&str> {
        self.places.sub.map(|place| self.text(place))
    }

    /// The token's own id (`jti`).
    #[must_use]
    pub fn jti(&self) -> Option<&str> {
        self.places.jti.map(|place| self.text(place))
    }

    /// Whom the token is for (`aud`). The policy has checked that the verifier is among them.
    pub fn aud(&self) -> impl Iterator<Item = &str> {
        self.places.aud.iter().map(|place| self.text(*place))
    }

    /// When the token ends (`exp`), in whole seconds since 1970, rounded down.
    #[must_use]
    pub fn exp(&self) -> Option<i64> {
        self.places.exp.map(NumericDate::floor)
    }

    /// When the token begins (`nbf`), in whole seconds since 1970, rounded down.
    #[must_use]
    pub fn nbf(&self) -> Option<i64> {
        self.places.nbf.map(NumericDate::floor)
    }

    /// When the token was issued (`iat`), in whole seconds since 1970, rounded down.
    #[must_use]
    pub fn iat(&self) -> Option<i64> {
        self.places.iat.map(NumericDate::floor)
    }

    /// Any claim by its name, or `None` if the token does not have it. One of another type is refused as `claim_malformed`.
    pub fn get<T: DeserializeOwned>(&self, claim: &str) -> Result<Option<T>, Refusal> {
        let object = Object::parse(self.as_json()).unwrap_or_default();
        let value = object.get(claim).map(|value| serde_json::from_str(value.raw));
        value.transpose().map_err(|error| unfit(&error.to_string()))
    }

    /// The whole payload as JSON text.
    #[must_use]
    pub fn as_json(&self) -> &str {
        self.json.as_ref()
    }

    fn text(&self, place: Place) -> &str {
        let text = match place {
            Place::Payload(start, end) => self.as_json().get(start..end),
            Place::Unescaped(start, end) => self.unescaped.get(start..end),
        };
        text.unwrap_or_default()
    }
}

impl<S: AsRef<str>> fmt::Debug for Registered<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registered")
            .field("iss", &self.iss())
            .field("aud", &self.aud().collect::<Vec<_>>())
            .field("exp", &self.exp())
            .finish_non_exhaustive()
    }
}
