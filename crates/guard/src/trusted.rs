//! One issuer as a guard knows it: a token against its keys, its policy and its revocations.

use std::fmt;
use std::sync::Arc;

use jotgate_jose::jwt::{self, Policy, RegisteredOnly};
use jotgate_jose::{Code, KeySet, KeySource, Refusal, danger};
use jotgate_wire::{RevocationSet, TokenFacts, VerificationCode};

use crate::keys::IssuerKeys;
use crate::metrics::Counters;
use crate::{Auth, Rejection};

/// An issuer whose tokens are accepted, with everything that only its own tokens are held to.
pub(crate) struct TrustedIssuer {
    pub(crate) name: Arc<str>,
    pub(crate) policy: Policy,
    pub(crate) type_claim: Option<ClaimValue>,
    pub(crate) keys: Keys,
    pub(crate) revocations: Option<Arc<RevocationSet>>,
    pub(crate) counters: Counters,
}

/// A claim that has to have a value.
#[derive(Debug)]
pub(crate) struct ClaimValue {
    pub(crate) claim: String,
    pub(crate) value: String,
}

/// Where the keys are.
pub(crate) enum Keys {
    /// Given to the builder for good.
    Fixed(Arc<KeySet>),
    /// Given to the builder, and changing as whole sets.
    Live(Box<dyn Fn() -> Arc<KeySet> + Send + Sync>),
    /// Given to the builder, and changing as it likes.
    Source(Box<dyn KeySource + Send + Sync>),
    /// Fetched from the issuer.
    Issuer(IssuerKeys),
}

impl Keys {
    /// Whether what was verified with this set would be verified with the same one now.
    pub(crate) fn are_still(&self, keys: &Arc<KeySet>) -> bool {
        match self {
            Self::Fixed(current) => Arc::ptr_eq(current, keys),
            Self::Live(current) => Arc::ptr_eq(&current(), keys),
            Self::Source(_) => false,
            Self::Issuer(issuer) => issuer.snapshot().as_ref().is_some_and(|current| Arc::ptr_eq(current, keys)),
        }
    }
}

impl TrustedIssuer {
    /// Everything that stays true of a token as long as its keys do, up to its expiry.
    pub(crate) fn check(&self, token: &str, keys: &(impl KeySource + ?Sized), now: i64) -> Result<Auth, Rejection> {
        let verified = jwt::verify::<RegisteredOnly>(token, keys, &self.policy, now);
        let verified = verified.map_err(|refusal| self.refused(refusal, token))?;
        if let Some(ClaimValue { claim, value }) = &self.type_claim {
            let found = verified.registered().get::<String>(claim);
            if found.map_err(Rejection::refused)?.as_deref() != Some(value) {
                return Err(Rejection::token(
                    VerificationCode::TypeMismatch,
                    "another kind of token, by the claim that tells them apart",
                ));
            }
        }
        Ok(Auth::new(verified))
    }

    /// A revoked key has left the key set, so its tokens fail for want of a key; that it was revoked is the better word, and no
    /// reason to fetch. Nobody has verified the `kid` here, and it chooses between two refusals only.
    fn refused(&self, refusal: Refusal, token: &str) -> Rejection {
        let is_unknown = refusal.code() == Code::KeyUnknown;
        let revocations = self.revocations.as_ref().filter(|set| is_unknown && !set.is_empty());
        let code = revocations.and_then(|revocations| {
            let header = danger::decode(token).ok()?.header;
            let kid = header.get("kid").and_then(|kid| kid.as_str());
            revocations.check(&TokenFacts { kid, ..TokenFacts::default() })
        });
        match code {
            Some(code) => Rejection::token(code, "its key was revoked"),
            None => Rejection::refused(refusal),
        }
    }

    /// Revocations come last and every time: only a token that is good in itself is looked up.
    pub(crate) fn check_not_ended(&self, auth: &Auth) -> Result<(), Rejection> {
        let Some(revocations) = self.revocations.as_ref().filter(|set| !set.is_empty()) else { return Ok(()) };
        match revocations.check(&auth.facts()?) {
            None => Ok(()),
            Some(code) => Err(Rejection::token(code, "an entry of the revocations names it")),
        }
    }
}

impl fmt::Debug for TrustedIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedIssuer").field("policy", &self.policy).field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(_) => f.write_str("fixed"),
            Self::Live(_) => f.write_str("live"),
            Self::Source(_) => f.write_str("given"),
            Self::Issuer(keys) => keys.fmt(f),
        }
    }
}
