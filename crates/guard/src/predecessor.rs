//! Tokens of the hand-written application that an issuer takes over from, until a date.
//!
//! They are the predecessor's and never an issuer's: one that names an issuer of the guard is held to that issuer's keys alone.

use std::sync::Arc;
use std::time::Duration;

use jotgate_jose::jwt::{Predecessor, RegisteredOnly};
use tokio::time::sleep;

use crate::metrics::Counters;
use crate::trusted::TrustedIssuer;
use crate::{Auth, Rejection};

/// How often somebody who waits looks again.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// A predecessor as a guard knows it.
pub(crate) struct Old {
    name: Arc<str>,
    predecessor: Predecessor,
    counters: Counters,
}

impl Old {
    pub(crate) fn new(predecessor: Predecessor) -> Self {
        let name: Arc<str> = predecessor.as_issuer().into();
        Self { counters: Counters::new(Arc::clone(&name)), name, predecessor }
    }

    /// Whether the token gives itself out as one of the predecessor and of none of these.
    pub(crate) fn is_meant(&self, token: &str, issuers: &[Arc<TrustedIssuer>]) -> bool {
        self.predecessor.is_meant(token, issuers.iter().map(|issuer| &*issuer.name))
    }

    pub(crate) fn has_issued(&self, auth: &Auth) -> bool {
        *self.name == *auth.issuer()
    }

    /// Verifies a token, and that no issuer says that everything of its subject has ended.
    pub(crate) fn verify(&self, token: &str, issuers: &[Arc<TrustedIssuer>], now: i64) -> Result<Auth, Rejection> {
        let verified = self.predecessor.verify::<RegisteredOnly>(token, now).map_err(Rejection::refused);
        let auth = verified.map(Auth::new);
        match auth.and_then(|auth| check_not_ended(&auth, issuers).map(|()| auth)) {
            Ok(auth) => {
                self.counters.passed();
                Ok(auth)
            }
            Err(rejection) => Err(self.refuse(rejection)),
        }
    }

    pub(crate) fn refuse(&self, rejection: Rejection) -> Rejection {
        self.counters.refused(&rejection);
        rejection.of(&self.name)
    }

    /// Waits until an issuer says that it has ended.
    pub(crate) async fn ended(auth: &Auth, issuers: &[Arc<TrustedIssuer>]) -> Rejection {
        loop {
            if let Err(ended) = check_not_ended(auth, issuers) {
                return ended;
            }
            sleep(BETWEEN_LOOKS).await;
        }
    }
}

/// The predecessor tells nobody what has ended. Whose accounts came over from it does: its subjects are theirs where ids were kept.
fn check_not_ended(auth: &Auth, issuers: &[Arc<TrustedIssuer>]) -> Result<(), Rejection> {
    issuers.iter().try_for_each(|issuer| issuer.check_revocations(auth))
}
