//! What an ending writes to the revocation feed, for verifiers to know it at once.

use super::session::{EndReason, SessionId};
use super::time::Timestamp;
use super::user::UserId;

/// How far the clocks of the servers of one store are taken to differ at most, in seconds.
const CLOCKS_DIFFER_BY: i64 = 60;

/// An entry of the revocation feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Revocation {
    pub(crate) subject: Subject,
    /// When the last access token that it concerns has expired, and the entry with it.
    pub(crate) forget_at: Timestamp,
}

/// What is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// The tokens of one session (`sid`).
    Session(SessionId),
    /// The tokens of one user (`sub`) with an `iat` before this time.
    User { user: UserId, issued_before: Timestamp },
    /// One token (`jti`).
    Token(String),
    /// Whatever one key has signed (`kid`).
    Key(String),
}

impl Subject {
    /// All tokens of a user, where everything of theirs ends for this reason. The sessions that the store knows are named one
    /// by one besides; this is for tokens that none of them stands behind, as after a restored backup.
    ///
    /// `iat` counts seconds, and the next log-in may come in the same one, at a server whose clock is behind. So whoever may
    /// log in again keeps what is as young as that; whoever is gone for good keeps nothing.
    pub(crate) fn all_of(user: UserId, reason: EndReason, now: Timestamp) -> Self {
        let issued_before = match reason {
            EndReason::UserDeleted => now.plus_seconds(CLOCKS_DIFFER_BY),
            _ => now.minus_seconds(CLOCKS_DIFFER_BY),
        };
        Self::User { user, issued_before }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn whoever_may_come_back_keeps_the_tokens_of_the_next_log_in() {
        let (user, now) = (UserId::new(Uuid::from_u128(1)), Timestamp::from_seconds(1_800_000_000));
        for (reason, before) in [
            (EndReason::LogoutGlobal, -60),
            (EndReason::PasswordChanged, -60),
            (EndReason::UserDisabled, -60),
            (EndReason::Administrator, -60),
            (EndReason::UserDeleted, 60),
        ] {
            let issued_before = now.plus_seconds(before);
            assert_eq!(Subject::all_of(user, reason, now), Subject::User { user, issued_before }, "{reason:?}");
        }
    }
}
