//! Keeps this process's set of ended sessions in step with the store.
//!
//! What ends is in the set before an end is answered, whoever ended it; what another process on the same store ends
//! follows as soon as its commit is noticed.

use jotgate_jose::jwt::Policy;
use jotgate_wire::{self as wire, Entry};

use crate::app::App;
use crate::config::ACCESS_TTL_MAX;
use crate::domain::revocation::{Revocation, Subject};
use crate::domain::time::Timestamp;
use crate::store::revocations::RevocationsAfter;
use crate::store::{Op, StoreError};

/// Entries read at a time.
const PAGE: u32 = 1000;

impl App {
    /// Takes in everything that the store has and the set has not.
    pub(crate) async fn follow_revocations(&self) -> Result<(), StoreError> {
        let mut after = self.inner.revocations.last_seq();
        loop {
            let feed = self.inner.store.read(RevocationsAfter { after, limit: PAGE }).await?;
            let Some(last) = feed.entries.last().map(|entry| entry.sequence) else { break };
            self.inner.status_lists.take_in(&feed.entries);
            for entry in feed.entries {
                self.inner.revocations.apply(wire_entry(entry.sequence, entry.revocation));
            }
            after = last;
        }
        Ok(())
    }

    /// Makes a change that ends something, and takes its entries in before it is answered. Both happen even if the caller
    /// goes away in between: a client that hangs up must not leave an ended session's tokens alive in this process.
    pub(crate) async fn end<O: Op>(&self, op: O) -> Result<O::Output, StoreError> {
        let app = self.clone();
        let ending = tokio::spawn(async move {
            let output = app.inner.store.write(op).await?;
            app.follow_revocations().await?;
            Ok(output)
        });
        ending.await.unwrap_or_else(|_| Err(StoreError::Internal("the change was interrupted".to_owned())))
    }
}

/// When a revocation made now can be forgotten: when no access token can be left that any verifier would take. The bounds
/// count, and not today's settings: yesterday's tokens may live longer, and verifiers have a leeway of their own.
pub(crate) fn forget_at(now: Timestamp) -> Timestamp {
    now.plus_seconds(ACCESS_TTL_MAX.get() + 2 * i64::from(Policy::MAX_LEEWAY))
}

fn wire_entry(seq: u64, revocation: Revocation) -> Entry {
    let subject = match revocation.subject {
        Subject::Session(session) => wire::Subject::Sid(session.to_string()),
        Subject::User { user, issued_before } => {
            wire::Subject::Sub { sub: user.to_string(), issued_before: issued_before.seconds() }
        }
        Subject::Token(jti) => wire::Subject::Jti(jti),
        Subject::Key(kid) => wire::Subject::Kid(kid),
    };
    Entry { seq, subject, forget_at: revocation.forget_at.seconds() }
}
