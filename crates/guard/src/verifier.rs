//! A token against the issuers that are trusted. The usual path is synchronous and takes no lock.
//!
//! - What a token claims of its issuer chooses among those that were configured, and never an address.
//! - Whatever is chosen, the keys and the policy are that issuer's, and the policy checks `iss` once more: a key of one issuer
//!   never verifies a token that names another.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::Request;
use jotgate_jose::jwt::Policy;
use jotgate_jose::{KeySet, danger};
use jotgate_wire::{REFRESH_TOKEN_PREFIX, VerificationCode};
use tokio::time::Instant;

use crate::cache::Cache;
use crate::clock::monotonic;
use crate::cookie::Cookies;
use crate::keys::Lack;
use crate::layer::GuardLayer;
use crate::metrics::Counters;
use crate::predecessor::Old;
use crate::status::List;
use crate::trusted::{Keys, TrustedIssuer, Unfinished};
use crate::{Auth, Clock, GuardBuilder, Rejection, Stale, bearer};

/// Protects an API: verifies tokens of the issuers that it trusts. Cloning is cheap.
///
/// Build one with [`Guard::builder`]; then either call [`verify`](Self::verify), or put [`layer`](Self::layer) around a service.
#[derive(Debug, Clone)]
pub struct Guard(Arc<Verifier>);

pub(crate) struct Verifier {
    pub(crate) id: VerifierId,
    /// At least one.
    issuers: Box<[Arc<TrustedIssuer>]>,
    /// What the issuers take over from, if anything.
    predecessor: Option<Old>,
    /// Whose pages may send a token in a cookie, if anybody's.
    cookies: Option<Cookies>,
    clock: Clock,
    cache: Cache,
    /// What is counted of requests that are no trusted issuer's.
    strangers: Counters,
    stale: Stale,
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
    /// Something may come; until then this is what there is to say.
    Lacking(Missing, Result<Auth, Rejection>),
}

/// What may come, and whose it is.
pub(crate) struct Missing {
    issuer: Arc<TrustedIssuer>,
    what: What,
}

enum What {
    Keys(Lack),
    List(Arc<List>),
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
    /// them, or a status list that no token has named before, it waits for them, at most as long as
    /// [`GuardBuilder::key_wait`] says.
    ///
    /// # Errors
    /// With the code of the first check that failed.
    pub async fn verify(&self, token: &str) -> Result<Auth, Rejection> {
        let auth = match self.0.attempt(token) {
            Attempt::Done(outcome) => outcome?,
            Attempt::Lacking(missing, _) => self.0.verify_after(missing, token).await?,
        };
        self.0.check_fresh(&auth, self.0.stale).map(|()| auth)
    }

    /// Waits until what a token stands for has ended, and says how: for connections that outlive the request that opened them.
    ///
    /// A token that expires has not ended by that; the caller has [`Auth::expires_at`].
    pub async fn ended(&self, auth: &Auth) -> Rejection {
        match self.0.issuer_of(auth) {
            Some(issuer) => issuer.ended(auth, &self.0.clock).await,
            None if self.0.old_issuer_of(auth).is_some() => Old::ended(auth, &self.0.issuers).await,
            None => Rejection::other_issuer(auth.issuer()),
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

impl Attempt {
    fn refused(rejection: Rejection) -> Self {
        Self::Done(Err(rejection))
    }
}

impl Verifier {
    pub(crate) fn new(id: VerifierId, issuers: Vec<TrustedIssuer>, clock: Clock, cache: Cache, stale: Stale) -> Self {
        let (issuers, strangers) = (issuers.into_iter().map(Arc::new).collect(), Counters::of_none());
        Self { id, issuers, predecessor: None, cookies: None, clock, cache, strangers, stale }
    }

    pub(crate) fn with_predecessor(self, predecessor: Option<Old>) -> Self {
        Self { predecessor, ..self }
    }

    pub(crate) fn with_cookies(self, cookies: Option<Cookies>) -> Self {
        Self { cookies, ..self }
    }

    /// The one token of a request: that of its header, else that of its cookie, where cookies count.
    pub(crate) fn token_of<'a, B>(&self, request: &'a Request<B>) -> Result<Option<&'a str>, Rejection> {
        match (bearer::token(request.headers(), request.uri())?, &self.cookies) {
            (None, Some(cookies)) => cookies.token(request),
            (token, _) => Ok(token),
        }
    }

    /// Verifies with what is in memory. A token that passed before is looked for first, whoever issued it.
    pub(crate) fn attempt(&self, token: &str) -> Attempt {
        let now = self.clock.now();
        if let Some(attempt) = self.cache.get(token, now, |issuer, auth| remember(issuer, auth, now)) {
            return attempt;
        }
        if token.starts_with(REFRESH_TOKEN_PREFIX) {
            let why = "a refresh token, which only the server that gave it takes";
            return Attempt::Done(Err(self.refuse(Rejection::token(VerificationCode::TypeMismatch, why))));
        }
        if let Some(old) = self.predecessor.as_ref().filter(|old| old.is_meant(token, &self.issuers)) {
            return Attempt::Done(old.verify(token, &self.issuers, now));
        }
        match self.choose(token) {
            Ok(issuer) => match self.attempt_with(issuer, token, now) {
                Attempt::Done(outcome) => Attempt::Done(self.note(issuer, outcome)),
                lacking @ Attempt::Lacking(..) => lacking,
            },
            Err(rejection) => Attempt::Done(Err(self.refuse(rejection))),
        }
    }

    /// Counts what came of a token of this issuer, unless it is found to be another's.
    fn note(&self, issuer: &TrustedIssuer, outcome: Result<Auth, Rejection>) -> Result<Auth, Rejection> {
        match outcome {
            Ok(auth) => {
                issuer.counters.passed();
                Ok(auth)
            }
            Err(rejection) if rejection.verification_code() == Some(VerificationCode::IssuerMismatch) => {
                Err(self.refuse(rejection))
            }
            Err(rejection) => Err(refuse_of(issuer, rejection)),
        }
    }

    /// Counts a request that is refused and is no trusted issuer's.
    pub(crate) fn refuse(&self, rejection: Rejection) -> Rejection {
        self.strangers.refused(&rejection);
        rejection
    }

    /// Counts a request that is refused although its token passed.
    pub(crate) fn refuse_scope(&self, auth: &Auth, scope: &str) -> Rejection {
        let rejection = Rejection::scope(scope);
        match self.issuer_of(auth) {
            Some(issuer) => refuse_of(issuer, rejection),
            None => self.refuse(rejection),
        }
    }

    fn issuer_of(&self, auth: &Auth) -> Option<&Arc<TrustedIssuer>> {
        self.issuers.iter().find(|issuer| *issuer.name == *auth.issuer())
    }

    fn old_issuer_of(&self, auth: &Auth) -> Option<&Old> {
        self.predecessor.as_ref().filter(|old| old.has_issued(auth))
    }

    /// The issuer whose token this has to be: the only one, or the one that it names.
    fn choose(&self, token: &str) -> Result<&Arc<TrustedIssuer>, Rejection> {
        match &*self.issuers {
            [only] => Ok(only),
            _ => self.named_by(token),
        }
    }

    fn named_by(&self, token: &str) -> Result<&Arc<TrustedIssuer>, Rejection> {
        let name = danger::issuer(token, Policy::DEFAULT_MAX_TOKEN_BYTES).map_err(Rejection::refused)?;
        let named = self.issuers.iter().find(|issuer| *issuer.name == *name);
        named.ok_or_else(|| Rejection::other_issuer(&name))
    }

    fn attempt_with(&self, issuer: &Arc<TrustedIssuer>, token: &str, now: i64) -> Attempt {
        match &*issuer.keys {
            Keys::Fixed(keys) => self.verify_with(issuer, keys, token, now),
            Keys::Live(current) => self.verify_with(issuer, &current(), token, now),
            Keys::Source(source) => {
                issuer.check(token, &**source, now).map_or_else(Attempt::refused, |auth| finish(issuer, &auth, now))
            }
            Keys::Issuer(keys) => match keys.snapshot().as_ref() {
                None => self.lacking(issuer, Lack::AnyKeys, no_keys(), token),
                Some(keys) => match self.verify_with(issuer, keys, token, now) {
                    Attempt::Done(Err(rejection))
                        if rejection.verification_code() == Some(VerificationCode::KeyUnknown) =>
                    {
                        self.lacking(issuer, Lack::ThisKey, rejection, token)
                    }
                    attempt => attempt,
                },
            },
        }
    }

    /// Only a token that names this very issuer is worth waiting or asking for.
    fn lacking(&self, issuer: &Arc<TrustedIssuer>, lack: Lack, rejection: Rejection, token: &str) -> Attempt {
        match self.named_by(token) {
            Ok(_) => Attempt::Lacking(Missing { issuer: Arc::clone(issuer), what: What::Keys(lack) }, Err(rejection)),
            Err(other) => Attempt::Done(Err(other)),
        }
    }

    /// Waits for what an attempt lacked, and tries once more: first the keys, and then the list, which only a token that they verify
    /// leads to.
    pub(crate) async fn verify_after(&self, missing: Missing, token: &str) -> Result<Auth, Rejection> {
        let Missing { issuer, mut what } = missing;
        let until = monotonic() + issuer.longest_wait;
        let outcome = loop {
            if let Err(rejection) = wait_for(&issuer, &what, until).await {
                break Err(rejection);
            }
            match (self.attempt_with(&issuer, token, self.clock.now()), &what) {
                (Attempt::Lacking(Missing { what: list @ What::List(_), .. }, _), What::Keys(_)) => what = list,
                (Attempt::Done(outcome) | Attempt::Lacking(_, outcome), _) => break outcome,
            }
        };
        self.note(&issuer, outcome)
    }

    /// Refuses a token of whose issuer it is not known what has ended, where that is the policy.
    pub(crate) fn check_fresh(&self, auth: &Auth, policy: Stale) -> Result<(), Rejection> {
        if policy == Stale::Accept {
            return Ok(());
        }
        let issuer = self.issuer_of(auth);
        if issuer.is_some_and(|issuer| !issuer.is_stale(auth, self.clock.now())) {
            return Ok(());
        }
        if let Some(old) = self.old_issuer_of(auth) {
            let why = "nobody says which tokens of the predecessor have ended";
            return Err(old.refuse(Rejection::token(VerificationCode::RevocationsStale, why)));
        }
        let why = "nothing was heard of the issuer's feed for too long, or its status list cannot be had";
        let rejection = Rejection::token(VerificationCode::RevocationsStale, why);
        Err(match issuer {
            Some(issuer) => refuse_of(issuer, rejection),
            None => self.refuse(rejection),
        })
    }

    pub(crate) fn stale(&self) -> Stale {
        self.stale
    }

    /// Verifies with one set of keys, and remembers a token that passes.
    fn verify_with(&self, issuer: &Arc<TrustedIssuer>, keys: &Arc<KeySet>, token: &str, now: i64) -> Attempt {
        match issuer.check(token, &**keys, now) {
            Ok(auth) => {
                self.cache.put(token, issuer, keys, now, &auth);
                finish(issuer, &auth, now)
            }
            Err(rejection) => Attempt::refused(rejection),
        }
    }
}

/// A token that passed before.
fn remember(issuer: &Arc<TrustedIssuer>, auth: &Auth, now: i64) -> Attempt {
    issuer.counters.remembered();
    match finish(issuer, auth, now) {
        Attempt::Done(Ok(auth)) => {
            issuer.counters.passed();
            Attempt::Done(Ok(auth))
        }
        Attempt::Done(Err(rejection)) => Attempt::refused(refuse_of(issuer, rejection)),
        lacking @ Attempt::Lacking(..) => lacking,
    }
}

fn refuse_of(issuer: &TrustedIssuer, rejection: Rejection) -> Rejection {
    issuer.counters.refused(&rejection);
    rejection.of(&issuer.name)
}

/// What is asked of a token each time, remembered or not.
fn finish(issuer: &Arc<TrustedIssuer>, auth: &Auth, now: i64) -> Attempt {
    match issuer.check_not_ended(auth, now) {
        Ok(()) => Attempt::Done(Ok(auth.clone())),
        Err(Unfinished::Refused(rejection)) => Attempt::refused(rejection),
        Err(Unfinished::Coming(list, until_then)) => {
            let missing = Missing { issuer: Arc::clone(issuer), what: What::List(list) };
            Attempt::Lacking(missing, until_then.map(|()| auth.clone()))
        }
    }
}

/// Waits for keys or for a list, at most until then.
async fn wait_for(issuer: &TrustedIssuer, what: &What, until: Instant) -> Result<(), Rejection> {
    match (what, &*issuer.keys) {
        (What::Keys(lack), Keys::Issuer(keys)) => {
            let waited = keys.wait(*lack).await;
            // Only what was fetched for is worth more of a wait: made-up keys must not heap up before a silent feed.
            waited.map_err(|code| Rejection::token(code, "the issuer's keys do not answer for this token"))?;
            issuer.until_followed(until.duration_since(monotonic())).await;
            Ok(())
        }
        (What::Keys(_), _) => Ok(()),
        (What::List(list), _) => {
            if let Some(lists) = &issuer.lists {
                lists.wait(list, until).await;
            }
            Ok(())
        }
    }
}

fn no_keys() -> Rejection {
    Rejection::token(VerificationCode::KeysUnavailable, "no keys of the issuer are here")
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier").field("issuers", &self.issuers).finish_non_exhaustive()
    }
}
