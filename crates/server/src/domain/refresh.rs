//! The rotation rule: what happens to a session when a refresh token is presented.
//!
//! | presented | condition | decision |
//! | --- | --- | --- |
//! | current | session live | rotate: generation + 1 |
//! | current − 1 | within the retry window since the rotation | replay: the *same* successor again |
//! | current − 1 | later | reuse: end the session |
//! | older | always | reuse: likewise |
//! | reuse, by the two rows above | but the session may have moved on while the request waited | overtaken: nothing |
//! | any | ended, idle too long, past its absolute end, user disabled | refused |
//!
//! The window begins when the rotation happens, however long its request has waited: a client that asks again because of that is
//! not to be too late. While the store gives nobody an answer it stands still: an answer that was lost then cannot be asked for
//! again before the store is back. It never forks the chain: the successor is computed from the generation, so everyone who asks within the
//! window gets the same one.
//!
//! A request can wait, for a database that is slow or cut off, while its client gives up, asks another server, and goes on
//! from there. Decided in the end, its token is old; but it was not when it came, so this is no theft. Who is overtaken gets
//! no token and ends nothing: a thief gains nothing by waiting, and is caught when he asks again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{session::Session, time::Timestamp};
use outages::Outages;

mod outages;

/// A request that has waited for so long may have been overtaken, whatever the clocks of two servers say.
const LONG: Duration = Duration::from_secs(1);

/// What a client may do when refreshing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RefreshPolicy {
    /// Seconds after a rotation during which the token before it gets the same successor again, for a second tab or
    /// a lost answer.
    pub(crate) retry_window_secs: u32,
}

impl Default for RefreshPolicy {
    fn default() -> Self {
        Self { retry_window_secs: 30 }
    }
}

impl RefreshPolicy {
    /// With a window that is open for so many seconds more, unless there is none.
    fn longer_by(self, seconds: u32) -> Self {
        let longer = self.retry_window_secs.saturating_add(seconds);
        Self { retry_window_secs: if self.retry_window_secs == 0 { 0 } else { longer } }
    }
}

/// The policy of each client, and what they all depend on. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct RefreshPolicies(Arc<Policies>);

#[derive(Debug, Default)]
struct Policies {
    of_all: RefreshPolicy,
    of_clients: BTreeMap<String, RefreshPolicy>,
    outages: Outages,
}

impl RefreshPolicies {
    /// One for all, and others for some clients, by their `client_id`.
    pub(crate) fn new(of_all: RefreshPolicy, of_clients: BTreeMap<String, RefreshPolicy>) -> Self {
        Self(Arc::new(Policies { of_all, of_clients, outages: Outages::default() }))
    }

    /// The policy for a session, also of a client that is no longer configured, when its token is presented: the retry window
    /// stands still while nobody can be refreshed.
    pub(crate) fn of(&self, session: &Session, now: Timestamp) -> RefreshPolicy {
        let Policies { of_all, of_clients, outages } = &*self.0;
        let policy = of_clients.get(&session.client_id).copied().unwrap_or(*of_all);
        policy.longer_by(outages.seconds(session.rotated_at, now))
    }

    /// Keeps in mind whether the store answered a refresh that was asked for then and has waited for so long.
    pub(crate) fn note(&self, asked: Timestamp, waited: Duration, answered: bool) {
        if answered {
            self.0.outages.decided(asked.plus(waited));
        } else {
            self.0.outages.failed(asked);
        }
    }
}

/// What to do about a presented refresh token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Move the session to this generation and answer with its token.
    Rotate { generation: u64 },
    /// Change nothing and answer with the token of this generation, the current one, again.
    Replay { generation: u64 },
    /// An old token was used: end the session.
    Reuse,
    /// The token is old by now, and may not have been when it was presented: change nothing and give nothing.
    Overtaken,
    /// Change nothing and give nothing.
    Refused(Refused),
}

/// Why a refresh token, though it is genuine, gets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The session has been ended.
    SessionEnded,
    /// The session was idle for too long or is past its absolute end.
    Expired,
    /// The account is closed.
    AccountDisabled,
    /// The token is of a generation that has not been: the store was set back to an earlier state.
    Invalid,
}

/// Decides by the table at the head of this file. `presented` is the generation of a token whose MAC was right, `now` is
/// when it was presented, and `waited` is how long ago that is.
pub(crate) fn decide(
    session: &Session,
    presented: u64,
    now: Timestamp,
    waited: Duration,
    user_enabled: bool,
    policy: RefreshPolicy,
) -> Decision {
    if let Some(refused) = refusal(session, now, user_enabled) {
        return Decision::Refused(refused);
    }
    match session.generation.checked_sub(presented) {
        None => Decision::Refused(Refused::Invalid),
        Some(0) => rotate(session),
        Some(1) if within_window(session, now, policy) => Decision::Replay { generation: session.generation },
        Some(_) if is_overtaken(session, now, waited) => Decision::Overtaken,
        Some(_) => Decision::Reuse,
    }
}

/// Whether the session may have moved on since a request came that was presented at `now` and has waited since then. A
/// rotation from further in the future than it has waited is by a wrong clock, and says nothing.
fn is_overtaken(session: &Session, now: Timestamp, waited: Duration) -> bool {
    let rotated_after = u128::try_from(session.rotated_at.millis_since(now)).unwrap_or_default();
    waited >= LONG || (1..=waited.as_millis()).contains(&rotated_after)
}

/// The reasons that hold whatever is presented. A closed account comes first: closing it ends its sessions too, and
/// of the two it is what the person has to know.
fn refusal(session: &Session, now: Timestamp, user_enabled: bool) -> Option<Refused> {
    if !user_enabled {
        Some(Refused::AccountDisabled)
    } else if session.ended.is_some() {
        Some(Refused::SessionEnded)
    } else if session.has_expired(now) {
        Some(Refused::Expired)
    } else {
        None
    }
}

/// No session lives long enough to count to the end; if one did, it would be over rather than start again from 0.
fn rotate(session: &Session) -> Decision {
    match session.generation.checked_add(1) {
        Some(generation) => Decision::Rotate { generation },
        None => Decision::Refused(Refused::Expired),
    }
}

/// The last millisecond of the window is within it.
fn within_window(session: &Session, now: Timestamp, policy: RefreshPolicy) -> bool {
    now.millis_since(session.rotated_at) <= i64::from(policy.retry_window_secs) * 1000
}

#[cfg(test)]
mod exhaustive;
#[cfg(test)]
mod model;
#[cfg(test)]
mod world;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Decision, RefreshPolicy, Refused, decide};
    use crate::domain::session::{EndReason, Ended, Session, sample};
    use crate::domain::time::Timestamp;

    const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
    const POLICY: RefreshPolicy = RefreshPolicy { retry_window_secs: 30 };

    /// A session that was rotated to generation 5 at `NOW`.
    fn session() -> Session {
        let mut session = sample::any(NOW);
        session.generation = 5;
        session
    }

    fn after(millis: i64) -> Timestamp {
        Timestamp::from_millis(NOW.millis() + millis)
    }

    fn check(session: &Session, presented: u64, now: Timestamp, expected: Decision) {
        assert_eq!(
            decide(session, presented, now, Duration::ZERO, true, POLICY),
            expected,
            "presented {presented} at {now:?}"
        );
    }

    #[test]
    fn the_current_token_rotates_the_session() {
        check(&session(), 5, NOW, Decision::Rotate { generation: 6 });
        check(&session(), 5, after(7_199_999), Decision::Rotate { generation: 6 });
        check(&sample::any(NOW), 0, NOW, Decision::Rotate { generation: 1 });
    }

    #[test]
    fn the_token_before_it_gets_the_same_successor_within_the_window() {
        check(&session(), 4, NOW, Decision::Replay { generation: 5 });
        check(&session(), 4, after(29_999), Decision::Replay { generation: 5 });
        check(&session(), 4, after(30_000), Decision::Replay { generation: 5 });
    }

    #[test]
    fn the_token_before_it_is_a_reuse_after_the_window() {
        check(&session(), 4, after(30_001), Decision::Reuse);
        check(&session(), 4, after(7_199_999), Decision::Reuse);
    }

    #[test]
    fn without_a_window_only_the_very_millisecond_of_the_rotation_is_a_retry() {
        let none = RefreshPolicy { retry_window_secs: 0 };
        assert_eq!(decide(&session(), 4, NOW, Duration::ZERO, true, none), Decision::Replay { generation: 5 });
        assert_eq!(decide(&session(), 4, after(1), Duration::ZERO, true, none), Decision::Reuse);
    }

    #[test]
    fn an_older_token_is_always_a_reuse() {
        for presented in 0..=3 {
            check(&session(), presented, NOW, Decision::Reuse);
            check(&session(), presented, after(40_000), Decision::Reuse);
        }
    }

    #[test]
    fn a_request_that_was_overtaken_while_it_waited_ends_nothing() {
        let presented_before = |millis: i64, waited: u64| {
            let waited = Duration::from_millis(waited);
            decide(&session(), 3, after(-millis), waited, true, POLICY)
        };
        // The rotation to the present generation was `millis` after it came, and it is decided `waited` after it came.
        for (millis, waited) in [(1, 1), (1, 200), (200, 200), (999, 999)] {
            assert_eq!(presented_before(millis, waited), Decision::Overtaken, "{millis} {waited}");
        }
        for (millis, waited) in [(0, 0), (0, 999), (-1, 999), (-40_000, 999), (201, 200), (3_600_000, 999)] {
            assert_eq!(presented_before(millis, waited), Decision::Reuse, "{millis} {waited}");
        }
    }

    #[test]
    fn after_a_long_wait_no_clock_is_trusted_to_tell_a_theft() {
        let waited = |presented, at, waited| decide(&session(), presented, at, waited, true, POLICY);
        for at in [after(-3_600_000), after(-1), NOW, after(20_000), after(40_000)] {
            assert_eq!(waited(3, at, Duration::from_secs(1)), Decision::Overtaken);
            assert_eq!(waited(0, at, Duration::MAX), Decision::Overtaken);
            assert_eq!(waited(5, at, Duration::MAX), Decision::Rotate { generation: 6 });
        }
        assert_eq!(waited(4, after(30_000), Duration::MAX), Decision::Replay { generation: 5 });
        assert_eq!(waited(4, after(30_001), Duration::MAX), Decision::Overtaken);
        assert_eq!(waited(4, after(30_001), Duration::from_millis(999)), Decision::Reuse);
    }

    #[test]
    fn a_clock_that_was_set_back_opens_the_window_and_does_not_close_it() {
        check(&session(), 4, after(-3_600_000), Decision::Replay { generation: 5 });
        check(&session(), 5, after(-3_600_000), Decision::Rotate { generation: 6 });
        check(&session(), 3, after(-3_600_000), Decision::Reuse);
    }

    #[test]
    fn an_ended_session_refuses_every_generation() {
        let mut session = session();
        session.ended = Some(Ended { at: NOW, reason: EndReason::Logout });
        for presented in [0, 3, 4, 5, 6, u64::MAX] {
            check(&session, presented, NOW, Decision::Refused(Refused::SessionEnded));
        }
    }

    #[test]
    fn an_idle_session_refuses_every_generation_from_its_limit_on() {
        for presented in [0, 4, 5, 6] {
            check(&session(), presented, after(7_200_000), Decision::Refused(Refused::Expired));
        }
    }

    #[test]
    fn a_session_past_its_absolute_end_refuses_every_generation() {
        let mut session = session();
        session.expires_at = after(1000);
        check(&session, 5, after(999), Decision::Rotate { generation: 6 });
        for presented in [0, 4, 5, 6] {
            check(&session, presented, after(1000), Decision::Refused(Refused::Expired));
        }
    }

    #[test]
    fn a_closed_account_refuses_every_generation() {
        for presented in [0, 4, 5, 6] {
            let decision = decide(&session(), presented, NOW, Duration::ZERO, false, POLICY);
            assert_eq!(decision, Decision::Refused(Refused::AccountDisabled));
        }
    }

    #[test]
    fn of_several_reasons_the_closed_account_comes_first_and_then_the_end() {
        let mut session = session();
        session.ended = Some(Ended { at: NOW, reason: EndReason::UserDisabled });
        let late = after(7_200_000);
        assert_eq!(
            decide(&session, 5, late, Duration::ZERO, false, POLICY),
            Decision::Refused(Refused::AccountDisabled)
        );
        assert_eq!(decide(&session, 5, late, Duration::ZERO, true, POLICY), Decision::Refused(Refused::SessionEnded));
    }

    #[test]
    fn a_generation_from_the_future_is_invalid_and_ends_nothing() {
        check(&session(), 6, NOW, Decision::Refused(Refused::Invalid));
        check(&session(), u64::MAX, NOW, Decision::Refused(Refused::Invalid));
    }

    #[test]
    fn the_last_generation_does_not_start_again() {
        let mut session = session();
        session.generation = u64::MAX;
        check(&session, u64::MAX, NOW, Decision::Refused(Refused::Expired));
    }
}
