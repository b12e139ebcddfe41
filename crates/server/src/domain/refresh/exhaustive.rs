//! Every life of a session within small bounds, tried out: the search visits each situation that can be reached, however
//! many steps away, and tries everything that can happen there.
//!
//! What makes a client honest is in [`World::steps`]. The last tests show that the search finds what it is there to find:
//! wrong rules, and bounds that are one second too wide.

use std::collections::HashSet;
use std::time::Duration;

use super::world::{Bounds, Presented, Rule, Step, Violation, World};
use super::{Decision, RefreshPolicy, Refused, decide};
use crate::domain::session::Session;

/// The widest world in which honest clients are safe: of two tabs the second may ask just before the first has its answer,
/// and with clocks that disagree both must be through within the window.
const HONEST: Bounds = Bounds {
    window: 6,
    skew: 2,
    exchange: 2,
    access_life: 3,
    tabs: 3,
    losses: 2,
    held: 0,
    backdated: false,
    thief: false,
};
/// Requests wait in servers for as long as they like.
const WAITING: Bounds =
    Bounds { window: 3, skew: 1, exchange: 1, access_life: 2, tabs: 2, losses: 1, held: 2, ..HONEST };
const THIEVES: Bounds = Bounds { held: 1, thief: true, ..WAITING };

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

fn right(session: &Session, presented: u64, Presented { at, waited }: Presented, window: u8) -> Decision {
    decide(session, presented, at, waited, true, RefreshPolicy { retry_window_secs: u32::from(window) })
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
fn requests_that_wait_in_servers_end_no_session_however_late_they_are_decided() {
    let situations = explore(WAITING, right).unwrap();
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
    let forks: Rule = |session, token, presented, window| match right(session, token, presented, window) {
        Decision::Replay { generation } => Decision::Rotate { generation: generation + 1 },
        decision => decision,
    };
    finds(Violation::ChainForked, HONEST, forks);
}

#[test]
fn a_rule_that_only_refuses_an_old_token_is_found_out() {
    let forgives: Rule = |session, token, presented, window| match right(session, token, presented, window) {
        Decision::Reuse => Decision::Refused(Refused::Invalid),
        decision => decision,
    };
    finds(Violation::ThiefGotAway, THIEVES, forgives);
}

#[test]
fn a_rule_that_takes_no_account_of_waiting_is_found_out() {
    let impatient: Rule = |session, token, presented, window| {
        right(session, token, Presented { waited: Duration::ZERO, ..presented }, window)
    };
    finds(Violation::HonestClientLoggedOut, WAITING, impatient);
}

#[test]
fn a_rule_that_trusts_clocks_after_a_long_wait_is_found_out() {
    let trusting: Rule = |session, token, presented, window| {
        let moved_on = session.rotated_at.millis_since(presented.at);
        match right(session, token, presented, window) {
            Decision::Overtaken
                if moved_on == 0 || i128::from(moved_on) > presented.waited.as_millis().cast_signed() =>
            {
                Decision::Reuse
            }
            decision => decision,
        }
    };
    assert!(explore(Bounds { skew: 0, ..WAITING }, trusting).is_ok(), "it is right where all clocks agree");
    finds(Violation::HonestClientLoggedOut, WAITING, trusting);
}

/// The window has to begin when the rotation happens: its client asks again because it was so late.
#[test]
fn rotations_that_are_dated_when_their_requests_came_are_found_out() {
    finds(Violation::HonestClientLoggedOut, Bounds { backdated: true, ..WAITING }, right);
}

#[test]
fn a_rule_that_forgets_the_end_is_found_out() {
    let forgets: Rule = |session, token, presented, window| {
        let session = Session { ended: None, ..session.clone() };
        right(&session, token, presented, window)
    };
    finds(Violation::EndedSessionLives, HONEST, forgets);
}

#[test]
fn a_rule_without_a_window_is_found_out() {
    let strict: Rule = |session, token, presented, _| right(session, token, presented, 0);
    finds(Violation::HonestClientLoggedOut, HONEST, strict);
}
