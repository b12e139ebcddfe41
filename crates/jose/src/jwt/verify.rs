//! Verifying a token: open it, read its claims once, ask the policy.

use super::checks;
use super::claims::{self, Claims, FromClaims};
use super::policy::Policy;
use super::registered::{Places, Registered};
use super::verified::{Verified, VerifiedIn};
use crate::base64url;
use crate::json::Members;
use crate::jws::open;
use crate::key::KeySource;
use crate::refusal::Refusal;

/// Verifies a token at the time `now`, in seconds since 1970, and reads its claims.
///
/// `T` is any type that implements `serde::de::DeserializeOwned`, or [`super::RegisteredOnly`].
pub fn verify<T: for<'a> FromClaims<'a>>(
    token: &str,
    keys: &(impl KeySource + ?Sized),
    policy: &Policy,
    now: i64,
) -> Result<Verified<T>, Refusal> {
    let opened = open(token, keys, policy.demands())?;
    let json = String::from_utf8(payload(opened.payload, Vec::new())?).map_err(|_| not_utf8())?;
    let (claims, places, unescaped) = read(&json, policy, now)?;
    Ok(Verified { claims, header: opened.header, registered: Registered::new(json, places, unescaped) })
}

/// Room for a decoded payload, to be used for one token after another.
#[derive(Debug, Default)]
pub struct Buffer(Vec<u8>);

impl Buffer {
    /// An empty buffer. It grows to the largest payload it has seen.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }
}

/// Verifies a token as [`verify`] does, with the payload in a buffer from which the claims can borrow.
pub fn verify_in<'b, T: FromClaims<'b>>(
    buffer: &'b mut Buffer,
    token: &str,
    keys: &(impl KeySource + ?Sized),
    policy: &Policy,
    now: i64,
) -> Result<VerifiedIn<'b, T>, Refusal> {
    let opened = open(token, keys, policy.demands())?;
    buffer.0 = payload(opened.payload, core::mem::take(&mut buffer.0))?;
    let json = core::str::from_utf8(&buffer.0).map_err(|_| not_utf8())?;
    let (claims, places, unescaped) = read(json, policy, now)?;
    Ok(Verified { claims, header: opened.header, registered: Registered::new(json, places, unescaped) })
}

/// Decodes the payload into a vector, which may be one that has been used before.
pub(super) fn payload(encoded: &str, mut bytes: Vec<u8>) -> Result<Vec<u8>, Refusal> {
    bytes.clear();
    base64url::decode_append(encoded, &mut bytes)
        .map_err(|_| Refusal::malformed("a payload in canonical base64url", "other characters or bits"))?;
    Ok(bytes)
}

#[cold]
pub(super) fn not_utf8() -> Refusal {
    Refusal::malformed("a payload in UTF-8", "other bytes")
}

/// Reads the claims, asks the policy, and only then reads the caller's own type.
pub(super) fn read<'a, T: FromClaims<'a>>(
    json: &'a str,
    policy: &Policy,
    now: i64,
) -> Result<(T, Places, String), Refusal> {
    let mut members = Members::default();
    let mut claims = Claims::default();
    claims.read(json, &mut members, &policy.required)?;
    checks::run(policy, &claims, now)?;
    let own = claims::read(json, &members)?;
    let (places, unescaped) = Places::of(&claims, json);
    Ok((own, places, unescaped))
}
