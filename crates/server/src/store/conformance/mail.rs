pub(in crate::store) mod steps;

use super::House;
use super::audit::{ALL, line};
use super::fixture::{
    FORGET_AT, HASH, NOW, at_once, feed, log_out, open, rotate, session, session_id, user, with_user, with_user_number,
};
use crate::domain::audit::Event;
use crate::domain::email::Email;
use crate::domain::mail::{Facts, Kind, Letter, Message, Purpose};
use crate::domain::password::PasswordHash;
use crate::domain::session::{EndReason, Session};
use crate::domain::user::User;
use crate::store::audit::ListLines;
use crate::store::mail_tokens::{
    FindMailToken, ForgetMailTokens, ResetOutcome, ResetPassword, VerifyEmail, VerifyOutcome,
};
use crate::store::outbox::{
    Attempted, EndAttempt, IsMailDue, Prepared, RegisterUnproven, RegisterUser, TakeUpMail, Waiting, WaitingMail,
};
use crate::store::sessions::{FindSession, OpenSession, OpenSessionOutcome, Which};
use crate::store::users::{
    ChangePassword, ChangePasswordOutcome, CreateUser, CreateUserOutcome, DeleteUser, DisableUser, FindUser,
};
use steps::{
    LEASE, count, done, find, hash, message, message_id, notice, prepare, queue, reset, send, take_up, verify,
};

pub(in crate::store) async fn a_mail_is_taken_up_by_one_until_its_attempt_counts_as_failed(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    assert!(!store.read(IsMailDue { now: NOW }).await.unwrap());
    let facts = Facts { device: Some("Ada's \"laptop\"".into()), address: Some("192.0.2.1".into()), email: None };
    let queued = Message { facts, user: Some(ada.id), ..message(1, Kind::NewDevice, &ada) };
    queue(&store, queued.clone()).await;
    assert!(store.read(IsMailDue { now: NOW }).await.unwrap());
    assert_eq!(take_up(&store, NOW).await, [Message { attempts: 1, ..queued.clone() }]);
    assert!(take_up(&store, NOW.plus_seconds(LEASE - 1)).await.is_empty(), "it is being sent");
    let again = take_up(&store, NOW.plus_seconds(LEASE)).await;
    assert_eq!(again, [Message { attempts: 2, ..queued.clone() }], "whoever had it was not heard of again");
    let first = Message { attempts: 1, ..queued };
    assert!(!done(&store, &first).await, "the first attempt is not the last any more");
    assert_eq!(prepare(&store, &first, 1, NOW).await, Prepared::Gone);
    assert!(done(&store, &again[0]).await);
    assert_eq!(store.read(WaitingMail).await, Ok(Waiting { count: 0, oldest: None }));
}

pub(in crate::store) async fn of_many_servers_one_takes_up_each_mail(house: &impl House) {
    let (store, other) = (house.open(), house.open());
    let ada = with_user(&store).await;
    for number in 1..=40 {
        queue(&store, message(number, Kind::NewDevice, &ada)).await;
    }
    let take_up = |_| TakeUpMail { now: NOW, until: NOW.plus_seconds(LEASE), limit: 3 };
    let (here, there) = tokio::join!(at_once(&store, (0..10).map(take_up)), at_once(&other, (0..10).map(take_up)));
    let mut ids: Vec<_> = here.into_iter().chain(there).flat_map(|mails| mails.unwrap()).map(|mail| mail.id).collect();
    let mails = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), mails, "nobody has what another has");
    assert!(mails >= 20, "{mails}");
}

pub(in crate::store) async fn a_failed_attempt_is_due_again_when_it_says(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    queue(&store, message(1, Kind::Reset, &ada)).await;
    let mails = take_up(&store, NOW).await;
    let later = Attempted::AgainAt(NOW.plus_seconds(10));
    let end = EndAttempt { id: mails[0].id, attempts: 1, attempted: later };
    assert_eq!(store.write(end).await, Ok(true));
    assert!(take_up(&store, NOW.plus_seconds(9)).await.is_empty());
    assert_eq!(take_up(&store, NOW.plus_seconds(10)).await[0].attempts, 2);
    assert_eq!(store.read(WaitingMail).await, Ok(Waiting { count: 1, oldest: Some(NOW) }));
}

pub(in crate::store) async fn a_request_leaves_the_same_row_for_everybody(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    let closed = User { disabled_at: Some(NOW), ..user(2) };
    store.write(CreateUser { user: closed.clone(), session: None }).await.unwrap();
    for (number, somebody) in [(1, &ada), (2, &closed), (3, &user(3))] {
        queue(&store, message(number, Kind::Reset, somebody)).await;
    }
    assert_eq!(count(&store).await, 3);
    let mails = take_up(&store, NOW).await;
    for message in mails {
        let expected =
            if message.to == ada.email { Prepared::Send(Letter::Reset, ada.email.clone()) } else { Prepared::Drop };
        assert_eq!(prepare(&store, &message, 7, NOW).await, expected);
    }
    assert_eq!(count(&store).await, 1, "what nobody gets is gone");
    let token = store.read(FindMailToken { hash: hash(7) }).await.unwrap().unwrap();
    assert_eq!((token.user, token.purpose, token.expires_at), (ada.id, Purpose::Reset, NOW.plus_seconds(3600)));
}

pub(in crate::store) async fn a_new_link_voids_the_old_and_keeps_its_distance(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    let sent = Prepared::Send(Letter::Reset, ada.email.clone());
    assert_eq!(send(&store, message(1, Kind::Reset, &ada), 1, NOW).await, sent);
    assert_eq!(send(&store, message(2, Kind::Reset, &ada), 2, NOW.plus_seconds(59)).await, Prepared::Drop);
    assert_eq!(send(&store, message(3, Kind::Reset, &ada), 3, NOW.plus_seconds(60)).await, sent);
    assert_eq!(store.write(reset(1, "new")).await, Ok(ResetOutcome::Invalid));
    assert_eq!(store.write(reset(2, "new")).await, Ok(ResetOutcome::Invalid));
    let outcome = store.write(reset(3, "new")).await;
    assert_eq!(outcome, Ok(ResetOutcome::Reset { user: ada.id, ended: Vec::new() }));
}

/// A mail whose sending was not heard of is tried again with the same token, also when it was used meanwhile.
pub(in crate::store) async fn a_used_link_does_not_come_back_with_a_retry(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    queue(&store, message(1, Kind::Reset, &ada)).await;
    let first = take_up(&store, NOW).await.remove(0);
    assert_eq!(prepare(&store, &first, 1, NOW).await, Prepared::Send(Letter::Reset, ada.email.clone()));
    assert_eq!(
        prepare(&store, &first, 1, NOW).await,
        Prepared::Send(Letter::Reset, ada.email.clone()),
        "the same again"
    );
    assert!(matches!(store.write(reset(1, "new")).await, Ok(ResetOutcome::Reset { .. })));
    assert!(take_up(&store, NOW.plus_seconds(LEASE)).await.is_empty());
    assert_eq!(prepare(&store, &first, 1, NOW).await, Prepared::Gone);
    assert_eq!(store.write(reset(1, "newer")).await, Ok(ResetOutcome::Invalid));
}

pub(in crate::store) async fn a_reset_sets_the_password_and_ends_all_sessions(house: &impl House) {
    let store = house.open();
    let ada = super::fixture::with_sessions(&store, [1, 2]).await;
    send(&store, message(1, Kind::Reset, &ada), 1, NOW).await;
    let with_notice = ResetPassword { notice: Some(notice(9, Kind::PasswordChanged)), ..reset(1, "new") };
    let ResetOutcome::Reset { mut ended, .. } = store.write(with_notice).await.unwrap() else { panic!("refused") };
    ended.sort();
    assert_eq!(ended, [session_id(1), session_id(2)]);
    assert_eq!(feed(&store).await.entries.len(), 3, "each session, and the user");
    let found = store.read(FindSession { id: session_id(1) }).await.unwrap().unwrap();
    assert_eq!(found.ended.map(|ended| ended.reason), Some(EndReason::PasswordReset));
    let now = find(&store, &ada).await;
    assert_eq!(now.password_hash, Some(PasswordHash::new("new")));
    assert_eq!(now.email_verified_at, Some(NOW), "the link went to the address");
    let told = take_up(&store, NOW).await;
    assert_eq!((told.len(), told[0].kind, &told[0].to), (1, Kind::PasswordChanged, &ada.email));
}

pub(in crate::store) async fn of_fifty_uses_of_a_link_one_succeeds(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    send(&store, message(1, Kind::Reset, &ada), 1, NOW).await;
    let resets = at_once(&store, (0..50).map(|number| reset(1, &format!("new {number}")))).await;
    let succeeded = resets.iter().filter(|outcome| matches!(outcome, Ok(ResetOutcome::Reset { .. }))).count();
    let refused = resets.iter().filter(|outcome| **outcome == Ok(ResetOutcome::Invalid)).count();
    assert_eq!((succeeded, refused), (1, 49));
    let bob = user(2);
    store.write(CreateUser { user: bob.clone(), session: None }).await.unwrap();
    send(&store, message(2, Kind::Verify, &bob), 2, NOW).await;
    let verifications = at_once(&store, (0..50).map(|_| verify(2))).await;
    let verified = verifications.iter().filter(|outcome| matches!(outcome, Ok(VerifyOutcome::Verified(_)))).count();
    let refused = verifications.iter().filter(|outcome| **outcome == Ok(VerifyOutcome::Invalid)).count();
    assert_eq!((verified, refused), (1, 49));
}

pub(in crate::store) async fn a_link_is_good_for_one_thing_and_for_a_time(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    send(&store, message(1, Kind::Verify, &ada), 1, NOW).await;
    assert_eq!(store.write(reset(1, "new")).await, Ok(ResetOutcome::Invalid));
    assert_eq!(store.write(verify(2)).await, Ok(VerifyOutcome::Invalid), "no such link");
    let late = VerifyEmail { now: NOW.plus_seconds(86_400), ..verify(1) };
    assert_eq!(store.write(late).await, Ok(VerifyOutcome::Invalid));
    assert_eq!(store.write(verify(1)).await, Ok(VerifyOutcome::Verified(ada.clone())));
    assert_eq!(find(&store, &ada).await.email_verified_at, Some(NOW));
    send(&store, message(2, Kind::Reset, &ada), 2, NOW).await;
    assert_eq!(store.write(verify(2)).await, Ok(VerifyOutcome::Invalid));
    let late = ResetPassword { now: NOW.plus_seconds(3600), ..reset(2, "new") };
    assert_eq!(store.write(late).await, Ok(ResetOutcome::Invalid));
    assert_eq!(store.write(ForgetMailTokens { now: NOW.plus_seconds(3600), limit: 10 }).await, Ok(0));
    assert_eq!(store.write(ForgetMailTokens { now: NOW.plus_seconds(3601), limit: 10 }).await, Ok(1));
    assert_eq!(store.read(FindMailToken { hash: hash(2) }).await, Ok(None));
}

pub(in crate::store) async fn another_password_voids_the_links_of_before(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    send(&store, message(1, Kind::Reset, &ada), 1, NOW).await;
    queue(&store, message(2, Kind::Reset, &ada)).await;
    let change = ChangePassword {
        user: ada.id,
        expected: Some(PasswordHash::new(HASH)),
        new: PasswordHash::new("new"),
        keep: None,
        now: NOW,
        forget_at: FORGET_AT,
        notice: Some(notice(9, Kind::PasswordChanged)),
    };
    assert_eq!(store.write(change).await, Ok(ChangePasswordOutcome::Changed { ended: Vec::new() }));
    assert_eq!(store.write(reset(1, "newer")).await, Ok(ResetOutcome::Invalid));
    let told = take_up(&store, NOW).await;
    assert_eq!(told.iter().map(|mail| mail.kind).collect::<Vec<_>>(), [Kind::PasswordChanged], "and none is sent");
}

pub(in crate::store) async fn a_new_address_is_taken_when_it_is_proven(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    send(&store, message(1, Kind::Reset, &ada), 1, NOW).await;
    send(&store, message(2, Kind::Verify, &ada), 2, NOW).await;
    let wanted = User { email: Email::parse("New@Example.com").unwrap(), ..ada.clone() };
    let change = Message { user: Some(ada.id), ..message(3, Kind::ChangeEmail, &wanted) };
    let expected = Prepared::Send(Letter::ChangeEmail, wanted.email);
    assert_eq!(send(&store, change, 3, NOW).await, expected);
    assert_eq!(find(&store, &ada).await.email, ada.email, "until then nothing changes");
    let changed = VerifyEmail { notice: Some(notice(9, Kind::EmailChanged)), ..verify(3) };
    assert_eq!(store.write(changed).await, Ok(VerifyOutcome::Changed(ada.clone())));
    let now = find(&store, &ada).await;
    assert_eq!((now.email.display(), now.email_verified_at), ("New@Example.com", Some(NOW)));
    assert_eq!(store.write(reset(1, "new")).await, Ok(ResetOutcome::Invalid), "what the old address got is void");
    assert_eq!(store.write(verify(2)).await, Ok(VerifyOutcome::Invalid));
    let told = take_up(&store, NOW).await;
    assert_eq!((told.len(), &told[0].to, told[0].facts.email.as_deref()), (1, &ada.email, Some("New@Example.com")));
}

pub(in crate::store) async fn an_address_of_somebody_else_is_not_taken(house: &impl House) {
    let store = house.open();
    let (ada, bob) = (with_user(&store).await, user(2));
    let change = |number| Message { user: Some(ada.id), ..message(number, Kind::ChangeEmail, &bob) };
    let expected = Prepared::Send(Letter::ChangeEmail, bob.email.clone());
    assert_eq!(send(&store, change(1), 1, NOW).await, expected);
    store.write(CreateUser { user: bob.clone(), session: None }).await.unwrap();
    assert_eq!(store.write(verify(1)).await, Ok(VerifyOutcome::Taken));
    assert_eq!(send(&store, change(2), 2, NOW.plus_seconds(90)).await, Prepared::Drop);
    assert_eq!(find(&store, &ada).await.email, ada.email);
}

pub(in crate::store) async fn of_several_who_take_one_address_at_once_one_gets_it(house: &impl House) {
    let store = house.open();
    // How often the moment is tried to be met.
    for round in 0..12 {
        let (numbers, wanted) = (10 * round + 1..=10 * round + 8, user(1000 + u128::from(round)));
        for number in numbers.clone() {
            let user = with_user_number(&store, number.into()).await;
            let change = Message { user: Some(user.id), ..message(number.into(), Kind::ChangeEmail, &wanted) };
            let expected = Prepared::Send(Letter::ChangeEmail, wanted.email.clone());
            assert_eq!(send(&store, change, number, NOW).await, expected);
        }
        let answers = at_once(&store, numbers.map(verify)).await;
        let changed = answers.iter().filter(|answer| matches!(answer, Ok(VerifyOutcome::Changed(_)))).count();
        let taken = answers.iter().filter(|answer| **answer == Ok(VerifyOutcome::Taken)).count();
        assert_eq!((changed, taken), (1, 7), "{answers:?}");
    }
}

pub(in crate::store) async fn registering_where_it_has_to_be_proven_tells_nothing(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    let register = |number: u128, user: User| RegisterUnproven {
        message: Message { user: Some(user.id), ..message(number, Kind::Registered, &user) },
        line: line(0, u16::try_from(number).unwrap(), Event::Register).about(user.id).refused("email_taken"),
        user,
    };
    let again = User { email: ada.email.clone(), ..user(5) };
    let known = store.write(register(1, again.clone())).await;
    let unknown = store.write(register(2, user(2))).await;
    assert_eq!((known, unknown), (Ok(()), Ok(())));
    let lines = store.read(ListLines { limit: 10, ..ALL }).await.unwrap();
    let told: Vec<_> = lines.iter().map(|line| (line.user, line.refused.as_deref())).collect();
    assert_eq!(told, [(Some(user(2).id), None), (None, Some("email_taken"))]);
    assert_eq!(store.read(FindUser { id: again.id }).await, Ok(None));
    assert_eq!(find(&store, &ada).await, ada, "nothing is changed");
    for message in take_up(&store, NOW).await {
        let letter = if message.to == ada.email { Letter::Known } else { Letter::Verify };
        let number = if letter == Letter::Known { 1 } else { 2 };
        assert_eq!(prepare(&store, &message, number, NOW).await, Prepared::Send(letter, message.to));
    }
    assert!(matches!(store.write(verify(2)).await, Ok(VerifyOutcome::Verified(_))));
    assert!(matches!(store.write(reset(1, "mine")).await, Ok(ResetOutcome::Reset { .. })));
}

pub(in crate::store) async fn an_account_its_session_and_its_mail_come_together(house: &impl House) {
    let store = house.open();
    let ada = user(1);
    let register = |number: u128| RegisterUser {
        user: ada.clone(),
        session: session(number, &ada),
        message: message(number, Kind::Verify, &ada),
    };
    assert_eq!(store.write(register(1)).await, Ok(CreateUserOutcome::Created));
    assert_eq!(store.write(register(2)).await, Ok(CreateUserOutcome::EmailTaken));
    assert_eq!((count(&store).await, store.read(FindSession { id: session_id(2) }).await), (1, Ok(None)));
    assert!(store.read(FindSession { id: session_id(1) }).await.unwrap().is_some());
}

pub(in crate::store) async fn nobody_logs_in_before_the_address_is_proven(house: &impl House) {
    let store = house.open();
    let ada = super::fixture::with_sessions(&store, [10, 11]).await;
    let proven_only = |number| OpenSession { proven_only: true, most: 1, ..open(session(number, &ada)) };
    assert_eq!(store.write(proven_only(1)).await, Ok(OpenSessionOutcome::EmailNotVerified));
    assert!(feed(&store).await.entries.is_empty(), "and no session makes room for it");
    let wrong = OpenSession { verified: Some(PasswordHash::new("another")), ..proven_only(2) };
    assert_eq!(store.write(wrong).await, Ok(OpenSessionOutcome::HashChanged), "only after the right password");
    send(&store, message(1, Kind::Verify, &ada), 1, NOW).await;
    store.write(verify(1)).await.unwrap();
    assert!(matches!(store.write(proven_only(3)).await, Ok(OpenSessionOutcome::Opened { .. })));
}

pub(in crate::store) async fn a_new_device_is_told_of_once(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    let log_in = |number: u128, user_agent: &str| {
        let session = Session { user_agent: Some(user_agent.to_owned()), ..session(number, &ada) };
        OpenSession { new_device: Some(notice(number, Kind::NewDevice)), ..open(session) }
    };
    for (number, user_agent, told) in
        [(1, "Firefox/142.0", 0), (2, "Firefox/143.0", 0), (3, "Safari", 1), (4, "Safari", 0), (5, "Firefox/1", 0)]
    {
        store.write(log_in(number, user_agent)).await.unwrap();
        let mails = take_up(&store, NOW).await;
        assert_eq!(mails.len(), told, "{user_agent}");
        for mail in mails {
            assert!(done(&store, &mail).await && mail.to == ada.email);
        }
    }
}

pub(in crate::store) async fn a_reuse_is_told_of_once(house: &impl House) {
    let store = house.open();
    let ada = super::fixture::with_sessions(&store, [1, 2]).await;
    let late = NOW.plus_seconds(3600);
    for number in [1, 2] {
        store.rotate(rotate(number, 0, NOW)).await.unwrap();
    }
    for _ in 0..2 {
        store.rotate(crate::store::sessions::RotateSession { notify: true, ..rotate(1, 0, late) }).await.unwrap();
    }
    store.write(log_out(2, Which::All, late)).await.unwrap();
    let mut told = take_up(&store, late).await;
    told.sort_by_key(|mail| mail.id);
    let ids: Vec<_> = told.iter().map(|mail| mail.id).collect();
    assert_eq!(ids, [message_id(1), message_id(2)]);
    assert!(told.iter().all(|mail| mail.kind == Kind::SessionReused && mail.to == ada.email));
    assert_eq!(told[0].facts.device.as_deref(), Some("Ada's laptop"));
}

pub(in crate::store) async fn a_closed_account_keeps_no_links(house: &impl House) {
    let store = house.open();
    let ada = with_user(&store).await;
    send(&store, message(1, Kind::Reset, &ada), 1, NOW).await;
    store.write(DisableUser { id: ada.id, now: NOW, forget_at: FORGET_AT }).await.unwrap();
    assert_eq!(store.write(reset(1, "new")).await, Ok(ResetOutcome::Invalid));
    let bob = user(2);
    store.write(CreateUser { user: bob.clone(), session: None }).await.unwrap();
    send(&store, message(2, Kind::Reset, &bob), 2, NOW).await;
    queue(&store, message(3, Kind::Reset, &bob)).await;
    store.write(DeleteUser { id: bob.id, now: NOW, forget_at: FORGET_AT }).await.unwrap();
    assert_eq!(count(&store).await, 0);
    assert_eq!(store.read(FindMailToken { hash: hash(2) }).await, Ok(None));
}
