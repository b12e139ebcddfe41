//! The statement that rotates many at once, against the rule.

use super::{House, OnServer};
use crate::domain::refresh::{self, Decision};
use crate::domain::session::Session;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::conformance::fixture::{NOW, rotate, session, session_id, user};
use crate::store::postgres::connection::Connector;
use crate::store::postgres::rotations::rotate_many;
use crate::store::sessions::{RotateSession, open};
use crate::store::tx::Tx;
use crate::store::users::CreateUser;
use crate::store::{Op, StoreError};

/// A situation in which a token is presented.
#[derive(Clone, Debug)]
struct Situation {
    session: Session,
    is_ended: bool,
    user: User,
    presented: u64,
}

/// Puts a session there as it is.
struct Insert(Session);

impl Op for Insert {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        open::insert(tx, &self.0).await
    }
}

/// Every combination of what the rule looks at, at its edges.
fn situations() -> Vec<Situation> {
    let (enabled, disabled) = (user(1), User { disabled_at: Some(NOW), ..user(2) });
    let largest = u64::try_from(i64::MAX).unwrap();
    let mut situations = Vec::new();
    for owner in [&enabled, &disabled] {
        for generation in [0, 1, 7, largest] {
            for presented in [generation.checked_sub(1), Some(generation), generation.checked_add(1)] {
                for is_ended in [false, true] {
                    // Milliseconds that are left until the absolute and the idle end.
                    for (absolute, idle) in [(-1, 5), (0, 5), (1, 5), (5, -1), (5, 0), (5, 1), (5, 5)] {
                        let Some(presented) = presented else { continue };
                        let number = 1000 + situations.len() as u128;
                        let after = |millis: i64| Timestamp::from_millis(NOW.millis() + millis);
                        let session = Session {
                            generation,
                            expires_at: after(absolute),
                            last_used_at: after(idle - 60_000),
                            idle_for: 60,
                            ..session(number, owner)
                        };
                        situations.push(Situation { session, is_ended, user: owner.clone(), presented });
                    }
                }
            }
        }
    }
    situations
}

/// What the rule decides.
fn decision(situation: &Situation, op: &RotateSession) -> Decision {
    let mut session = situation.session.clone();
    if situation.is_ended {
        let reason = crate::domain::session::EndReason::Logout;
        session.ended = Some(crate::domain::session::Ended { at: NOW, reason });
    }
    let policy = op.policies.of(&session, op.now);
    refresh::decide(&session, op.presented, op.now, op.waiting.so_far(), situation.user.is_enabled(), policy)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_statement_rotates_the_rule_rotates_too() {
    let Some(house) = OnServer::build("what_the_statement_rotates_the_rule_rotates_too") else { return };
    let store = house.open();
    let situations = situations();
    for owner in [user(1), User { disabled_at: Some(NOW), ..user(2) }] {
        store.write(CreateUser { user: owner, session: None }).await.unwrap();
    }
    let mut ended = Vec::new();
    for situation in &situations {
        store.write(Insert(situation.session.clone())).await.unwrap();
        if situation.is_ended {
            ended.push(format!("'\\x{}'", situation.session.id.to_string().replace('-', "")));
        }
    }
    let end = format!("UPDATE sessions SET ended_at = 0, end_reason = 'logout' WHERE id IN ({})", ended.join(","));
    house.database.run(&end).unwrap();

    let connector = Connector::new(&house.address(), super::limits()).unwrap();
    let mut connection = connector.connect(std::sync::Arc::default()).await.unwrap();
    let op = |index: usize| rotate(1000 + index as u128, situations[index].presented, NOW);
    let ops: Vec<RotateSession> = (0..situations.len()).map(op).collect();
    let mut rotated = rotate_many(&mut connection, ops.iter()).await.unwrap();
    let mut count = 0;
    for (situation, op) in situations.iter().zip(&ops) {
        let expected = decision(situation, op);
        match rotated.remove(&op.id) {
            Some(found) => {
                let found = found.unwrap();
                assert_eq!(expected, Decision::Rotate { generation: found.session.generation }, "{situation:?}");
                assert_eq!(found.user, situation.user);
                assert_eq!((found.session.rotated_at, found.session.last_used_at), (NOW, NOW));
                count += 1;
            }
            // What cannot be counted further is for the general way to refuse.
            None if op.presented == u64::try_from(i64::MAX).unwrap() => {}
            None => assert!(!matches!(expected, Decision::Rotate { .. }), "{situation:?}"),
        }
    }
    assert!(count > 0 && rotated.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_one_session_gives_one_generation() {
    let Some(house) = OnServer::build("a_batch_of_one_session_gives_one_generation") else { return };
    let store = house.open();
    crate::store::conformance::fixture::with_sessions(&store, [1, 2, 3]).await;
    let many = (0..300).map(|number| rotate(1 + number % 3, 0, NOW));
    for answer in crate::store::conformance::fixture::rotate_at_once(&store, many).await {
        let (crate::store::sessions::RotateOutcome::Rotated { session, .. }
        | crate::store::sessions::RotateOutcome::Replayed { session, .. }) = answer.unwrap()
        else {
            panic!("no successor")
        };
        assert_eq!(session.generation, 1);
    }
    let found = store.read(crate::store::sessions::FindSession { id: session_id(2) }).await.unwrap().unwrap();
    assert_eq!(found.generation, 1);
}
