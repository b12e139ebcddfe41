//! A session: what begins with a log-in, lives on by refreshing, and ends once.

use super::{id::id, time::Timestamp, user::UserId};

id!(
    /// Identifies a session; the `sid` of access tokens.
    SessionId
);

/// One log-in of one person on one device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// The id, which is the `sid` of the tokens.
    pub id: SessionId,
    /// Whose it is.
    pub user_id: UserId,
    /// The client that opened it.
    pub client_id: String,
    /// Counts the rotations; the refresh token of this generation is the current one.
    pub generation: u64,
    /// What was granted, as the space-separated list of RFC 6749 §3.3.
    pub scope: String,
    /// What the person calls the device.
    pub device: Option<String>,
    /// The network address last seen.
    pub address: Option<String>,
    /// The `User-Agent` last seen.
    pub user_agent: Option<String>,
    /// When the person logged in.
    pub created_at: Timestamp,
    /// When the current generation began.
    pub rotated_at: Timestamp,
    /// When it was opened or last refreshed.
    pub last_used_at: Timestamp,
    /// The absolute end, whatever the use.
    pub expires_at: Timestamp,
    /// Seconds without use after which the session is over.
    pub idle_for: u32,
    /// How it ended before its time, if it did.
    pub ended: Option<Ended>,
}

impl Session {
    /// The time at which the session is over unless it is used again: its idle end, or the absolute one if that is sooner.
    #[must_use]
    pub fn refresh_until(&self) -> Timestamp {
        self.last_used_at.plus_seconds(i64::from(self.idle_for)).min(self.expires_at)
    }

    /// Whether the session has run out at this time, by its idle limit or its absolute end.
    #[must_use]
    pub fn has_expired(&self, now: Timestamp) -> bool {
        now >= self.refresh_until()
    }

    /// Whether the session can still be refreshed at this time, as far as the session itself goes.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.ended.is_none() && !self.has_expired(now)
    }
}

/// When and why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: EndReason,
}

/// Why a session ended. The names are stored and logged: they are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// The person logged out here.
    Logout,
    /// The person logged out everywhere else.
    LogoutOthers,
    /// The person logged out everywhere.
    LogoutGlobal,
    /// The password was changed in another session.
    PasswordChanged,
    /// The password was set anew by a link in a mail.
    PasswordReset,
    /// An old refresh token was used again: it may have been stolen.
    Reuse,
    /// The person had more sessions than are allowed, and this was the least recently used.
    TooManySessions,
    /// The account was disabled.
    UserDisabled,
    /// The account was deleted.
    UserDeleted,
    /// Ended by an operator.
    Administrator,
}

impl EndReason {
    /// Every reason, for looking a name up.
    const ALL: [Self; 10] = [
        Self::Logout,
        Self::LogoutOthers,
        Self::LogoutGlobal,
        Self::PasswordChanged,
        Self::PasswordReset,
        Self::Reuse,
        Self::TooManySessions,
        Self::UserDisabled,
        Self::UserDeleted,
        Self::Administrator,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::LogoutOthers => "logout_others",
            Self::LogoutGlobal => "logout_global",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::Reuse => "reuse",
            Self::TooManySessions => "too_many_sessions",
            Self::UserDisabled => "user_disabled",
            Self::UserDeleted => "user_deleted",
            Self::Administrator => "administrator",
        }
    }

    /// The reason of this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

#[cfg(test)]
pub(crate) mod sample {
    use uuid::Uuid;

    use super::{Session, SessionId};
    use crate::domain::{time::Timestamp, user::UserId};

    /// A session opened at this time: two hours idle, a day in all, generation 0.
    pub(crate) fn session(id: SessionId, user_id: UserId, now: Timestamp) -> Session {
        Session {
            id,
            user_id,
            client_id: "default".to_owned(),
            generation: 0,
            scope: "openid profile".to_owned(),
            device: Some("Ada's laptop".to_owned()),
            address: Some("192.0.2.7".to_owned()),
            user_agent: None,
            created_at: now,
            rotated_at: now,
            last_used_at: now,
            expires_at: now.plus_seconds(86_400),
            idle_for: 7200,
            ended: None,
        }
    }

    /// The same with ids that do not matter.
    pub(crate) fn any(now: Timestamp) -> Session {
        session(SessionId::new(Uuid::from_u128(1)), UserId::new(Uuid::from_u128(2)), now)
    }
}

#[cfg(test)]
mod tests {
    use super::{EndReason, Ended, sample};
    use crate::domain::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

    #[test]
    fn names_of_reasons_lead_back_to_them() {
        for reason in EndReason::ALL {
            assert_eq!(EndReason::from_name(reason.name()), Some(reason));
        }
        assert_eq!(EndReason::from_name("Logout"), None);
    }

    #[test]
    fn the_sooner_of_the_two_limits_counts() {
        let mut session = sample::any(NOW);
        assert_eq!(session.refresh_until(), NOW.plus_seconds(7200));
        session.last_used_at = NOW.plus_seconds(86_000);
        assert_eq!(session.refresh_until(), NOW.plus_seconds(86_400));
    }

    #[test]
    fn a_session_is_over_at_the_limit_itself() {
        let session = sample::any(NOW);
        let limit = NOW.plus_seconds(7200);
        assert!(session.is_live(Timestamp::from_millis(limit.millis() - 1)));
        assert!(!session.is_live(limit));
    }

    #[test]
    fn an_ended_session_is_not_live() {
        let mut session = sample::any(NOW);
        session.ended = Some(Ended { at: NOW, reason: EndReason::Logout });
        assert!(!session.is_live(NOW));
    }
}
