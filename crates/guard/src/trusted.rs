//! One issuer as a guard knows it: a token against its keys, its policy and its revocations.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jotgate_jose::jwt::{self, Policy, RegisteredOnly};
use jotgate_jose::{Code, KeySet, KeySource, Refusal, danger};
use jotgate_wire::{RevocationSet, StatusList, TokenFacts, VerificationCode};
use tokio::time::sleep;

use crate::feed::Feed;
use crate::keys::{IssuerKeys, Lack};
use crate::metrics::Counters;
use crate::status::{List, Standing, StatusLists};
use crate::{Auth, Clock, Rejection, Stale};

/// How often somebody who waits looks at a set that does not tell when it changes.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// An issuer whose tokens are accepted, with everything that only its own tokens are held to.
pub(crate) struct TrustedIssuer {
    pub(crate) name: Arc<str>,
    pub(crate) policy: Policy,
    pub(crate) type_claim: Option<ClaimValue>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) ended: Ended,
    pub(crate) lists: Option<StatusLists>,
    /// The longest that a request waits for anything of this issuer.
    pub(crate) longest_wait: Duration,
    pub(crate) counters: Counters,
}

/// Where it is known from what has ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// Nobody says.
    Unknown,
    /// Given to the builder: a server in the same process says.
    Shared(Arc<RevocationSet>),
    /// The issuer's feed says.
    Feed(Feed),
}

/// Why a token that is good in itself does not pass.
pub(crate) enum Unfinished {
    Refused(Rejection),
    /// Its status list is fetched for the first time; until it is here, this is what there is to say.
    Coming(Arc<List>, Result<(), Rejection>),
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

    /// Gives the keys as they are now to somebody who verifies with them.
    pub(crate) fn with<T>(&self, verify: impl FnOnce(&dyn KeySource) -> T) -> T {
        match self {
            Self::Fixed(keys) => verify(&**keys),
            Self::Live(current) => verify(&*current()),
            Self::Source(source) => verify(&**source),
            Self::Issuer(issuer) => match issuer.snapshot().as_ref() {
                Some(keys) => verify(&**keys),
                None => verify(&KeySet::default()),
            },
        }
    }

    /// Waits for newer keys as a token with an unknown one does, and so within the same cool-down.
    pub(crate) async fn look_for_newer(&self) {
        if let Self::Issuer(keys) = self {
            // However it ends, the caller looks at the keys that are here then.
            let _ = keys.wait(Lack::ThisKey).await;
        }
    }

    /// Looks for newer keys, where they can be looked for.
    pub(crate) async fn renew(&self) {
        if let Self::Issuer(keys) = self {
            keys.renew().await;
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
        let revoked = |ended: &RevocationSet| {
            let header = danger::decode(token).ok()?.header;
            let kid = header.get("kid").and_then(|kid| kid.as_str());
            ended.check(&TokenFacts { kid, ..TokenFacts::default() })
        };
        let code = if is_unknown { self.look_up(revoked) } else { None };
        match code {
            Some(code) => Rejection::token(code, "its key was revoked"),
            None => Rejection::refused(refusal),
        }
    }

    /// Revocations and status lists come last and every time: only a token that is good in itself is looked up.
    ///
    /// # Errors
    /// When the token has ended, or nobody can say whether it has and that is refused. A list that is fetched for the first time
    /// comes with what there is to say until it is here.
    pub(crate) fn check_not_ended(&self, auth: &Auth, now: i64) -> Result<(), Unfinished> {
        self.check_revocations(auth).map_err(Unfinished::Refused)?;
        let Some(lists) = self.lists() else { return Ok(()) };
        let unknown = || match lists.policy {
            Stale::Accept => Ok(()),
            Stale::Refuse => Err(no_status()),
        };
        match standing(lists, auth, now).map_err(Unfinished::Refused)? {
            Standing::Valid => Ok(()),
            Standing::TakenBack(status) => Err(Unfinished::Refused(taken_back(status))),
            Standing::Unknown => unknown().map_err(Unfinished::Refused),
            Standing::Coming(list) => Err(Unfinished::Coming(list, unknown())),
        }
    }

    /// The status lists, where nothing else says what has ended, or they are read in any case.
    fn lists(&self) -> Option<&StatusLists> {
        self.lists.as_ref().filter(|lists| lists.always || !self.ended.is_followed())
    }

    pub(crate) fn check_revocations(&self, auth: &Auth) -> Result<(), Rejection> {
        let facts_checked = |ended: &RevocationSet| match auth.facts().map(|facts| ended.check(&facts)) {
            Ok(None) => None,
            Ok(Some(code)) => Some(Rejection::token(code, "an entry of the revocations names it")),
            Err(rejection) => Some(rejection),
        };
        self.look_up(facts_checked).map_or(Ok(()), Err)
    }

    /// Asks what has ended, where anything has.
    fn look_up<T>(&self, ask: impl FnOnce(&RevocationSet) -> Option<T>) -> Option<T> {
        let ask = |set: &RevocationSet| if set.is_empty() { None } else { ask(set) };
        match &self.ended {
            Ended::Unknown => None,
            Ended::Shared(set) => ask(set),
            Ended::Feed(feed) => ask(&feed.set()),
        }
    }

    /// Waits until it is known what has ended, so that the first token after a start is held against it; at most so long.
    pub(crate) async fn until_followed(&self, longest: Duration) {
        if let Ended::Feed(feed) = &self.ended {
            feed.wait_for_first(longest).await;
        }
    }

    /// Waits until a token of this issuer has ended. That nobody can say whether it has does not end it.
    pub(crate) async fn ended(&self, auth: &Auth, clock: &Clock) -> Rejection {
        let mut heard = match &self.ended {
            Ended::Feed(feed) => Some(feed.heard()),
            Ended::Unknown | Ended::Shared(_) => None,
        };
        loop {
            if let Err(ended) = self.check_revocations(auth) {
                return ended;
            }
            let standing = self.lists().map(|lists| standing(lists, auth, clock.now()));
            match standing {
                Some(Err(malformed)) => return malformed,
                Some(Ok(Standing::TakenBack(status))) => return taken_back(status),
                Some(Ok(_)) | None => {}
            }
            let told = match &mut heard {
                // A list tells nobody when it changes.
                Some(heard) if self.lists().is_none() => heard.changed().await.is_ok(),
                Some(_) | None => false,
            };
            if !told {
                sleep(BETWEEN_LOOKS).await;
            }
        }
    }

    /// Whether too little is known of what has ended, for this token.
    pub(crate) fn is_stale(&self, auth: &Auth, now: i64) -> bool {
        let nothing_heard = match &self.ended {
            Ended::Unknown | Ended::Shared(_) => false,
            Ended::Feed(feed) => feed.is_stale(now),
        };
        let is_known = |lists| matches!(standing(lists, auth, now), Ok(Standing::Valid | Standing::TakenBack(_)));
        nothing_heard || !self.lists().is_none_or(is_known)
    }
}

impl Ended {
    /// Whether it is learnt what has ended. An issuer that is not known to have a feed counts as one that has none.
    fn is_followed(&self) -> bool {
        match self {
            Self::Unknown => false,
            Self::Shared(_) => true,
            Self::Feed(feed) => feed.is_found(),
        }
    }
}

/// What a status list says of a token; of one that names none there is nothing to say.
fn standing(lists: &StatusLists, auth: &Auth, now: i64) -> Result<Standing, Rejection> {
    auth.status()?.map_or(Ok(Standing::Valid), |place| lists.standing(place, now))
}

/// Every status but 0 is a token taken back: for good, for the time being, or in a way of the issuer's own (draft §7.1).
fn taken_back(status: u8) -> Rejection {
    let found: Cow<'static, str> = match status {
        StatusList::INVALID => "its status list says INVALID".into(),
        StatusList::SUSPENDED => "its status list says SUSPENDED".into(),
        other => format!("its status list says {other:#04x}").into(),
    };
    Rejection::token(VerificationCode::TokenRevoked, found)
}

fn no_status() -> Rejection {
    Rejection::token(
        VerificationCode::RevocationsStale,
        "its status list cannot be had, or does not say anything of it",
    )
}

impl fmt::Debug for TrustedIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut issuer = f.debug_struct("TrustedIssuer");
        issuer.field("policy", &self.policy).field("keys", &self.keys).field("ended", &self.ended);
        issuer.finish_non_exhaustive()
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
