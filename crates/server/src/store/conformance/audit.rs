use std::collections::HashSet;

use serde_json::json;
use uuid::Uuid;

use super::House;
use super::fixture::{NOW, at_once, rotate, session_id, user, with_sessions};
use crate::domain::audit::{Actor, By, Event, Line, LineId, Origin, Whose};
use crate::domain::time::Timestamp;
use crate::domain::user::UserId;
use crate::store::audit::{AppendLine, Audited, ForgetLines, ListLines};
use crate::store::sessions::{FindSession, RotateOutcome};
use crate::store::users::{CreateUser, CreateUserOutcome, EnableUser, FindUser};
use crate::store::{Op, Store, StoreError};

pub(in crate::store) const ALL: ListLines =
    ListLines { before: None, since: None, user: None, event: None, by: None, limit: 1000 };

/// A line of this second, with this number in its id.
pub(in crate::store) fn line(second: i64, number: u16, event: Event) -> Line {
    let at = NOW.plus_seconds(second);
    let mut random = [0; 10];
    random[8..].copy_from_slice(&number.to_be_bytes());
    let id = uuid::Builder::from_unix_timestamp_millis(u64::try_from(at.millis()).unwrap(), &random).into_uuid();
    Line::new(id, at, event, By::system())
}

fn user_id(number: u128) -> UserId {
    user(number).id
}

async fn write(store: &Store, lines: impl IntoIterator<Item = Line>) {
    for line in lines {
        store.write(AppendLine { line }).await.unwrap();
    }
}

async fn ids(store: &Store, which: ListLines) -> Vec<LineId> {
    store.read(which).await.unwrap().into_iter().map(|line| line.id).collect()
}

pub(in crate::store) async fn a_line_is_read_as_it_was_written(house: &impl House) {
    let store = house.open();
    let origin = Origin {
        address: Some("2001:db8::7".into()),
        user_agent: Some("Lynx \"2\" é".into()),
        request: Some(Uuid::from_u128(9)),
    };
    let by = By { actor: Actor::Administrator(user_id(1)), origin };
    let full = Line { by, ..line(1, 1, Event::UserDisable) }
        .about(user_id(2))
        .session(session_id(3))
        .target("a key")
        .refused("own_account")
        .with("sessions_ended", 3)
        .with("roles", json!(["a", "b"]));
    let bare = line(2, 2, Event::Flood);
    let newer = Line { event: "of.tomorrow".into(), ..line(3, 3, Event::Login) };
    write(&store, [full.clone(), bare.clone(), newer.clone()]).await;
    assert_eq!(store.read(ALL).await.unwrap(), [newer, bare, full]);
}

pub(in crate::store) async fn lines_are_listed_newest_first_and_by_what_is_asked(house: &impl House) {
    let store = house.open();
    let of = |second, number, event, user| line(second, number, event).about(user_id(user));
    let [a, b, c, d] =
        [of(0, 1, Event::Login, 1), of(1, 1, Event::Logout, 2), of(2, 1, Event::Login, 2), of(2, 2, Event::Login, 1)];
    write(&store, [c.clone(), a.clone(), d.clone(), b.clone()]).await;
    let [a, b, c, d] = [a.id, b.id, c.id, d.id];
    let (login, one, two) = (Some(Event::Login), Some(user_id(1)), Some(user_id(2)));
    assert_eq!(ids(&store, ALL).await, [d, c, b, a]);
    assert_eq!(ids(&store, ListLines { limit: 2, ..ALL }).await, [d, c]);
    assert_eq!(ids(&store, ListLines { before: Some(c), ..ALL }).await, [b, a]);
    assert_eq!(ids(&store, ListLines { since: Some(NOW.plus_seconds(2)), ..ALL }).await, [d, c]);
    assert_eq!(
        ids(&store, ListLines { since: Some(Timestamp::from_millis(NOW.millis() + 1)), ..ALL }).await,
        [d, c, b]
    );
    assert_eq!(ids(&store, ListLines { event: login, ..ALL }).await, [d, c, a]);
    assert_eq!(ids(&store, ListLines { user: one, ..ALL }).await, [d, a]);
    assert_eq!(ids(&store, ListLines { user: two, event: login, ..ALL }).await, [c]);
    assert_eq!(ids(&store, ListLines { user: one, before: Some(d), ..ALL }).await, [a]);
    assert_eq!(ids(&store, ListLines { event: login, before: Some(d), limit: 1, ..ALL }).await, [c]);
    assert_eq!(ids(&store, ListLines { user: Some(user_id(3)), ..ALL }).await, []);
}

pub(in crate::store) async fn lines_are_listed_by_who_did_it(house: &impl House) {
    let store = house.open();
    let of = |number, event, actor, user| {
        let by = By { actor, origin: Origin::default() };
        Line { by, ..line(i64::from(number), number, event) }.about(user_id(user))
    };
    let written = [
        of(0, Event::Login, Actor::User(user_id(1)), 1),
        of(1, Event::UserDisable, Actor::Administrator(user_id(1)), 2),
        of(2, Event::UserDisable, Actor::CommandLine, 1),
        of(3, Event::Login, Actor::Anonymous, 1),
        of(4, Event::UserEnable, Actor::Administrator(user_id(3)), 2),
    ];
    write(&store, written.clone()).await;
    let [login, disable, by_hand, unknown, enable] = written.map(|line| line.id);
    let by = |by| ListLines { by: Some(by), ..ALL };
    let (one, administrators) = (by(Whose::Account(user_id(1))), by(Whose::Kind("administrator")));
    assert_eq!(
        ids(&store, by(Whose::Account(user_id(1)))).await,
        [disable, login],
        "as themselves and as an administrator"
    );
    assert_eq!(ids(&store, by(Whose::Account(user_id(2)))).await, [], "what is about them is not what they did");
    assert_eq!(ids(&store, by(Whose::Kind("administrator"))).await, [enable, disable]);
    assert_eq!(ids(&store, by(Whose::Kind("command_line"))).await, [by_hand]);
    assert_eq!(ids(&store, by(Whose::Kind("anonymous"))).await, [unknown]);
    assert_eq!(ids(&store, by(Whose::Kind("system"))).await, []);
    assert_eq!(ids(&store, ListLines { event: Some(Event::UserDisable), ..one }).await, [disable]);
    assert_eq!(ids(&store, ListLines { user: Some(user_id(2)), limit: 1, ..administrators }).await, [enable]);
    let both =
        ListLines { user: Some(user_id(2)), event: Some(Event::UserDisable), ..by(Whose::Kind("administrator")) };
    assert_eq!(ids(&store, both).await, [disable]);
    let older =
        ListLines { before: Some(enable), since: Some(NOW.plus_seconds(1)), ..by(Whose::Kind("administrator")) };
    assert_eq!(ids(&store, older).await, [disable]);
}

pub(in crate::store) async fn paging_sees_each_old_line_once_while_others_are_written(house: &impl House) {
    let store = house.open();
    let old: Vec<_> = (0..200).map(|number| line(i64::from(number / 7), number, Event::Login)).collect();
    at_once(&store, old.iter().cloned().map(|line| AppendLine { line })).await;
    let (mut seen, mut before) = (Vec::new(), None);
    for round in 0.. {
        let page = ids(&store, ListLines { before, limit: 13, ..ALL }).await;
        let Some(last) = page.last() else { break };
        before = Some(*last);
        seen.extend(page);
        write(&store, [line(100, round, Event::Login), line(101, round, Event::Logout)]).await;
    }
    let mut expected: Vec<_> = old.iter().map(|line| line.id).collect();
    expected.sort_by(|a, b| b.cmp(a));
    assert_eq!(seen, expected, "each once, the newest first");
}

/// Closes nothing and fails, after its change.
struct Failing;

impl Op for Failing {
    type Output = ();

    async fn run<T: crate::store::tx::Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        CreateUser { user: user(5), session: None }.run(tx).await?;
        Err(StoreError::Internal("no".into()))
    }
}

pub(in crate::store) async fn what_an_operation_did_and_its_line_are_one(house: &impl House) {
    let store = house.open();
    let made = |outcome: &CreateUserOutcome| {
        (*outcome == CreateUserOutcome::Created).then(|| line(0, 1, Event::UserCreate).about(user_id(4)))
    };
    let create = || CreateUser { user: user(4), session: None };
    assert_eq!(store.write(Audited::new(create(), made)).await, Ok(CreateUserOutcome::Created));
    assert_eq!(store.write(Audited::new(create(), made)).await, Ok(CreateUserOutcome::EmailTaken));
    assert_eq!(ids(&store, ALL).await.len(), 1, "nothing is written of what was not done");

    assert!(store.write(Audited::new(Failing, |()| Some(line(0, 2, Event::UserCreate)))).await.is_err());
    assert_eq!(store.read(FindUser { id: user_id(5) }).await, Ok(None));

    // A line that cannot be written undoes what it is about, also where the operation thought that it was alone.
    let enable = EnableUser { id: user_id(4), now: NOW.plus_seconds(60) };
    let twice = Audited::new(enable, |_: &bool| Some(line(0, 1, Event::UserEnable)));
    assert!(store.write(twice).await.is_err());
    assert_eq!(store.read(FindUser { id: user_id(4) }).await.unwrap().unwrap().updated_at, NOW);
    assert_eq!(ids(&store, ALL).await.len(), 1);

    let other = with_sessions(&store, [1]).await;
    store.rotate(rotate(1, 0, NOW)).await.unwrap();
    assert_eq!(ids(&store, ALL).await.len(), 1, "a plain refresh writes no line");
    let late = NOW.plus_seconds(3600);
    let reused = at_once(&store, (0..20).map(|_| rotate(1, 0, late))).await;
    assert!(reused.iter().any(|outcome| matches!(outcome, Ok(RotateOutcome::Reused { .. }))), "{reused:?}");
    let lines = store.read(ListLines { event: Some(Event::RefreshReused), ..ALL }).await.unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!((lines[0].user, lines[0].session, lines[0].at), (Some(other.id), Some(session_id(1)), late));
    assert_eq!(lines[0].by.origin.address.as_deref(), Some("198.51.100.1"));
    assert!(store.read(FindSession { id: session_id(1) }).await.unwrap().unwrap().ended.is_some());
}

pub(in crate::store) async fn old_lines_are_forgotten_in_steps(house: &impl House) {
    let store = house.open();
    write(&store, (0..10).map(|number| line(i64::from(number), number, Event::Login))).await;
    let before = NOW.plus_seconds(7);
    for expected in [3, 3, 1, 0] {
        assert_eq!(store.write(ForgetLines { before, limit: 3 }).await, Ok(expected));
    }
    let left: HashSet<_> = store.read(ALL).await.unwrap().into_iter().map(|line| line.at).collect();
    assert_eq!(left, [7, 8, 9].map(|second| NOW.plus_seconds(second)).into());
}
