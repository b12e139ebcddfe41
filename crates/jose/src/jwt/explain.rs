//! Every check of a verification in its order, for people who want to know why a token is refused.

use serde::{Serialize, Serializer};

use super::claims::Claims;
use super::policy::Policy;
use super::{checks, verify};
use crate::code::Code;
use crate::json::Members;
use crate::jws::{self, HeaderBuffer, HeaderView, Parts};
use crate::key::KeySource;
use crate::refusal::Refusal;

/// One check: what was expected, what was found, and how it went. It never shows the token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Check {
    /// The name of the check.
    pub name: &'static str,
    /// What the policy expects, in words.
    pub expected: String,
    /// What the token has, in words.
    pub found: String,
    /// How it went.
    pub outcome: Outcome,
    /// The code of the refusal, for a check that failed.
    pub code: Option<Code>,
    /// What to do about it, for a check that failed.
    pub mend: Option<&'static str>,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The token has what is expected.
    Passed,
    /// The token is refused for this.
    Failed,
    /// An earlier check failed, without which this one means nothing.
    NotReached,
}

impl Outcome {
    /// The word for it: `passed`, `failed` or `not reached`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not reached",
        }
    }
}

impl Serialize for Outcome {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Runs every check that [`super::verify()`] runs, and says of each how it went. The token is accepted exactly when none
/// failed.
///
/// Checks of one stage all run even if one fails, so that a person sees all that is wrong; the claims are only looked at once the
/// signature holds.
#[must_use]
pub fn explain(token: &str, keys: &(impl KeySource + ?Sized), policy: &Policy, now: i64) -> Vec<Check> {
    let mut report = Report { checks: Vec::new() };
    let json = if let Some(payload) = explain_envelope(&mut report, token, keys, policy) {
        explain_payload(&mut report, payload)
    } else {
        report.not_reached("claims", EXPECTED_CLAIMS.to_owned());
        None
    };
    let mut claims = Claims::default();
    let read = json.as_deref().is_some_and(|json| claims.read(json, &mut Members::default(), &policy.required).is_ok());
    let claims = read.then_some(&claims);
    for check in &checks::ALL {
        let expected = (check.expected)(policy, now);
        match claims {
            Some(claims) => {
                let result = (check.run)(policy, claims, now);
                report.add(check.name, expected, || (check.found)(claims), result);
            }
            None => report.not_reached(check.name, expected),
        }
    }
    report.checks
}

/// Size, form, header, algorithm, type, key, signature. Returns the encoded payload if all of them passed.
fn explain_envelope<'t>(
    report: &mut Report,
    token: &'t str,
    keys: &(impl KeySource + ?Sized),
    policy: &Policy,
) -> Option<&'t str> {
    let demands = policy.demands();
    let limit = format!("at most {} bytes", demands.max_len);
    let size = report.add("size", limit, || format!("{} bytes", token.len()), jws::check_size(token, demands.max_len));
    let parts = size.and_then(|()| {
        report.add("form", "three parts between two dots".to_owned(), || "three parts".to_owned(), Parts::split(token))
    });
    let mut buffer = HeaderBuffer::new();
    let header = parts.and_then(|parts| {
        let read = HeaderView::decode(parts.header, &mut buffer);
        report.add("header", "a strict JSON object without `crit`".to_owned(), || "such a one".to_owned(), read)
    });
    let (Some(parts), Some(header)) = (parts, header) else { return report.give_up(policy) };
    explain_signature(report, parts, &header, keys, policy).then_some(parts.payload)
}

/// Algorithm, type, key and signature of a header that could be read.
fn explain_signature(
    report: &mut Report,
    parts: Parts<'_>,
    header: &HeaderView<'_>,
    keys: &(impl KeySource + ?Sized),
    policy: &Policy,
) -> bool {
    let demands = policy.demands();
    let algorithm = jws::check_algorithm(header, demands.algorithms);
    let algorithm = report.add("algorithm", expected_algorithm(policy), || header.alg.to_string(), algorithm);
    let typ = demands.typ.map_or(Ok(()), |expected| expected.check(header.typ.as_deref()));
    let typ = report.add("type", expected_type(policy), || header.typ.as_deref().unwrap_or("none").to_owned(), typ);
    let Some(algorithm) = algorithm else {
        report.not_reached("key", EXPECTED_KEY.to_owned());
        report.not_reached("signature", EXPECTED_SIGNATURE.to_owned());
        return false;
    };
    let kid = || header.kid.as_deref().map_or("no `kid`, and one key that fits".to_owned(), |kid| format!("{kid:?}"));
    let key = report.add("key", EXPECTED_KEY.to_owned(), kid, jws::find_key(header, algorithm, keys));
    let Some(key) = key else {
        report.not_reached("signature", EXPECTED_SIGNATURE.to_owned());
        return false;
    };
    let checked = jws::check_signature(&key, algorithm, parts.signed.as_bytes(), parts.signature);
    let signature = report.add("signature", EXPECTED_SIGNATURE.to_owned(), || "its signature".to_owned(), checked);
    signature.and(typ).is_some()
}

const EXPECTED_KEY: &str = "a key that the token names and that is for its algorithm";
const EXPECTED_SIGNATURE: &str = "a signature by that key";
const EXPECTED_CLAIMS: &str = "a strict JSON object with well-formed registered claims";

fn expected_algorithm(policy: &Policy) -> String {
    format!("`alg` one of {}", policy.algorithms)
}

fn expected_type(policy: &Policy) -> String {
    policy.typ.as_ref().map_or_else(|| "any `typ`, or none".to_owned(), |typ| format!("`typ` {}", typ.shown))
}

/// The payload as text, if its claims can be read.
fn explain_payload(report: &mut Report, encoded: &str) -> Option<String> {
    let read = verify::payload(encoded, Vec::new())
        .and_then(|bytes| String::from_utf8(bytes).map_err(|_| verify::not_utf8()))
        .and_then(|json| read_claims(&json).map(|()| json));
    report.add("claims", EXPECTED_CLAIMS.to_owned(), || "such a one".to_owned(), read)
}

fn read_claims(json: &str) -> Result<(), Refusal> {
    Claims::default().read(json, &mut Members::default(), &[])
}

struct Report {
    checks: Vec<Check>,
}

impl Report {
    /// Notes how a check went, and passes its value on.
    fn add<T>(
        &mut self,
        name: &'static str,
        expected: String,
        found: impl FnOnce() -> String,
        result: Result<T, Refusal>,
    ) -> Option<T> {
        let (found, outcome, code, value) = match result {
            Ok(value) => (found(), Outcome::Passed, None, Some(value)),
            Err(refusal) => (refusal.found(), Outcome::Failed, Some(refusal.code()), None),
        };
        self.checks.push(Check { name, expected, found, outcome, code, mend: code.map(mend) });
        value
    }

    /// Notes all that would have followed the header.
    fn give_up<T>(&mut self, policy: &Policy) -> Option<T> {
        for name in ["form", "header"] {
            if !self.checks.iter().any(|check| check.name == name) {
                self.not_reached(name, "a well-formed token".to_owned());
            }
        }
        self.not_reached("algorithm", expected_algorithm(policy));
        self.not_reached("type", expected_type(policy));
        self.not_reached("key", EXPECTED_KEY.to_owned());
        self.not_reached("signature", EXPECTED_SIGNATURE.to_owned());
        None
    }

    fn not_reached(&mut self, name: &'static str, expected: String) {
        let check =
            Check { name, expected, found: String::new(), outcome: Outcome::NotReached, code: None, mend: None };
        self.checks.push(check);
    }
}

/// What a person can do about a refusal.
const fn mend(code: Code) -> &'static str {
    match code {
        Code::TokenTooLarge => "put less into the token, or raise the limit of the policy",
        Code::TokenMalformed => "check that the whole token was passed on, unchanged and without quotes or white space",
        Code::HeaderUnsupported => "have the issuer leave out `crit` and `b64`: they change what the rest means",
        Code::AlgorithmNotAllowed => {
            "allow the algorithm in the policy if it is meant, or have the issuer sign with one that is"
        }
        Code::TypeMismatch => {
            "check that this is the right kind of token: an ID token, for example, is no access token"
        }
        Code::KeyUnknown => "get the issuer's current keys: it may have rotated them, or the token is another issuer's",
        Code::SignatureInvalid => "check that the keys are this issuer's and that nothing changed the token on its way",
        Code::ClaimMalformed => "have the issuer write the claim as its specification says",
        Code::ClaimMissing => "have the issuer add the claim, or do not require it",
        Code::IssuerMismatch => "compare the issuer letter by letter, a slash at the end included",
        Code::AudienceMismatch => "ask the issuer for a token for this audience, or correct the audience of the policy",
        Code::TokenExpired => "get a new token; if it is new, compare the clocks",
        Code::TokenNotYetValid => "compare the clocks of issuer and verifier",
    }
}
