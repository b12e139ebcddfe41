//! Why a token was refused: a stable code, and in words what was expected, what was found, and by how much it missed.
//!
//! A refusal never holds the token or its signature. What it shows of a claim is cut at a fixed length, so that a refusal
//! costs the same however long the token is.

use core::fmt;
use std::sync::Arc;

use crate::algorithm::{Algorithm, AlgorithmSet};
use crate::code::Code;

/// Why a token was refused.
///
/// Tell an outsider the [`Code`] and no more; the text is for logs and for people who look after the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(Reason);

/// One variant for each way in which a token can miss.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    TooLarge { found: usize, limit: usize },
    Malformed { expected: &'static str, found: Shown },
    HeaderUnsupported { member: &'static str },
    Algorithm { allowed: AlgorithmSet, found: Shown },
    KeyAlgorithm { key: Algorithm, found: Algorithm },
    Type { expected: Arc<str>, found: Option<Shown> },
    KeyUnknown { kid: Option<Shown> },
    Signature { algorithm: Algorithm },
    ClaimMalformed { claim: Shown, expected: &'static str, found: Shown },
    ClaimMissing { claim: Shown },
    ClaimsUnfit { found: Shown },
    Issuer { expected: Arc<str>, found: Shown },
    Audience { claim: Box<str>, expected: Arc<str>, found: Shown },
    Expired { exp: i64, now: i64, leeway: i64 },
    TooOld { iat: i64, now: i64, max_age: i64, leeway: i64 },
    NotYet { claim: &'static str, from: i64, now: i64, leeway: i64 },
    PredecessorOver { until: i64, now: i64 },
}

/// A piece of a token as a person may see it: cut at a fixed length, nothing in it that moves a cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shown(Box<str>);

impl Shown {
    const MAX_CHARS: usize = 80;

    /// A string of the token, in quotes.
    pub(crate) fn quoted(text: &str) -> Self {
        let (start, rest) = cut(text);
        Self(format!("{start:?}{rest}").into())
    }

    /// A value of the token as it stands, or words of ours.
    pub(crate) fn plain(text: &str) -> Self {
        let (start, rest) = cut(text);
        let visible = start.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c });
        Self(visible.chain(rest.chars()).collect())
    }
}

fn cut(text: &str) -> (&str, &'static str) {
    match text.char_indices().nth(Shown::MAX_CHARS) {
        Some((end, _)) => (text.get(..end).unwrap_or_default(), "…"),
        None => (text, ""),
    }
}

impl Refusal {
    #[cold]
    pub(crate) const fn new(reason: Reason) -> Self {
        Self(reason)
    }

    #[cold]
    pub(crate) fn malformed(expected: &'static str, found: &str) -> Self {
        Self(Reason::Malformed { expected, found: Shown::plain(found) })
    }

    #[cold]
    pub(crate) fn claim_malformed(claim: &str, expected: &'static str, found: &str) -> Self {
        Self(Reason::ClaimMalformed { claim: Shown::plain(claim), expected, found: Shown::plain(found) })
    }

    #[cold]
    pub(crate) fn claim_missing(claim: &str) -> Self {
        Self(Reason::ClaimMissing { claim: Shown::plain(claim) })
    }

    /// The word for this refusal, which never changes.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self.0 {
            Reason::TooLarge { .. } => Code::TokenTooLarge,
            Reason::Malformed { .. } => Code::TokenMalformed,
            Reason::HeaderUnsupported { .. } => Code::HeaderUnsupported,
            Reason::Algorithm { .. } | Reason::KeyAlgorithm { .. } => Code::AlgorithmNotAllowed,
            Reason::Type { .. } => Code::TypeMismatch,
            Reason::KeyUnknown { .. } => Code::KeyUnknown,
            Reason::Signature { .. } => Code::SignatureInvalid,
            Reason::ClaimMalformed { .. } | Reason::ClaimsUnfit { .. } => Code::ClaimMalformed,
            Reason::ClaimMissing { .. } => Code::ClaimMissing,
            Reason::Issuer { .. } => Code::IssuerMismatch,
            Reason::Audience { .. } => Code::AudienceMismatch,
            Reason::Expired { .. } | Reason::TooOld { .. } | Reason::PredecessorOver { .. } => Code::TokenExpired,
            Reason::NotYet { .. } => Code::TokenNotYetValid,
        }
    }

    /// What the verifier expected, in words.
    #[must_use]
    pub fn expected(&self) -> String {
        match &self.0 {
            Reason::TooLarge { limit, .. } => format!("at most {limit} bytes"),
            Reason::Malformed { expected, .. } => (*expected).to_owned(),
            Reason::HeaderUnsupported { member } => format!("no `{member}` in the header"),
            Reason::Algorithm { allowed, .. } => format!("`alg` one of {allowed}"),
            Reason::KeyAlgorithm { key, .. } => format!("`alg` {key}, which is what the key is for"),
            Reason::Type { expected, .. } => format!("`typ` {expected}"),
            Reason::KeyUnknown { kid: Some(_) } => "the `kid` of a known key".to_owned(),
            Reason::KeyUnknown { kid: None } => "a `kid`, or exactly one key that fits".to_owned(),
            Reason::Signature { algorithm } => format!("a signature by the key of the token ({algorithm})"),
            Reason::ClaimMalformed { claim, expected, .. } => format!("`{claim}` {expected}"),
            Reason::ClaimsUnfit { .. } => "claims of the types that the program reads".to_owned(),
            Reason::ClaimMissing { claim } => format!("the claim `{claim}`"),
            Reason::Issuer { expected, .. } => format!("`iss` {expected}"),
            Reason::Audience { claim, expected, .. } => format!("`{claim}` {expected}"),
            Reason::Expired { now, leeway, .. } => format!("`exp` after {now} less {leeway} s of leeway"),
            Reason::TooOld { now, max_age, leeway, .. } => {
                format!("`iat` at most {max_age} s before {now}, and {leeway} s of leeway")
            }
            Reason::PredecessorOver { until, .. } => {
                format!(
                    "a token of an issuer: those of the predecessor were taken until {until}, and its secret is not used any more"
                )
            }
            Reason::NotYet { claim, now, leeway, .. } => format!("`{claim}` not after {now} plus {leeway} s of leeway"),
        }
    }

    /// What the token had instead, in words. It is never the token itself.
    #[must_use]
    pub fn found(&self) -> String {
        match &self.0 {
            Reason::TooLarge { found, .. } => format!("{found} bytes"),
            Reason::HeaderUnsupported { member } => format!("`{member}`"),
            Reason::KeyAlgorithm { found, .. } => found.to_string(),
            Reason::Type { found: None, .. } => "no `typ`".to_owned(),
            Reason::KeyUnknown { kid: None } => "no `kid`".to_owned(),
            Reason::Signature { .. } => "another signature".to_owned(),
            Reason::ClaimMissing { .. } => "none".to_owned(),
            Reason::Malformed { found, .. }
            | Reason::Algorithm { found, .. }
            | Reason::Type { found: Some(found), .. }
            | Reason::KeyUnknown { kid: Some(found) }
            | Reason::ClaimMalformed { found, .. }
            | Reason::ClaimsUnfit { found }
            | Reason::Issuer { found, .. }
            | Reason::Audience { found, .. } => found.to_string(),
            Reason::Expired { exp, now, leeway } => {
                format!("{exp}: {} too late", seconds(now.saturating_sub(*leeway).saturating_sub(*exp)))
            }
            Reason::TooOld { iat, now, max_age, leeway } => {
                let late = now.saturating_sub(*iat).saturating_sub(*max_age).saturating_sub(*leeway);
                format!("{iat}: {} too old", seconds(late))
            }
            Reason::PredecessorOver { until, now } => {
                format!("one of the predecessor: {} too late", seconds(now.saturating_sub(*until)))
            }
            Reason::NotYet { from, now, leeway, .. } => {
                format!("{from}: {} too early", seconds(from.saturating_sub(*now).saturating_sub(*leeway)))
            }
        }
    }
}

/// A time span for people: seconds up to two minutes, then minutes, hours, days.
fn seconds(span: i64) -> String {
    const UNITS: [(i64, &str); 3] = [(86_400, "days"), (3_600, "h"), (60, "min")];
    let unit = UNITS.iter().find(|(length, _)| span >= length.saturating_mul(2));
    match unit.and_then(|(length, name)| Some((span.checked_div(*length)?, name))) {
        Some((count, name)) => format!("{count} {name}"),
        None => format!("{span} s"),
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, found {}", self.code(), self.expected(), self.found())
    }
}

impl core::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_cut_and_harmless() {
        let long = "x".repeat(5000);
        assert!(Shown::quoted(&long).to_string().len() < 100);
        assert_eq!(Shown::plain("a\u{1b}[31mb\n").to_string(), "a\u{FFFD}[31mb\u{FFFD}");
        assert_eq!(Shown::quoted("a\n").to_string(), "\"a\\n\"");
    }

    #[test]
    fn a_refusal_says_by_how_much_it_missed() {
        let refusal = Refusal::new(Reason::Expired { exp: 1000, now: 1042, leeway: 30 });
        assert_eq!(
            refusal.to_string(),
            "token_expired: expected `exp` after 1042 less 30 s of leeway, found 1000: 12 s too late"
        );
        let refusal = Refusal::new(Reason::NotYet { claim: "nbf", from: i64::MAX, now: i64::MIN, leeway: 30 });
        assert!(refusal.to_string().contains("days too early"));
    }

    #[test]
    fn spans_are_in_the_unit_a_person_would_use() {
        for (span, words) in
            [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (86_400, "24 h"), (172_800, "2 days")]
        {
            assert_eq!(seconds(span), words);
        }
    }
}
