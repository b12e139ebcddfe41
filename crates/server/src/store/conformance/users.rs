use serde_json::json;

use super::House;
use super::fixture::{
    FORGET_AT, HASH, NOW, at_once, feed, open, session, session_id, sessions_told, user, with_sessions, with_user,
};
use crate::domain::email::Email;
use crate::domain::metadata::{InvalidMetadata, Metadata, MetadataPatch};
use crate::domain::password::PasswordHash;
use crate::domain::session::{EndReason, SessionId};
use crate::domain::user::{DisplayName, User};
use crate::store::sessions::{FindSession, ListSessions, OpenSessionOutcome};
use crate::store::users::import::{ImportUserOutcome, ImportUsers, KnownEmails};
use crate::store::users::list::ListUsersByEmail;
use crate::store::users::update::{AsAdministrator, Changes, NoAdministrator, UpdateUser, UpdateUserOutcome};
use crate::store::users::{
    ChangePassword, ChangePasswordOutcome, CreateUser, CreateUserOutcome, DeleteUser, DisableUser, EnableUser,
    FindUser, FindUserByEmail, ListUsers, UpgradePasswordHash,
};

fn change(user: &User, expected: &str, new: &str, keep: Option<SessionId>) -> ChangePassword {
    let (expected, new) = (Some(PasswordHash::new(expected)), PasswordHash::new(new));
    ChangePassword { user: user.id, expected, new, keep, now: NOW, forget_at: FORGET_AT, notice: None }
}

fn disable(user: &User) -> DisableUser {
    DisableUser { id: user.id, now: NOW, forget_at: FORGET_AT }
}

fn delete(user: &User) -> DeleteUser {
    DeleteUser { id: user.id, now: NOW, forget_at: FORGET_AT }
}

pub(in crate::store) async fn a_user_is_found_as_created(house: &impl House) {
    let store = house.open();
    let mut created = user(7);
    created.email_verified_at = Some(NOW.plus_seconds(1));
    created.updated_at = NOW.plus_seconds(2);
    store.write(CreateUser { user: created.clone(), session: None }).await.unwrap();
    let found = store.read(FindUser { id: created.id }).await.unwrap().unwrap();
    assert_eq!(found, created);
    assert_eq!(found.email.display(), "User7@Example.com");
    let bare = User { name: None, roles: Vec::new(), password_hash: None, ..user(8) };
    store.write(CreateUser { user: bare.clone(), session: None }).await.unwrap();
    assert_eq!(store.read(FindUser { id: bare.id }).await, Ok(Some(bare)));
}

pub(in crate::store) async fn an_address_is_one_however_it_is_written(house: &impl House) {
    let store = house.open();
    let user = with_user(&store).await;
    let email = Email::parse("uＳER1@EXAMPLE.com").unwrap();
    assert_eq!(store.read(FindUserByEmail { email: email.clone() }).await, Ok(Some(user)));
    let second = User { email, ..super::fixture::user(2) };
    assert_eq!(store.write(CreateUser { user: second, session: None }).await, Ok(CreateUserOutcome::EmailTaken));
}

pub(in crate::store) async fn fifty_registrations_of_one_address_make_one_account(house: &impl House) {
    let store = house.open();
    let email = Email::parse("one@example.com").unwrap();
    let users =
        (1..=50).map(|number| CreateUser { user: User { email: email.clone(), ..user(number) }, session: None });
    let answers = at_once(&store, users).await;
    let created = answers.iter().filter(|answer| **answer == Ok(CreateUserOutcome::Created)).count();
    let taken = answers.iter().filter(|answer| **answer == Ok(CreateUserOutcome::EmailTaken)).count();
    assert_eq!((created, taken), (1, 49));
    assert_eq!(store.read(ListUsers { after: None, limit: 100 }).await.unwrap().len(), 1);
}

pub(in crate::store) async fn users_are_listed_in_order_and_in_pages(house: &impl House) {
    let store = house.open();
    for number in [3, 1, 5, 2, 4] {
        store.write(CreateUser { user: user(number), session: None }).await.unwrap();
    }
    let first = store.read(ListUsers { after: None, limit: 3 }).await.unwrap();
    assert_eq!(first, [user(1), user(2), user(3)]);
    let rest = store.read(ListUsers { after: Some(first[2].id), limit: 3 }).await.unwrap();
    assert_eq!(rest, [user(4), user(5)]);
}

pub(in crate::store) async fn users_are_found_by_the_beginning_of_their_address(house: &impl House) {
    let store = house.open();
    for number in [30, 4, 31, 2, 3, 40] {
        store.write(CreateUser { user: user(number), session: None }).await.unwrap();
    }
    let list = async |prefix: &str, after: Option<&str>, limit| {
        let (prefix, after) = (prefix.to_owned(), after.map(str::to_owned));
        let found = store.read(ListUsersByEmail { prefix, after, limit }).await.unwrap();
        found.into_iter().map(|user| user.email.key().to_owned()).collect::<Vec<_>>()
    };
    let of_three = ["user30@example.com", "user31@example.com", "user3@example.com"];
    assert_eq!(list("user3", None, 10).await, of_three);
    assert_eq!(list("user3", None, 2).await, of_three[..2]);
    assert_eq!(list("user3", Some(of_three[1]), 2).await, of_three[2..]);
    assert_eq!(list("user3@", None, 10).await, of_three[2..]);
    assert_eq!(list("", None, 10).await.len(), 6);
    assert!(list("us%", None, 10).await.is_empty(), "no character stands for others");
}

pub(in crate::store) async fn a_user_is_changed_in_what_is_given(house: &impl House) {
    let store = house.open();
    let user = with_user(&store).await;
    let now = NOW.plus_seconds(5);
    let update = |changes| UpdateUser { id: user.id, changes, now };
    let object = |value: serde_json::Value| MetadataPatch::Merge(value.as_object().cloned().unwrap());
    let name = Some(Some(DisplayName::parse("Ada").unwrap()));
    let renamed = store.write(update(Changes { name, ..Changes::default() })).await.unwrap();
    let expected = User { name: Some("Ada".to_owned()), updated_at: now, ..user.clone() };
    let (before, after) = (Box::new(user.clone()), Box::new(expected.clone()));
    assert_eq!(renamed, UpdateUserOutcome::Updated { before, after });
    assert_eq!(store.read(FindUser { id: user.id }).await, Ok(Some(expected)));
    let all = Changes {
        name: Some(None),
        roles: Some(vec!["clerk".to_owned()]),
        email_verified: Some(true),
        app_metadata: Some(object(json!({"plan": "pro", "seats": 3}))),
        user_metadata: Some(object(json!({"locale": "de"}))),
    };
    store.write(update(all)).await.unwrap();
    let less = Changes { app_metadata: Some(object(json!({"seats": null}))), ..Changes::default() };
    store.write(update(less)).await.unwrap();
    let found = store.read(FindUser { id: user.id }).await.unwrap().unwrap();
    assert_eq!((found.name, found.roles, found.email_verified_at), (None, vec!["clerk".to_owned()], Some(now)));
    assert_eq!(found.app_metadata.to_store(), Some("{\"plan\":\"pro\"}"));
    assert_eq!(found.user_metadata.to_store(), Some("{\"locale\":\"de\"}"));
    let too_large = object(json!({"a": "x".repeat(Metadata::MAX_BYTES)}));
    let refused = Changes { name: Some(None), user_metadata: Some(too_large), ..Changes::default() };
    let refused = store.write(update(refused)).await;
    assert_eq!(refused, Ok(UpdateUserOutcome::InvalidUserMetadata(InvalidMetadata::TooLarge)));
    let emptied = Changes { app_metadata: Some(MetadataPatch::Clear), ..Changes::default() };
    store.write(update(emptied)).await.unwrap();
    let found = store.read(FindUser { id: user.id }).await.unwrap().unwrap();
    assert_eq!((found.app_metadata.to_store(), found.user_metadata.to_store()), (None, Some("{\"locale\":\"de\"}")));
}

fn as_administrator<O>(administrator: &User, target: &User, op: O) -> AsAdministrator<O> {
    let roles = vec!["admin".to_owned(), "boss".to_owned()];
    AsAdministrator { administrator: Some(administrator.id), roles, target: Some(target.id), op }
}

pub(in crate::store) async fn only_who_is_an_administrator_now_may_act_as_one(house: &impl House) {
    let store = house.open();
    let (admin, target) = (with_user(&store).await, User { roles: vec!["clerk".into()], ..user(2) });
    store.write(CreateUser { user: target.clone(), session: None }).await.unwrap();
    let act = |by: &User, on: &User| as_administrator(by, on, EnableUser { id: on.id, now: NOW });
    assert_eq!(store.write(act(&admin, &target)).await, Ok(Ok(true)));
    assert_eq!(store.write(act(&admin, &user(9))).await, Ok(Ok(false)), "who is not there is for the operation to say");
    assert_eq!(store.write(act(&target, &admin)).await, Ok(Err(NoAdministrator)));
    assert_eq!(store.write(act(&user(9), &target)).await, Ok(Err(NoAdministrator)));
    let by_nobody = AsAdministrator { administrator: None, ..act(&admin, &target) };
    assert_eq!(store.write(by_nobody).await, Ok(Ok(true)), "the command line may");
    store.write(disable(&admin)).await.unwrap();
    assert_eq!(store.write(act(&admin, &target)).await, Ok(Err(NoAdministrator)));
    assert_eq!(store.write(act(&admin, &admin)).await, Ok(Err(NoAdministrator)));
}

pub(in crate::store) async fn of_two_administrators_who_close_each_other_one_remains(house: &impl House) {
    let store = house.open();
    for round in 1..=20 {
        let (one, other) = (user(100 + 2 * round), user(101 + 2 * round));
        for user in [&one, &other] {
            store.write(CreateUser { user: user.clone(), session: None }).await.unwrap();
        }
        let acts = [as_administrator(&one, &other, disable(&other)), as_administrator(&other, &one, disable(&one))];
        let done = at_once(&store, acts).await;
        let done = done.iter().filter(|outcome| matches!(outcome, Ok(Ok(Some(_))))).count();
        assert_eq!(done, 1);
        let mut open = 0;
        for user in [one, other] {
            open += usize::from(store.read(FindUser { id: user.id }).await.unwrap().unwrap().is_enabled());
        }
        assert_eq!(open, 1);
    }
}

pub(in crate::store) async fn a_password_change_ends_the_other_sessions(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1, 2, 3]).await;
    let outcome = store.write(change(&user, HASH, "new", Some(session_id(2)))).await.unwrap();
    let ChangePasswordOutcome::Changed { mut ended } = outcome else { panic!("{outcome:?}") };
    ended.sort();
    assert_eq!(ended, [session_id(1), session_id(3)]);
    assert_eq!(feed(&store).await.entries.len(), 2);
    let session = store.read(FindSession { id: session_id(1) }).await.unwrap().unwrap();
    assert_eq!(session.ended.map(|ended| ended.reason), Some(EndReason::PasswordChanged));
    let outcome = store.write(change(&user, "new", "newer", None)).await;
    assert_eq!(outcome, Ok(ChangePasswordOutcome::Changed { ended: vec![session_id(2)] }));
}

pub(in crate::store) async fn a_password_change_needs_the_password_that_was_verified(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1]).await;
    let outcome = store.write(change(&user, "another", "new", None)).await;
    assert_eq!(outcome, Ok(ChangePasswordOutcome::HashChanged));
    let nothing = ChangePassword { expected: None, ..change(&user, HASH, "new", None) };
    assert_eq!(store.write(nothing).await, Ok(ChangePasswordOutcome::HashChanged));
    assert_eq!(feed(&store).await.head, 0);
    assert_eq!(store.read(FindUser { id: user.id }).await, Ok(Some(user)));
}

pub(in crate::store) async fn of_two_password_changes_at_once_one_wins(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1]).await;
    let answers = at_once(&store, (0..10).map(|n| change(&user, HASH, &format!("new {n}"), None))).await;
    let won = answers.iter().filter(|a| matches!(a, Ok(ChangePasswordOutcome::Changed { .. }))).count();
    let lost = answers.iter().filter(|a| **a == Ok(ChangePasswordOutcome::HashChanged)).count();
    assert_eq!((won, lost), (1, 9));
    assert_eq!(sessions_told(&store).await, [session_id(1)]);
}

pub(in crate::store) async fn a_hash_is_upgraded_only_while_it_is_the_same(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1]).await;
    let upgrade = |expected, new| UpgradePasswordHash {
        user: user.id,
        expected: PasswordHash::new(expected),
        new: PasswordHash::new(new),
        now: NOW,
    };
    assert_eq!(store.write(upgrade(HASH, "better")).await, Ok(true));
    assert_eq!(store.write(upgrade(HASH, "best")).await, Ok(false));
    let found = store.read(FindUser { id: user.id }).await.unwrap().unwrap();
    assert_eq!(found.password_hash, Some(PasswordHash::new("better")));
    assert_eq!(feed(&store).await.head, 0, "no session ends by an upgrade");
}

pub(in crate::store) async fn disabling_ends_all_sessions_once(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1, 2]).await;
    assert_eq!(store.write(disable(&user)).await, Ok(Some(vec![session_id(1), session_id(2)])));
    let later = DisableUser { now: NOW.plus_seconds(9), ..disable(&user) };
    assert_eq!(store.write(later).await, Ok(Some(Vec::new())));
    let found = store.read(FindUser { id: user.id }).await.unwrap().unwrap();
    assert_eq!(found.disabled_at, Some(NOW), "closed since the first time");
    assert_eq!(sessions_told(&store).await, [1, 2].map(session_id));
    assert_eq!(store.write(open(session(3, &user))).await, Ok(OpenSessionOutcome::AccountDisabled));
}

pub(in crate::store) async fn an_enabled_user_may_log_in_again(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1]).await;
    store.write(disable(&user)).await.unwrap();
    assert_eq!(store.write(EnableUser { id: user.id, now: NOW }).await, Ok(true));
    let opened = store.write(open(session(2, &user))).await;
    assert_eq!(opened, Ok(OpenSessionOutcome::Opened { user: Box::new(user.clone()), ended: Vec::new(), told: false }));
    let live = store.read(ListSessions { user: user.id, now: NOW }).await.unwrap();
    assert_eq!(live, [session(2, &user)], "the sessions of before stay ended");
}

pub(in crate::store) async fn deleting_leaves_nothing_behind(house: &impl House) {
    let store = house.open();
    let user = with_sessions(&store, [1, 2]).await;
    assert_eq!(store.write(delete(&user)).await, Ok(Some(vec![session_id(1), session_id(2)])));
    assert_eq!(sessions_told(&store).await, [1, 2].map(session_id));
    assert_eq!(store.read(FindUser { id: user.id }).await, Ok(None));
    assert_eq!(store.read(FindUserByEmail { email: user.email.clone() }).await, Ok(None));
    assert_eq!(store.read(FindSession { id: session_id(1) }).await, Ok(None));
    assert_eq!(
        store.write(CreateUser { user, session: None }).await,
        Ok(CreateUserOutcome::Created),
        "the address is free again"
    );
}

pub(in crate::store) async fn imported_accounts_are_made_whole_or_not_at_all(house: &impl House) {
    let store = house.open();
    let (one, two) = (with_user(&store).await, user(2));
    let same_address = User { id: user(3).id, email: Email::parse("USER1@example.com").unwrap(), ..user(3) };
    let same_id = User { id: one.id, ..user(4) };
    let users = vec![two.clone(), same_address, same_id, two.clone()];
    let outcomes = store.write(ImportUsers { users }).await.unwrap();
    let [made, taken] = [ImportUserOutcome::Created, ImportUserOutcome::EmailTaken];
    assert_eq!(outcomes, [made, taken, ImportUserOutcome::IdTaken, taken]);
    assert_eq!(store.read(FindUser { id: two.id }).await.unwrap(), Some(two.clone()));
    assert_eq!(store.read(ListUsers { after: None, limit: 9 }).await.unwrap(), [one.clone(), two.clone()]);
    let emails = vec![two.email, user(3).email, one.email];
    assert_eq!(store.read(KnownEmails { emails }).await.unwrap(), [true, false, true]);
}

pub(in crate::store) async fn what_happens_to_nobody_is_told(house: &impl House) {
    let store = house.open();
    let nobody = user(1);
    let nothing = UpdateUser { id: nobody.id, changes: Changes::default(), now: NOW };
    assert_eq!(store.write(nothing).await, Ok(UpdateUserOutcome::NoUser));
    assert_eq!(store.write(disable(&nobody)).await, Ok(None));
    assert_eq!(store.write(EnableUser { id: nobody.id, now: NOW }).await, Ok(false));
    assert_eq!(store.write(delete(&nobody)).await, Ok(None));
    assert_eq!(store.write(change(&nobody, HASH, "new", None)).await, Ok(ChangePasswordOutcome::NoUser));
    assert_eq!(store.write(open(session(1, &nobody))).await, Ok(OpenSessionOutcome::NoUser));
    assert_eq!(feed(&store).await.head, 0);
}
