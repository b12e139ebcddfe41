//! What the cases are made of.

use uuid::Uuid;

use crate::domain::mail::{Facts, Kind, Message, MessageId, Notice};
use crate::domain::password::PasswordHash;
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::Store;
use crate::store::conformance::fixture::{FORGET_AT, NOW};
use crate::store::mail_tokens::{ResetPassword, VerifyEmail};
use crate::store::outbox::{Attempted, EndAttempt, PrepareMail, Prepared, QueueMail, TakeUpMail, WaitingMail};
use crate::store::users::FindUser;

pub(super) const LEASE: i64 = 180;

pub(super) fn message_id(number: u128) -> MessageId {
    MessageId::new(Uuid::from_u128(number))
}

/// A message to the address of a user.
pub(in crate::store) fn message(number: u128, kind: Kind, to: &User) -> Message {
    Message {
        id: message_id(number),
        kind,
        user: None,
        to: to.email.clone(),
        facts: Facts::default(),
        queued_at: NOW,
        attempts: 0,
    }
}

pub(in crate::store) fn notice(number: u128, kind: Kind) -> Notice {
    Notice { id: message_id(number), kind, facts: Facts::default(), now: NOW }
}

pub(super) fn hash(number: u8) -> [u8; 32] {
    [number; 32]
}

pub(super) async fn queue(store: &Store, message: Message) {
    store.write(QueueMail { message }).await.unwrap();
}

pub(super) async fn take_up(store: &Store, now: Timestamp) -> Vec<Message> {
    store.write(TakeUpMail { now, until: now.plus_seconds(LEASE), limit: 100 }).await.unwrap()
}

pub(super) async fn prepare(store: &Store, message: &Message, token: u8, now: Timestamp) -> Prepared {
    store.write(PrepareMail { message: message.clone(), hash: hash(token), now }).await.unwrap()
}

pub(super) async fn done(store: &Store, message: &Message) -> bool {
    let end = EndAttempt { id: message.id, attempts: message.attempts, attempted: Attempted::Done };
    store.write(end).await.unwrap()
}

/// Queues, takes up and prepares a mail, and gives what became of it.
pub(super) async fn send(store: &Store, message: Message, token: u8, now: Timestamp) -> Prepared {
    queue(store, Message { queued_at: now, ..message }).await;
    let mails = take_up(store, now).await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let prepared = prepare(store, &mails[0], token, now).await;
    done(store, &mails[0]).await;
    prepared
}

pub(super) async fn count(store: &Store) -> u64 {
    store.read(WaitingMail).await.unwrap().count
}

pub(super) fn reset(token: u8, new: &str) -> ResetPassword {
    ResetPassword { hash: hash(token), new: PasswordHash::new(new), now: NOW, forget_at: FORGET_AT, notice: None }
}

pub(super) fn verify(token: u8) -> VerifyEmail {
    VerifyEmail { hash: hash(token), now: NOW, notice: None }
}

pub(super) async fn find(store: &Store, user: &User) -> User {
    store.read(FindUser { id: user.id }).await.unwrap().unwrap()
}
