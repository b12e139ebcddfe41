//! The claims of an access token (RFC 9068 §2.2).

use std::fmt;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// The claims of an access token, as our server writes them and as any RFC 9068 issuer's can be read.
///
/// What foreign issuers leave out is optional. Claims that have no member here are in [`extra`](Self::extra).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// The issuer's name, an URL.
    pub iss: String,
    /// Who the token speaks for; unique within the issuer.
    pub sub: String,
    /// Whom the token is meant for.
    pub aud: Audience,
    /// Seconds since 1970 from which on the token is no longer good.
    #[serde(deserialize_with = "seconds")]
    pub exp: i64,
    /// Seconds since 1970 at which it was issued.
    #[serde(deserialize_with = "seconds")]
    pub iat: i64,
    /// The token's own id.
    pub jti: String,
    /// The client that asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The session that it belongs to (`OpenID` Connect Front-Channel Logout 1.0 §3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// Scopes, separated by single spaces (RFC 8693 §4.2).
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// Seconds since 1970 at which the person showed who they are.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "optional_seconds")]
    pub auth_time: Option<i64>,
    /// The person's e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address has been shown to be theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// A name to be called by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Roles that an administrator gave (RFC 9068 §2.2.3.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// All other claims.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// Whom a token is meant for: one or more names, compared exactly (RFC 7519 §4.1.3).
///
/// One name is written as a string, several as an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience(Vec<String>);

impl Audience {
    /// The names, in their order.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether `name` is among them, to the letter.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.iter().any(|own| own == name)
    }
}

impl<S: Into<String>> FromIterator<S> for Audience {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }
}

impl Serialize for Audience {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [name] => serializer.serialize_str(name),
            names => names.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Audience {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AudienceVisitor)
    }
}

struct AudienceVisitor;

impl<'de> Visitor<'de> for AudienceVisitor {
    type Value = Audience;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or an array of strings")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Audience, E> {
        Ok(Audience(vec![name.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut names: A) -> Result<Audience, A::Error> {
        let mut read = Vec::new();
        while let Some(name) = names.next_element()? {
            read.push(name);
        }
        Ok(Audience(read))
    }
}

/// A `NumericDate` may have a fraction (RFC 7519 §2); whole seconds, rounded down, are all that we need.
fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    deserializer.deserialize_any(SecondsVisitor)
}

fn optional_seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    seconds(deserializer).map(Some)
}

struct SecondsVisitor;

impl Visitor<'_> for SecondsVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since 1970")
    }

    fn visit_i64<E: de::Error>(self, seconds: i64) -> Result<i64, E> {
        Ok(seconds)
    }

    fn visit_u64<E: de::Error>(self, seconds: u64) -> Result<i64, E> {
        i64::try_from(seconds).map_err(E::custom)
    }

    #[expect(clippy::cast_possible_truncation, reason = "the range is checked; dropping the fraction is the point")]
    fn visit_f64<E: de::Error>(self, seconds: f64) -> Result<i64, E> {
        // Beyond 2^53 a float no longer tells one second from the next.
        if seconds.abs() < 9_007_199_254_740_992.0 {
            Ok(seconds.floor() as i64)
        } else {
            Err(E::custom("too far from now"))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(claims: Value) -> serde_json::Result<AccessClaims> {
        serde_json::from_value(claims)
    }

    fn full() -> Value {
        json!({
            "iss": "https://auth.example.com", "sub": "0198-u", "aud": "https://api.example.com", "exp": 1_800_000_600,
            "iat": 1_800_000_000, "jti": "0198-j", "client_id": "web", "sid": "0198-s", "scope": "openid orders:write",
            "auth_time": 1_799_999_000, "email": "a@example.com", "email_verified": true, "name": "Ada",
            "roles": ["clerk"], "tenant": {"id": 7},
        })
    }

    #[test]
    fn claims_are_written_as_they_are_read() {
        let claims = read(full()).unwrap();
        assert_eq!(claims.extra["tenant"]["id"], 7);
        assert_eq!(serde_json::to_value(&claims).unwrap(), full());
    }

    #[test]
    fn what_foreign_issuers_leave_out_is_not_needed() {
        let claims = json!({"iss": "i", "sub": "s", "aud": ["a", "b"], "exp": 2.9, "iat": 1, "jti": "j"});
        let claims = read(claims).unwrap();
        assert_eq!((claims.exp, claims.scope.as_str(), claims.sid), (2, "", None));
        assert!(claims.aud.contains("b") && !claims.aud.contains("B"));
    }

    #[test]
    fn times_are_numbers() {
        for exp in [json!("1800000600"), json!(1e300), json!(null), json!(u64::MAX), json!([1])] {
            let mut claims = full();
            claims["exp"] = exp.clone();
            assert!(read(claims).is_err(), "{exp}");
        }
    }
}
