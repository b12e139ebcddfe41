//! What has ended: this process's set of it, and the feed that verifiers elsewhere follow.
//!
//! What ends is in the set before an end is answered, whoever ended it; what another process on the same store ends
//! follows as soon as its commit is noticed. The feed goes out as signed documents ([`documents`]), on request and to
//! whoever follows the stream ([`live`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jotgate_jose::jwt::Policy;
use jotgate_wire::{self as wire, Entry, RevocationSet};

use crate::app::App;
use crate::config::{ACCESS_TTL_MAX, Revocations as Settings};
use crate::domain::revocation::{Revocation, Subject};
use crate::domain::time::Timestamp;
use crate::status_lists::StatusLists;
use crate::store::revocations::{Feed, RevocationsAfter};
use crate::store::{Op, StoreError};

pub(crate) mod documents;
mod freshness;
pub(crate) mod live;
mod places;

use documents::Documents;
use freshness::Freshness;
use live::Live;

/// Entries read at a time.
const PAGE: u32 = 1000;

/// No epoch is as high.
const UNKNOWN: u64 = u64::MAX;

/// Whether the store is still the one that was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub(crate) enum Course {
    GoesOn,
    /// It was put back to an older state: all of it has to be read anew.
    SetBack,
}

/// What this process knows of what has ended.
#[derive(Debug)]
pub(crate) struct Revocations {
    pub(crate) set: Arc<RevocationSet>,
    /// All up to this number are in the set.
    position: AtomicU64,
    /// The numbering that the position is of.
    epoch: AtomicU64,
    pub(crate) freshness: Freshness,
    documents: Documents,
    pub(crate) live: Live,
    pub(crate) status_lists: StatusLists,
}

impl Revocations {
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            set: Arc::new(RevocationSet::new()),
            position: AtomicU64::new(0),
            epoch: AtomicU64::new(UNKNOWN),
            freshness: Freshness::default(),
            documents: Documents::default(),
            live: Live::new(settings),
            status_lists: StatusLists::default(),
        }
    }

    /// Drops what no living token can matter to any more.
    pub(crate) fn forget(&self, now: Timestamp) {
        self.set.forget(now.seconds());
        self.status_lists.forget(now);
    }

    /// The number up to which everything is known here.
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// The numbering of what is known here.
    fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    /// Takes in what was read after `after`, of which everything up to `after` was known.
    pub(crate) fn take_in(&self, after: u64, feed: &Feed) -> Course {
        let epoch = self.epoch.swap(feed.epoch, Ordering::AcqRel);
        let is_other = epoch != UNKNOWN && epoch != feed.epoch;
        self.status_lists.take_in(&feed.entries);
        for entry in &feed.entries {
            self.set.apply(wire_entry(entry.sequence, &entry.revocation));
        }
        if is_other || feed.head < after {
            tracing::warn!(after, head = feed.head, "the store was set back; what has ended is read anew");
            self.position.store(0, Ordering::Release);
            return Course::SetBack;
        }
        if let Some(last) = feed.entries.last() {
            // Set back meanwhile by somebody else who read, what is before `after` is not known any more.
            let further = |known: u64| (known >= after).then(|| known.max(last.sequence));
            let _ = self.position.fetch_update(Ordering::AcqRel, Ordering::Acquire, further);
        }
        Course::GoesOn
    }
}

impl App {
    /// Takes in everything that the store has and the set has not.
    pub(crate) async fn follow_revocations(&self) -> Result<(), StoreError> {
        let revocations = &self.inner.revocations;
        loop {
            let after = revocations.position();
            let feed = self.inner.store.read(RevocationsAfter { after, limit: PAGE }).await?;
            let course = revocations.take_in(after, &feed);
            if feed.entries.is_empty() && course == Course::GoesOn {
                return Ok(());
            }
        }
    }

    /// Makes a change that ends something, and takes its entries in before it is answered. Both happen even if the caller
    /// goes away in between: a client that hangs up must not leave an ended session's tokens alive in this process.
    pub(crate) async fn end<O: Op>(&self, op: O) -> Result<O::Output, StoreError> {
        self.end_if(op, |_| true).await
    }

    /// The same of a change that seldom ends something; says whether it did.
    pub(crate) async fn end_if<O: Op>(
        &self,
        op: O,
        has_ended: impl Fn(&O::Output) -> bool + Send + 'static,
    ) -> Result<O::Output, StoreError> {
        let app = self.clone();
        let ending = tokio::spawn(async move {
            let output = app.inner.store.write(op).await?;
            if !has_ended(&output) {
                return Ok(output);
            }
            app.inner.revocations.live.something_ended();
            app.follow_revocations().await?;
            Ok(output)
        });
        ending.await.unwrap_or_else(|_| Err(StoreError::Internal("the change was interrupted".to_owned())))
    }
}

/// Seconds after which no access token can be left that was issued before and that any verifier would take. The bounds
/// count, and not today's settings: yesterday's tokens may live longer, and verifiers have a leeway of their own.
pub(crate) const LONGEST_TOKEN: i64 = ACCESS_TTL_MAX.0 as i64 + 2 * Policy::MAX_LEEWAY as i64;

/// When a revocation made now can be forgotten.
pub(crate) fn forget_at(now: Timestamp) -> Timestamp {
    now.plus_seconds(LONGEST_TOKEN)
}

/// When the revocation of one token can be forgotten. No verifier takes it after its own end, and no entry needs to stay
/// longer than any.
pub(crate) fn forget_token_at(expires_at: i64, now: Timestamp) -> Timestamp {
    let expired = Timestamp::from_seconds(expires_at).plus_seconds(2 * i64::from(Policy::MAX_LEEWAY));
    expired.min(forget_at(now))
}

fn wire_entry(seq: u64, revocation: &Revocation) -> Entry {
    let subject = match &revocation.subject {
        Subject::Session(session) => wire::Subject::Sid(session.to_string()),
        Subject::User { user, issued_before } => {
            wire::Subject::Sub { sub: user.to_string(), issued_before: issued_before.seconds() }
        }
        Subject::Token(jti) => wire::Subject::Jti(jti.clone()),
        Subject::Key(kid) => wire::Subject::Kid(kid.clone()),
    };
    Entry { seq, subject, forget_at: revocation.forget_at.seconds() }
}

#[cfg(test)]
mod tests;
