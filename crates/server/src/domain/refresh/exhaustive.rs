//! Every life of a session within small bounds, tried out: the search visits each situation that can be reached, however
//! many steps away, and tries everything that can happen there.
//!
//! What makes a client honest is in [`World::steps`]. The last tests show that the search finds what it is there to find:
//! wrong rules, and bounds that are one second too wide.

use std::collections::HashSet;
use std::time::Duration;

use super::world::{Bounds, Rule, Step, Violation, World};
use super::{Decision, RefreshPolicy, Refused, decide};
use crate::domain::session::Session;
use crate::domain::time::Timestamp;

/// The widest world in which honest clients are safe: of two tabs the second may ask just before the first has its answer,
/// and with clocks that disagree both must be through within the window.
const HONEST: Bounds = Bounds { window: 6, skew: 2, exchange: 2, access_life: 3, tabs: 3, losses: 2, thief: false };
const THIEVES: Bounds = Bounds { window: 3, skew: 1, exchange: 1, access_life: 2, tabs: 2, losses: 1, thief: true };

/// Visits everything that can be reached. Gives the number of situations, or how to come to a violation.
fn explore(bounds: Bounds, rule: Rule) -> Result<usize, (Violation, Vec<Step>)> {
    let mut found = vec![(World::new(bounds), None)];
    let mut known = HashSet::from([found[0].0.clone()]);
    let mut at = 0;
    while at < found.len() {
        let world = found[at].0.clone();
        for step in world.steps(bounds) {
            let next = world.after(step, rule, bounds).map_err(|violation| (violation, path(&found, at, step)))?;
            if known.insert(next.clone()) {
                found.push((next, Some((at, step))));
            }
        }
        at += 1;
    }
    Ok(found.len())
}

/// The steps that lead to a situation, and one more.
fn path(found: &[(World, Option<(usize, Step)>)], mut at: usize, last: Step) -> Vec<Step> {
    let mut steps = vec![last];
    while let Some((before, step)) = found[at].1 {
        steps.push(step);
        at = before;
    }
    steps.reverse();
    steps
}

fn right(session: &Session, presented: u64, now: Timestamp, window: u8) -> Decision {
    decide(session, presented, now, Duration::ZERO, true, RefreshPolicy { retry_window_secs: u32::from(window) })
}

/// Holds if the search finds this violation, and no other before it.
fn finds(expected: Violation, bounds: Bounds, rule: Rule) {
    let (violation, path) = explore(bounds, rule).expect_err("something is wrong");
    assert_eq!(violation, expected, "{path:?}");
}

#[test]
fn honest_clients_never_lose_a_session_and_the_chain_never_forks() {
    let situations = explore(HONEST, right).unwrap();
    assert!(situations > 10_000, "{situations} situations are hardly all");
}

#[test]
fn a_late_thief_ends_the_session_and_a_session_without_one_lives() {
    let situations = explore(THIEVES, right).unwrap();
    assert!(situations > 10_000, "{situations} situations are hardly all");
}

#[test]
fn with_a_shorter_window_an_honest_client_would_be_logged_out() {
    finds(Violation::HonestClientLoggedOut, Bounds { window: 5, ..HONEST }, right);
}

#[test]
fn with_clocks_further_apart_an_honest_client_would_be_logged_out() {
    finds(Violation::HonestClientLoggedOut, Bounds { skew: 3, ..HONEST }, right);
}

/// The one thing that the rule asks of clients: a request that two rotations have overtaken counts as a theft.
#[test]
fn a_client_that_refreshes_again_while_a_request_is_on_the_way_would_be_logged_out() {
    finds(Violation::HonestClientLoggedOut, Bounds { access_life: 2, ..HONEST }, right);
}

#[test]
fn a_rule_that_gives_each_tab_a_token_of_its_own_is_found_out() {
    let forks: Rule = |session, presented, now, window| match right(session, presented, now, window) {
        Decision::Replay { generation } => Decision::Rotate { generation: generation + 1 },
        decision => decision,
    };
    finds(Violation::ChainForked, HONEST, forks);
}

#[test]
fn a_rule_that_only_refuses_an_old_token_is_found_out() {
    let forgives: Rule = |session, presented, now, window| match right(session, presented, now, window) {
        Decision::Reuse => Decision::Refused(Refused::Invalid),
        decision => decision,
    };
    finds(Violation::ThiefGotAway, THIEVES, forgives);
}

#[test]
fn a_rule_that_forgets_the_end_is_found_out() {
    let forgets: Rule = |session, presented, now, window| {
        let session = Session { ended: None, ..session.clone() };
        right(&session, presented, now, window)
    };
    finds(Violation::EndedSessionLives, HONEST, forgets);
}

#[test]
fn a_rule_without_a_window_is_found_out() {
    let strict: Rule = |session, presented, now, _| right(session, presented, now, 0);
    finds(Violation::HonestClientLoggedOut, HONEST, strict);
}
