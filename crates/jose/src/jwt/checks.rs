//! What a policy asks of the claims. Each check is one function, and [`ALL`] is their order; verifying runs them until one
//! fails, explaining runs them all.

use super::claims::Claims;
use super::policy::Policy;
use crate::json::Object;
use crate::refusal::{Reason, Refusal, Shown};

/// One check, with its name and how to say what it expects and what it found.
pub(super) struct ClaimCheck {
    pub(super) name: &'static str,
    pub(super) run: fn(&Policy, &Claims<'_>, i64) -> Result<(), Refusal>,
    pub(super) expected: fn(&Policy, i64) -> String,
    pub(super) found: fn(&Claims<'_>) -> String,
}

pub(super) const ALL: [ClaimCheck; 6] = [
    ClaimCheck {
        name: "issuer",
        run: issuer,
        expected: |policy, _| format!("`iss` {}", policy.issuers.shown),
        found: |claims| claims.iss.map_or_else(none, |iss| Shown::quoted(&iss.unescape()).to_string()),
    },
    ClaimCheck {
        name: "audience",
        run: audience,
        expected: |policy, _| match &policy.audience_claim {
            Some(claim) => {
                format!("`aud` {}, or without it `{}` {}", policy.audiences.shown, claim.name, claim.accepted.shown)
            }
            None => format!("`aud` {}", policy.audiences.shown),
        },
        found: |claims| shown_audience(claims).to_string(),
    },
    ClaimCheck {
        name: "expiry",
        run: expiry,
        expected: |policy, now| format!("`exp` after {now} less {} s of leeway", policy.leeway),
        found: |claims| claims.exp.map_or_else(none, |exp| exp.ceil().to_string()),
    },
    ClaimCheck {
        name: "not before",
        run: not_before,
        expected: |policy, now| format!("no `nbf`, or one not after {now} plus {} s of leeway", policy.leeway),
        found: |claims| claims.nbf.map_or_else(none, |nbf| nbf.ceil().to_string()),
    },
    ClaimCheck {
        name: "age",
        run: age,
        expected: |policy, now| match policy.max_age {
            Some(max_age) => format!("`iat` at most {max_age} s before {now}, and {} s of leeway", policy.leeway),
            None => "any `iat`, or none".to_owned(),
        },
        found: |claims| claims.iat.map_or_else(none, |iat| iat.floor().to_string()),
    },
    ClaimCheck {
        name: "required claims",
        run: required,
        expected: |policy, _| {
            if policy.required.is_empty() { "no others".to_owned() } else { policy.required.join(", ") }
        },
        found: |_| "all of them".to_owned(),
    },
];

/// Runs every check in its order.
pub(super) fn run(policy: &Policy, claims: &Claims<'_>, now: i64) -> Result<(), Refusal> {
    issuer(policy, claims, now)?;
    audience(policy, claims, now)?;
    expiry(policy, claims, now)?;
    not_before(policy, claims, now)?;
    age(policy, claims, now)?;
    required(policy, claims, now)
}

fn issuer(policy: &Policy, claims: &Claims<'_>, _: i64) -> Result<(), Refusal> {
    let iss = claims.iss.ok_or_else(|| Refusal::claim_missing("iss"))?.unescape();
    if policy.issuers.contains(&iss) {
        return Ok(());
    }
    Err(Refusal::new(Reason::Issuer { expected: policy.issuers.shown.clone(), found: Shown::quoted(&iss) }))
}

fn audience(policy: &Policy, claims: &Claims<'_>, _: i64) -> Result<(), Refusal> {
    let Some(aud) = claims.aud.as_ref() else { return audience_claim(policy, claims) };
    if aud.iter().any(|audience| policy.audiences.contains(&audience.unescape())) {
        return Ok(());
    }
    let (expected, found) = (policy.audiences.shown.clone(), shown_audience(claims));
    Err(Refusal::new(Reason::Audience { claim: "aud".into(), expected, found }))
}

/// A token without `aud` has to say in another claim whom it is for, and only where the policy names that claim.
fn audience_claim(policy: &Policy, claims: &Claims<'_>) -> Result<(), Refusal> {
    let claim = policy.audience_claim.as_ref().ok_or_else(|| Refusal::claim_missing("aud"))?;
    let object = Object::parse(claims.json).unwrap_or_default();
    let value = object.get(&claim.name).ok_or_else(|| Refusal::claim_missing(&claim.name))?;
    let Some(found) = value.as_str() else {
        return Err(Refusal::claim_malformed(&claim.name, "a string", value.type_name()));
    };
    if claim.accepted.contains(&found) {
        return Ok(());
    }
    let expected = claim.accepted.shown.clone();
    Err(Refusal::new(Reason::Audience { claim: claim.name.clone(), expected, found: Shown::quoted(&found) }))
}

/// Now must be before `exp` (RFC 7519 §4.1.4).
fn expiry(policy: &Policy, claims: &Claims<'_>, now: i64) -> Result<(), Refusal> {
    let exp = claims.exp.ok_or_else(|| Refusal::claim_missing("exp"))?.ceil();
    let leeway = policy.leeway;
    if now.saturating_sub(leeway) < exp { Ok(()) } else { Err(Refusal::new(Reason::Expired { exp, now, leeway })) }
}

/// Now must not be before `nbf` (RFC 7519 §4.1.5).
fn not_before(policy: &Policy, claims: &Claims<'_>, now: i64) -> Result<(), Refusal> {
    claims.nbf.map_or(Ok(()), |nbf| not_after("nbf", nbf.ceil(), policy.leeway, now))
}

/// With a maximum age, `iat` must be there, not older than that, and not in the future.
fn age(policy: &Policy, claims: &Claims<'_>, now: i64) -> Result<(), Refusal> {
    let Some(max_age) = policy.max_age else { return Ok(()) };
    let (iat, leeway) = (claims.iat.ok_or_else(|| Refusal::claim_missing("iat"))?, policy.leeway);
    not_after("iat", iat.ceil(), leeway, now)?;
    if now.saturating_sub(leeway).saturating_sub(max_age) <= iat.floor() {
        return Ok(());
    }
    Err(Refusal::new(Reason::TooOld { iat: iat.floor(), now, max_age, leeway }))
}

fn not_after(claim: &'static str, from: i64, leeway: i64, now: i64) -> Result<(), Refusal> {
    if from <= now.saturating_add(leeway) {
        Ok(())
    } else {
        Err(Refusal::new(Reason::NotYet { claim, from, now, leeway }))
    }
}

fn required(policy: &Policy, claims: &Claims<'_>, _: i64) -> Result<(), Refusal> {
    let missing = claims.missing.and_then(|index| policy.required.get(index));
    missing.map_or(Ok(()), |claim| Err(Refusal::claim_missing(claim)))
}

/// The first few audiences, for people.
fn shown_audience(claims: &Claims<'_>) -> Shown {
    match claims.aud.as_deref() {
        None => Shown::plain("none"),
        Some([]) => Shown::plain("an empty array"),
        Some([only]) => Shown::quoted(&only.unescape()),
        Some(several) => {
            let few: Vec<_> = several.iter().take(4).map(|audience| audience.unescape()).collect();
            Shown::plain(&few.join(", "))
        }
    }
}

fn none() -> String {
    "none".to_owned()
}
