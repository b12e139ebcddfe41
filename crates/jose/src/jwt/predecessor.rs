//! Tokens of a hand-written predecessor: HS256, no `iss`, no `aud`, the subject under a name of its own. They are taken until a
//! date, so that nobody has to log in anew when an application moves, and are read as tokens of an issuer of their own.
//!
//! What such a token lacks it cannot be held to. So the secret is for these alone: a token that names an issuer of yours is not
//! for a predecessor to verify, whoever signed it.

use core::fmt;

use serde_json::{Map, Value, json};

use super::FromClaims;
use super::policy::Policy;
use super::registered::Registered;
use super::verified::Verified;
use super::verify::{not_utf8, payload, read};
use crate::algorithm::Algorithm;
use crate::backend;
use crate::base64url;
use crate::json::Object;
use crate::jws::{Demands, TokenTypes, open};
use crate::key::{KeyError, VerifyingKey};
use crate::refusal::{Reason, Refusal, Shown};

/// Verifies tokens of a hand-written predecessor until a date.
///
/// ```
/// use jotgate_jose::jwt::{Predecessor, RegisteredOnly};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // Tokens as `jsonwebtoken.sign({ id: 7 }, secret)` makes them, until 1 February 2027.
/// let predecessor = Predecessor::new(b"the secret of the old application", 1_801_440_000)?.subject_claim("id");
/// # let token = concat!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.", "eyJpZCI6N30.", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
/// assert!(predecessor.is_meant(token, ["https://auth.example.com"]));
/// let refused = predecessor.verify::<RegisteredOnly>(token, 1_800_000_000).unwrap_err();
/// assert_eq!(refused.code(), jotgate_jose::Code::SignatureInvalid);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Predecessor {
    key: VerifyingKey,
    until: i64,
    name: Box<str>,
    issuer: Option<Box<str>>,
    audience: Option<Box<str>>,
    claims: Claims,
    types: TokenTypes,
}

/// Under which names the predecessor writes what we read; a dot leads into an object.
#[derive(Clone, Debug)]
struct Claims {
    subject: Box<str>,
    email: Option<Box<str>>,
    name: Option<Box<str>>,
    roles: Option<Box<str>>,
}

impl Predecessor {
    /// What the `iss` of its tokens is read as, unless [`issuer`](Self::issuer) says otherwise.
    pub const NAME: &'static str = "urn:jotgate:predecessor";

    /// The secret of its tokens, and the time from which on they are refused, in seconds since 1970.
    ///
    /// A secret of less than 32 bytes is refused, as it is everywhere (RFC 7518 §3.2): whoever has one token can try out what it is.
    pub fn new(secret: &[u8], until: i64) -> Result<Self, KeyError> {
        let key = VerifyingKey::hmac(Algorithm::Hs256, secret)?;
        let claims = Claims { subject: "sub".into(), email: None, name: None, roles: None };
        let types = TokenTypes::new(&["JWT".into()], true);
        Ok(Self { key, until, name: Self::NAME.into(), issuer: None, audience: None, claims, types })
    }

    /// The `iss` that its tokens have. Without this, tokens that have one are refused.
    #[must_use]
    pub fn issuer(mut self, issuer: &str) -> Self {
        self.name = issuer.into();
        self.issuer = Some(issuer.into());
        self
    }

    /// The `aud` that its tokens have. Without this, tokens that have one are refused.
    #[must_use]
    pub fn audience(mut self, audience: &str) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// The claim that says whom a token is about, `sub` by default: a text or a whole number; `user.id` is `id` in the object `user`.
    #[must_use]
    pub fn subject_claim(mut self, claim: &str) -> Self {
        self.claims.subject = claim.into();
        self
    }

    /// The claim that is read as `email`. Whether the address was ever proven is not known, so `email_verified` stays away.
    #[must_use]
    pub fn email_claim(mut self, claim: &str) -> Self {
        self.claims.email = Some(claim.into());
        self
    }

    /// The claim that is read as `name`.
    #[must_use]
    pub fn name_claim(mut self, claim: &str) -> Self {
        self.claims.name = Some(claim.into());
        self
    }

    /// The claim that is read as `roles`: a text, or an array of texts.
    #[must_use]
    pub fn roles_claim(mut self, claim: &str) -> Self {
        self.claims.roles = Some(claim.into());
        self
    }

    /// What the `iss` of its tokens is read as.
    #[must_use]
    pub fn as_issuer(&self) -> &str {
        &self.name
    }

    /// Whether a token gives itself out as the predecessor's: HS256, no type but `JWT`, and none of `issuers`, which are the ones that
    /// are verified otherwise. **Nobody has verified that**; it chooses which keys the token is held to.
    #[must_use]
    pub fn is_meant<'i>(&self, token: &str, issuers: impl IntoIterator<Item = &'i str>) -> bool {
        let Ok(unverified) = crate::danger::decode(token) else { return false };
        let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let is_symmetric = text(unverified.header.get("alg")).as_deref() == Some(Algorithm::Hs256.name());
        let fits = self.types.check(text(unverified.header.get("typ")).as_deref()).is_ok();
        let issuer = text(unverified.claims.get("iss"));
        is_symmetric && fits && issuers.into_iter().all(|known| issuer.as_deref() != Some(known))
    }

    /// Verifies a token of the predecessor at the time `now`, in seconds since 1970, and reads its claims under our names: `iss`
    /// and `aud` are the predecessor's own, `exp` is at latest its end, `jti` is a hash of the token where it has none.
    pub fn verify<T: for<'a> FromClaims<'a>>(&self, token: &str, now: i64) -> Result<Verified<T>, Refusal> {
        if now >= self.until {
            return Err(Refusal::new(Reason::PredecessorOver { until: self.until, now }));
        }
        let policy = self.policy();
        let demands = Demands { typ: Some(&self.types), ..policy.demands() };
        let opened = open(token, &self.key, demands)?;
        let theirs = String::from_utf8(payload(opened.payload, Vec::new())?).map_err(|_| not_utf8())?;
        let json = self.ours(&theirs, token)?.to_string();
        let (claims, places, unescaped) = read(&json, &policy, now)?;
        Ok(Verified { claims, header: opened.header, registered: Registered::new(json, places, unescaped) })
    }

    fn policy(&self) -> Policy {
        Policy::builder()
            .issuer(&*self.name)
            .audience(&*self.name)
            .algorithms([Algorithm::Hs256])
            .untyped()
            .require(["sub"])
            .build()
    }

    /// The claims under our names. What is checked of them as of any token's goes over as it stands.
    fn ours(&self, theirs: &str, token: &str) -> Result<Value, Refusal> {
        let strict = Object::parse(theirs);
        strict.map_err(|error| Refusal::malformed("a payload that is a strict JSON object", &error.to_string()))?;
        let theirs: Map<String, Value> = serde_json::from_str(theirs)
            .map_err(|error| Refusal::malformed("a payload that is a strict JSON object", &error.to_string()))?;
        self.check_names(&theirs)?;
        let mut ours = Map::new();
        ours.insert("iss".to_owned(), json!(self.name));
        ours.insert("aud".to_owned(), json!(self.name));
        for claim in ["iat", "nbf", "jti"] {
            ours.extend(theirs.get(claim).map(|value| (claim.to_owned(), value.clone())));
        }
        ours.insert("exp".to_owned(), self.expiry(theirs.get("exp")));
        ours.insert("sub".to_owned(), self.subject_of(&theirs)?);
        ours.entry("jti").or_insert_with(|| json!(base64url::encode(&backend::sha256(token.as_bytes()))));
        for (name, claim) in [("email", &self.claims.email), ("name", &self.claims.name)] {
            let found = claim.as_deref().and_then(|claim| at(&theirs, claim)).filter(|found| found.is_string());
            ours.extend(found.map(|found| (name.to_owned(), found.clone())));
        }
        let roles = self.claims.roles.as_deref().and_then(|claim| at(&theirs, claim));
        ours.insert("roles".to_owned(), json!(roles.map(texts).unwrap_or_default()));
        Ok(Value::Object(ours))
    }

    /// An issuer or an audience that nobody expects is somebody else's.
    fn check_names(&self, theirs: &Map<String, Value>) -> Result<(), Refusal> {
        let expected =
            |name: &Option<Box<str>>| name.as_deref().map_or("none".into(), |name| format!("{name:?}").into());
        let is = |found: Option<&Value>, name: &Option<Box<str>>| match (found, name.as_deref()) {
            (None, None) => true,
            (Some(Value::String(found)), Some(name)) => found == name,
            (Some(Value::Array(found)), Some(name)) => found.iter().any(|found| found == name),
            _ => false,
        };
        let shown = |found: Option<&Value>| {
            found.map_or_else(|| Shown::plain("none"), |found| Shown::plain(&found.to_string()))
        };
        let (issuer, audience) = (theirs.get("iss"), theirs.get("aud"));
        if !is(issuer.filter(|issuer| !issuer.is_array()), &self.issuer) || issuer.is_some_and(Value::is_array) {
            return Err(Refusal::new(Reason::Issuer { expected: expected(&self.issuer), found: shown(issuer) }));
        }
        if !is(audience, &self.audience) {
            let (expected, found) = (expected(&self.audience), shown(audience));
            return Err(Refusal::new(Reason::Audience { claim: "aud".into(), expected, found }));
        }
        Ok(())
    }

    /// The end of the token, or that of the predecessor if it is sooner or there is none. What is no time stays, and is refused.
    fn expiry(&self, theirs: Option<&Value>) -> Value {
        match theirs {
            None => json!(self.until),
            Some(exp) if self.is_over_before(exp) => json!(self.until),
            Some(exp) => exp.clone(),
        }
    }

    /// Whether the predecessor ends before this time.
    fn is_over_before(&self, exp: &Value) -> bool {
        match (exp.as_i64(), exp.as_u64(), exp.as_f64()) {
            (Some(exp), ..) => exp > self.until,
            (None, Some(_), _) => true,
            (None, None, Some(exp)) if exp > 0.0 => {
                format!("{:.0}", exp.floor()).parse::<i64>().map_or(true, |exp| exp >= self.until)
            }
            _ => false,
        }
    }

    fn subject_of(&self, theirs: &Map<String, Value>) -> Result<Value, Refusal> {
        let claim = &*self.claims.subject;
        match at(theirs, claim) {
            Some(Value::String(text)) if !text.is_empty() => Ok(json!(text)),
            Some(Value::Number(number)) if number.is_u64() || number.is_i64() => Ok(json!(number.to_string())),
            Some(other) => Err(Refusal::claim_malformed(claim, "a text or a whole number", &other.to_string())),
            None => Err(Refusal::claim_missing(claim)),
        }
    }
}

/// The member of this name, or what the dots in it lead to.
fn at<'v>(claims: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    match (claims.get(path), path.split_once('.')) {
        (Some(found), _) => Some(found),
        (None, Some((first, rest))) => at(claims.get(first)?.as_object()?, rest),
        (None, None) => None,
    }
}

fn texts(value: &Value) -> Vec<&str> {
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    value.as_str().into_iter().chain(list.iter().filter_map(Value::as_str)).collect()
}

impl fmt::Debug for Predecessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Predecessor").field("name", &self.name).field("until", &self.until).finish_non_exhaustive()
    }
}
