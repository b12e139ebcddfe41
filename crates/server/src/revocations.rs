//! Keeps this process's set of ended sessions in step with the store.
//!
//! What this process ends is in the set before the end is answered; what another process on the same store ends follows
//! as soon as its commit is noticed.

use jotgate_wire::{self as wire, Entry};

use crate::app::App;
use crate::domain::revocation::{Revocation, Subject};
use crate::domain::session::SessionId;
use crate::domain::time::Timestamp;
use crate::store::StoreError;
use crate::store::revocations::RevocationsAfter;

/// Entries read at a time.
const PAGE: u32 = 1000;

impl App {
    /// Takes in everything that the store has and the set has not.
    pub(crate) async fn follow_revocations(&self) -> Result<(), StoreError> {
        let mut after = self.inner.revocations.last_seq();
        loop {
            let feed = self.inner.store.read(RevocationsAfter { after, limit: PAGE }).await?;
            let Some(last) = feed.entries.last().map(|entry| entry.sequence) else { break };
            for entry in feed.entries {
                self.inner.revocations.apply(wire_entry(entry.sequence, entry.revocation));
            }
            after = last;
        }
        Ok(())
    }

    /// Takes in sessions that this process has just ended, so that their tokens are refused from now on.
    pub(crate) fn note_ended(&self, sessions: &[SessionId], forget_at: Timestamp) {
        for session in sessions {
            let revocation = Revocation { subject: Subject::Session(*session), forget_at };
            self.inner.revocations.apply(wire_entry(0, revocation));
        }
    }
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
