//! The rule under simulated life: tabs that share one cookie jar, lost answers, retries, slow requests, and thieves.
//!
//! What makes a client honest is written into the simulation: it sends the newest token it has, it repeats a request
//! that was not answered within the window, and it does not refresh again before its access token is old.

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

    /// Presents a token; gives the successor or nothing.
    fn refresh(&mut self, presented: u64) -> Option<u64> {
        let successor = match decide(&self.session, presented, self.now, Duration::ZERO, true, POLICY) {
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

proptest! {
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
