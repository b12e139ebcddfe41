//! What an ending writes to the revocation feed, for verifiers to know it at once.

use super::{session::SessionId, time::Timestamp, user::UserId};

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
