//! The rule under simulated life: tabs that share one cookie jar, lost answers, retries, slow requests, and thieves.
//!
//! What makes a client honest is written into the simulation: it sends the newest token it has, it repeats a request
//! that was not answered within the window, and it does not refresh again before its access token is old.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::{Decision, RefreshPolicy, decide};
use crate::domain::session::{EndReason, Ended, Session, sample};
use crate::domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
const POLICY: RefreshPolicy = RefreshPolicy { retry_window_secs: 30 };
const WINDOW_MILLIS: i64 = 30_000;

/// The session as the store keeps it, with every successor it ever gave.
struct Server {
    session: Session,
    now: Timestamp,
    given: Vec<(u64, u64)>,
}

impl Server {
    fn new() -> Self {
        let mut session = sample::any(NOW);
        session.expires_at = NOW.plus_seconds(1_000_000_000);
        session.idle_for = u32::MAX;
        Self { session, now: NOW, given: Vec::new() }
    }

    fn pass(&mut self, millis: i64) {
        self.now = Timestamp::from_millis(self.now.millis() + millis);
    }

    /// Presents a token that is decided at once; gives the successor or nothing.
    fn refresh(&mut self, presented: u64) -> Option<u64> {
        self.refresh_came(presented, self.now)
    }

    /// Decides now about a token that was presented then.
    fn refresh_came(&mut self, presented: u64, came: Timestamp) -> Option<u64> {
        let successor = match self.decision(presented, came) {
            Decision::Rotate { generation } => {
                self.session.generation = generation;
                self.session.rotated_at = self.now;
                self.session.last_used_at = self.now;
                generation
            }
            Decision::Replay { generation } => generation,
            Decision::Reuse => {
                self.session.ended = Some(Ended { at: self.now, reason: EndReason::Reuse });
                return None;
            }
            Decision::Overtaken | Decision::Refused(_) => return None,
        };
        self.given.push((presented, successor));
        Some(successor)
    }

    fn decision(&self, presented: u64, came: Timestamp) -> Decision {
        let waited = Duration::from_millis(self.now.millis_since(came).try_into().unwrap_or_default());
        decide(&self.session, presented, came, waited, true, POLICY)
    }

    fn has_ended(&self) -> bool {
        self.session.ended.is_some()
    }

    /// Whether any token ever had two different successors.
    fn has_forked(&self) -> bool {
        self.given.iter().any(|(token, a)| self.given.iter().any(|(other, b)| token == other && a != b))
    }
}

/// One time at which the access token is old: several tabs refresh at once with the token of the shared jar.
#[derive(Clone, Debug)]
struct Round {
    /// Milliseconds since the round before ended; longer than any request lives.
    pause: i64,
    /// For each request: milliseconds before it reaches the server, and whether the answer arrives.
    requests: Vec<(i64, bool)>,
}

fn round() -> impl Strategy<Value = Round> {
    let request = (0..=WINDOW_MILLIS / 8, any::<bool>());
    (WINDOW_MILLIS..10_000_000, prop::collection::vec(request, 1..=7))
        .prop_map(|(pause, requests)| Round { pause, requests })
}

/// Plays one round; the last request is a retry that is answered, as a client that goes on living gets in the end.
fn play(server: &mut Server, jar: &mut u64, round: &Round) {
    server.pass(round.pause);
    let token = *jar;
    for (delay, answered) in &round.requests {
        server.pass(*delay);
        let successor = server.refresh(token);
        if *answered && let Some(successor) = successor {
            *jar = (*jar).max(successor);
        }
    }
    if let Some(successor) = server.refresh(token) {
        *jar = successor;
    }
}

/// Requests of an honest client that wait in the server, in the order in which they are decided: what each presents, when it
/// came, and when it is decided.
#[derive(Default)]
struct Waiting(BTreeMap<(Timestamp, usize), (u64, Timestamp)>);

impl Waiting {
    fn hold(&mut self, token: u64, came: Timestamp, millis: i64) {
        let decided = Timestamp::from_millis(came.millis() + millis);
        self.0.insert((decided, self.0.len()), (token, came));
    }

    /// Decides what has waited enough, each when its time comes. A log-out is decided by the same rule, so it ends nothing either.
    fn decide_due(&mut self, server: &mut Server) -> Result<(), TestCaseError> {
        let end = server.now;
        while let Some(next) = self.0.first_entry().filter(|next| next.key().0 <= end) {
            server.now = next.key().0;
            let (token, came) = next.remove();
            let behind = server.session.generation - token;
            prop_assert_ne!(server.decision(token, came), Decision::Reuse, "{} behind", behind);
            let successor = server.refresh_came(token, came);
            prop_assert_eq!(successor.is_some(), behind < 2, "{} behind", behind);
        }
        server.now = end;
        Ok(())
    }
}

proptest! {
    #[test]
    fn a_request_that_waits_while_its_client_goes_on_ends_nothing(
        rounds in prop::collection::vec((WINDOW_MILLIS..10_000_000, prop::collection::vec(0..40_000_000_i64, 0..4)), 1..30),
    ) {
        let (mut server, mut waiting, mut jar) = (Server::new(), Waiting::default(), 0);
        for (pause, waits) in &rounds {
            server.pass(*pause);
            waiting.decide_due(&mut server)?;
            for millis in waits {
                waiting.hold(jar, server.now, *millis);
            }
            // Whoever gets no answer asks again, and that one does not wait.
            server.pass(1);
            waiting.decide_due(&mut server)?;
            jar = server.refresh(jar).unwrap();
        }
        server.pass(100_000_000);
        waiting.decide_due(&mut server)?;
        prop_assert!(!server.has_ended() && !server.has_forked());
        prop_assert_eq!((jar, server.session.generation), (rounds.len() as u64, rounds.len() as u64));
    }

    #[test]
    fn the_window_begins_when_a_refresh_happens_however_long_it_waited(waited in 0..10_000_000_i64, retry in 0..=WINDOW_MILLIS) {
        let mut server = Server::new();
        let came = server.now;
        server.pass(waited);
        prop_assert_eq!(server.refresh_came(0, came), Some(1));
        server.pass(retry);
        prop_assert_eq!(server.refresh(0), Some(1));
        server.pass(WINDOW_MILLIS - retry + 1);
        prop_assert_eq!(server.refresh(0), None);
        prop_assert!(server.has_ended());
    }

    #[test]
    fn a_stolen_token_gets_nothing_by_waiting(late in 1..1_000_000_i64, waits in 0..10_000_i64, steps in 1..4_u64) {
        let mut server = Server::new();
        for token in 0..steps {
            server.refresh(token).unwrap();
        }
        server.pass(WINDOW_MILLIS + late);
        let came = server.now;
        server.pass(waits);
        prop_assert_eq!(server.refresh_came(0, came), None);
        // What has waited for long may have been overtaken, and only then the session goes on.
        prop_assert_eq!(server.has_ended(), waits < 1000);
        prop_assert_eq!(server.refresh(0), None);
        prop_assert!(server.has_ended(), "who asks again is found out");
    }

    #[test]
    fn honest_clients_keep_their_session_and_the_chain_never_forks(rounds in prop::collection::vec(round(), 1..40)) {
        let mut server = Server::new();
        let mut jar = 0;
        for round in &rounds {
            play(&mut server, &mut jar, round);
            prop_assert!(!server.has_ended());
            prop_assert_eq!(jar, server.session.generation, "the jar holds the current token");
        }
        prop_assert!(!server.has_forked());
        prop_assert_eq!(server.session.generation, rounds.len() as u64, "one generation a round, however many tabs");
    }

    #[test]
    fn a_clock_that_steps_back_logs_nobody_out(rounds in prop::collection::vec((round(), 0..100_000_i64), 1..20)) {
        let mut server = Server::new();
        let mut jar = 0;
        for (round, step) in &rounds {
            server.pass(-step);
            play(&mut server, &mut jar, round);
            prop_assert!(!server.has_ended());
        }
    }

    #[test]
    fn a_token_stolen_and_used_late_ends_the_session(
        rounds in prop::collection::vec(round(), 2..20), stolen in any::<prop::sample::Index>(), late in 1..1_000_000_i64,
    ) {
        let mut server = Server::new();
        let mut jar = 0;
        for round in &rounds {
            play(&mut server, &mut jar, round);
        }
        let stolen = stolen.index(rounds.len()) as u64;
        server.pass(WINDOW_MILLIS + late);
        prop_assert_eq!(server.refresh(stolen), None);
        prop_assert!(server.has_ended());
        for token in 0..=server.session.generation + 1 {
            prop_assert_eq!(server.refresh(token), None, "after the end nothing works");
        }
    }

    #[test]
    fn a_thief_who_is_first_is_found_out_when_the_owner_comes_late(
        head_start in 0..3_u32, late in 1..1_000_000_i64,
    ) {
        let mut server = Server::new();
        let mut loot = server.session.generation;
        let owners = loot;
        for _ in 0..=head_start {
            loot = server.refresh(loot).unwrap();
            server.pass(WINDOW_MILLIS);
        }
        server.pass(late);
        prop_assert_eq!(server.refresh(owners), None);
        prop_assert!(server.has_ended());
        prop_assert_eq!(server.refresh(loot), None, "the thief is out too");
    }

    #[test]
    fn whatever_is_presented_the_chain_never_forks_and_an_end_is_final(
        steps in prop::collection::vec((0..12_u64, -5_000..40_000_i64), 1..200),
    ) {
        let mut server = Server::new();
        for (presented, millis) in steps {
            server.pass(millis);
            let (ended, generation) = (server.has_ended(), server.session.generation);
            let successor = server.refresh(presented);
            prop_assert!(!(ended && successor.is_some()));
            prop_assert!(server.session.generation - generation <= 1, "never back, never by more than one");
            prop_assert!(successor.is_none_or(|successor| successor == server.session.generation));
        }
        prop_assert!(!server.has_forked());
    }
}
