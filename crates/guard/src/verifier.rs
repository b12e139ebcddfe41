//! A token against keys, policy and revocations. The usual path is synchronous and takes no lock.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jotgate_jose::jwt::{self, Policy, RegisteredOnly};
use jotgate_jose::{Code, KeySet, KeySource, Refusal};
use jotgate_wire::{RevocationSet, VerificationCode};

use crate::cache::Cache;
use crate::keys::{IssuerKeys, Lack};
use crate::layer::GuardLayer;
use crate::{Auth, Clock, GuardBuilder, Rejection};

/// Protects an API: verifies tokens of one issuer. Cloning is cheap.
///
/// Build one with [`Guard::builder`]; then either call [`verify`](Self::verify), or put [`layer`](Self::layer) around a service.
#[derive(Debug, Clone)]
pub struct Guard(Arc<Verifier>);

pub(crate) struct Verifier {
    pub(crate) id: VerifierId,
    pub(crate) policy: Policy,
    pub(crate) keys: Keys,
    pub(crate) revocations: Option<Arc<RevocationSet>>,
    pub(crate) clock: Clock,
    pub(crate) cache: Cache,
}

/// Gives the present key set.
pub(crate) type LiveKeys = Box<dyn Fn() -> Arc<KeySet> + Send + Sync>;

/// Where the keys are.
pub(crate) enum Keys {
    /// Given to the builder for good.
    Fixed(Arc<KeySet>),
    /// Given to the builder, and changing as it likes.
    Source(Box<dyn KeySource + Send + Sync>),
    /// Given to the builder, and replaced as a whole when they change.
    Live(LiveKeys),
    /// Fetched from the issuer.
    Issuer(IssuerKeys),
}

/// Tells one guard from another within this process, so that what one verified is not taken for the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct VerifierId(u64);

impl VerifierId {
    pub(crate) fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What came of a look at what is in memory.
pub(crate) enum Attempt {
    Done(Result<Auth, Rejection>),
    /// The keys may come; until then `Rejection` is what there is to say.
    Lacking(Lack, Rejection),
}

impl Guard {
    /// Begins with nothing: issuer and audience have to be given.
    pub fn builder() -> GuardBuilder {
        GuardBuilder::default()
    }

    pub(crate) fn new(verifier: Verifier) -> Self {
        Self(Arc::new(verifier))
    }

    /// Verifies a compact JWT: form, algorithm, signature, times, issuer, audience, type, and that it has not been revoked.
    ///
    /// Nobody is asked on the way. Only when the issuer's keys are not here yet, or the token names one that is not among
    /// them, it waits for them, at most as long as [`GuardBuilder::key_wait`] says.
    ///
    /// # Errors
    /// With the code of the first check that failed.
    pub async fn verify(&self, token: &str) -> Result<Auth, Rejection> {
        match self.0.attempt(token) {
            Attempt::Done(outcome) => outcome,
            Attempt::Lacking(lack, _) => self.0.verify_after(lack, token).await,
        }
    }

    /// A tower layer that lets a request pass only with a good token, and puts its [`Auth`] into the request's extensions.
    #[must_use]
    pub fn layer(&self) -> GuardLayer {
        GuardLayer::required(self.clone())
    }

    /// A tower layer that lets anonymous requests pass too, but refuses a bad token all the same.
    #[must_use]
    pub fn optional(&self) -> GuardLayer {
        GuardLayer::optional(self.clone())
    }

    /// A tower layer that lets a request pass only with a good token that grants `scope`.
    #[must_use]
    pub fn require_scope(&self, scope: impl Into<String>) -> GuardLayer {
        GuardLayer::scoped(self.clone(), scope.into())
    }

    pub(crate) fn verifier(&self) -> &Verifier {
        &self.0
    }
}

impl Verifier {
    /// Verifies with the keys that are in memory.
    pub(crate) fn attempt(&self, token: &str) -> Attempt {
        let now = self.clock.now();
        match &self.keys {
            Keys::Fixed(keys) => Attempt::Done(self.finish(self.check(token, keys, now))),
            Keys::Live(keys) => Attempt::Done(self.finish(self.check(token, &keys(), now))),
            Keys::Source(keys) => Attempt::Done(self.finish(self.check_afresh(token, &**keys, now))),
            Keys::Issuer(keys) => self.attempt_with(keys.snapshot().as_ref(), token, now),
        }
    }

    fn attempt_with(&self, keys: Option<&Arc<KeySet>>, token: &str, now: i64) -> Attempt {
        let Some(keys) = keys else { return Attempt::Lacking(Lack::AnyKeys, no_keys()) };
        match self.check(token, keys, now) {
            Err(refusal) if refusal.code() == Code::KeyUnknown => {
                Attempt::Lacking(Lack::ThisKey, Rejection::refused(refusal))
            }
            outcome => Attempt::Done(self.finish(outcome)),
        }
    }

    /// Waits for the keys that an attempt lacked, and tries once more.
    pub(crate) async fn verify_after(&self, lack: Lack, token: &str) -> Result<Auth, Rejection> {
        if let Keys::Issuer(keys) = &self.keys {
            keys.wait(lack)
                .await
                .map_err(|code| Rejection::token(code, "the issuer's keys do not answer for this token"))?;
        }
        match self.attempt(token) {
            Attempt::Done(outcome) => outcome,
            Attempt::Lacking(_, rejection) => Err(rejection),
        }
    }

    /// Looks for the token among those that passed before, and keeps it when it passes now.
    fn check(&self, token: &str, keys: &Arc<KeySet>, now: i64) -> Result<Auth, Refusal> {
        if let Some(auth) = self.cache.get(token, keys, now) {
            return Ok(auth);
        }
        let auth = self.check_afresh(token, &**keys, now)?;
        self.cache.put(token, keys, now, &auth);
        Ok(auth)
    }

    fn check_afresh(&self, token: &str, keys: &(impl KeySource + ?Sized), now: i64) -> Result<Auth, Refusal> {
        jwt::verify::<RegisteredOnly>(token, keys, &self.policy, now).map(Auth::new)
    }

    /// Revocations come last and every time: only a token that is good in itself is looked up.
    fn finish(&self, outcome: Result<Auth, Refusal>) -> Result<Auth, Rejection> {
        let auth = outcome.map_err(Rejection::refused)?;
        let Some(revocations) = self.revocations.as_ref().filter(|set| !set.is_empty()) else { return Ok(auth) };
        match revocations.check(&auth.facts()?) {
            None => Ok(auth),
            Some(code) => Err(Rejection::token(code, "an entry of the revocations names it")),
        }
    }
}

fn no_keys() -> Rejection {
    Rejection::token(VerificationCode::KeysUnavailable, "no keys of the issuer are here yet")
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("policy", &self.policy).field("keys", &self.keys).finish_non_exhaustive()
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(_) => f.write_str("fixed"),
            Self::Source(_) | Self::Live(_) => f.write_str("given"),
            Self::Issuer(keys) => keys.fmt(f),
        }
    }
}
