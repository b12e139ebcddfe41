//! The revocation feed: what ended, numbered in the order in which it became true.
//!
//! A number is taken from a counter row in the transaction that writes the entry. The row stays locked until the
//! commit, so numbers become visible in their order: who has seen N has seen all up to N.

use super::error::StoreError;
use super::sql::statements;
use super::tx::{FromRow, Op, ReadOp, Row, Tx, params, stored_count};
use crate::domain::revocation::{Revocation, Subject};
use crate::domain::session::SessionId;
use crate::domain::time::Timestamp;
use crate::domain::user::UserId;

statements! {
    TAKE_NUMBERS = "UPDATE meta SET number = number + $1 WHERE name = 'revocations'";
    INSERT = "INSERT INTO revocations (sequence, kind, subject, issued_before, forget_at) \
              VALUES ((SELECT number - $1 FROM meta WHERE name = 'revocations'), \
              (SELECT CAST($2 AS TEXT) FROM meta WHERE name = 'revocations'), $3, $4, $5)";
    HEAD = "SELECT head.number, epoch.number FROM meta AS head JOIN meta AS epoch ON epoch.name = 'revocations_epoch' \
            WHERE head.name = 'revocations'";
    AFTER = "SELECT sequence, kind, subject, issued_before, forget_at FROM revocations \
             WHERE sequence > $1 ORDER BY sequence LIMIT $2";
    FORGET = "DELETE FROM revocations WHERE sequence IN \
              (SELECT sequence FROM revocations WHERE forget_at < $1 ORDER BY forget_at LIMIT $2)";
    BEGIN_EPOCH = "UPDATE meta SET number = $1 WHERE name = 'revocations_epoch'";
}

/// What the feed holds after some number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Feed {
    /// Which numbering this is: it grows when the store is put back to an older state.
    pub(crate) epoch: u64,
    /// The number of the last entry ever written, 0 before the first. Less than what was asked for means that the
    /// store was set back.
    pub(crate) head: u64,
    /// The entries in their order. Numbers missing among them are forgotten ones.
    pub(crate) entries: Vec<FeedEntry>,
}

/// Begins another numbering, in a store that is put back to an older state. Its number is one that no earlier state had.
pub(super) async fn begin_epoch<T: Tx>(tx: &mut T, epoch: Timestamp) -> Result<(), StoreError> {
    match tx.execute(BEGIN_EPOCH, params![epoch]).await? {
        1 => Ok(()),
        _ => Err(StoreError::corrupt("the revocation feed has no epoch")),
    }
}

/// An entry with its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FeedEntry {
    pub(crate) sequence: u64,
    pub(crate) revocation: Revocation,
}

/// The entries after a number, at most so many of them.
#[derive(Debug)]
pub(crate) struct RevocationsAfter {
    pub(crate) after: u64,
    pub(crate) limit: u32,
}

impl Op for RevocationsAfter {
    type Output = Feed;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Feed, StoreError> {
        // A number beyond all that can be stored is after every entry.
        let after = i64::try_from(self.after).unwrap_or(i64::MAX);
        let entries = (AFTER, &params![after, self.limit][..]);
        let (head, entries, timeline) = tx.first_and_all_of_timeline::<Head, _>((HEAD, params![]), entries).await?;
        let Head { head, epoch } = head.ok_or_else(no_counter)?;
        let epoch = numbering(epoch, timeline);
        Ok(Feed { epoch, head, entries })
    }
}

/// Histories of the engine that are told apart.
const TIMELINES: u32 = 1024;

/// The numbering of the feed: what is stored, which whoever restores a copy changes, and within that the engine's history,
/// which changes by itself. Both only grow.
fn numbering(stored: u64, timeline: u32) -> u64 {
    stored.saturating_mul(u64::from(TIMELINES)).saturating_add(u64::from(timeline.min(TIMELINES - 1)))
}

impl ReadOp for RevocationsAfter {
    const SCAN: bool = true;
}

/// Ends one token, by its `jti`.
#[derive(Debug)]
pub(crate) struct RevokeToken {
    pub(crate) jti: String,
    /// When it will have expired.
    pub(crate) forget_at: Timestamp,
}

impl Op for RevokeToken {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        append(tx, &[Subject::Token(self.jti.clone())], self.forget_at).await
    }
}

/// Takes entries out of the feed whose tokens have all expired, at most so many; tells how many.
#[derive(Debug)]
pub(crate) struct ForgetRevocations {
    pub(crate) now: Timestamp,
    pub(crate) limit: u32,
}

impl Op for ForgetRevocations {
    type Output = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        tx.execute_alone(FORGET, params![self.now, self.limit]).await
    }
}

/// Writes an entry for each session, in this transaction.
pub(super) async fn append_sessions<T: Tx>(
    tx: &mut T,
    sessions: &[SessionId],
    forget_at: Timestamp,
) -> Result<(), StoreError> {
    let subjects: Vec<Subject> = sessions.iter().copied().map(Subject::Session).collect();
    append(tx, &subjects, forget_at).await
}

/// Writes an entry for each subject, in this transaction.
pub(super) async fn append<T: Tx>(tx: &mut T, subjects: &[Subject], forget_at: Timestamp) -> Result<(), StoreError> {
    if subjects.is_empty() {
        return Ok(());
    }
    tx.announce();
    let count = stored_count(subjects.len() as u64)?;
    tx.execute_along(TAKE_NUMBERS, params![count]).await?;
    for (before_last, subject) in (0..count).rev().zip(subjects) {
        insert(tx, before_last, subject, forget_at).await?;
    }
    Ok(())
}

/// Writes an entry with the number that is so many before the last one taken. Without the counter it has no kind, which the table
/// refuses.
async fn insert<T: Tx>(
    tx: &mut T,
    before_last: i64,
    subject: &Subject,
    forget_at: Timestamp,
) -> Result<(), StoreError> {
    let (kind, bytes, issued_before): (&str, &[u8], Option<Timestamp>) = match subject {
        Subject::Session(id) => ("sid", id.as_bytes(), None),
        Subject::User { user, issued_before } => ("sub", user.as_bytes(), Some(*issued_before)),
        Subject::Token(jti) => ("jti", jti.as_bytes(), None),
        Subject::Key(kid) => ("kid", kid.as_bytes(), None),
    };
    tx.execute_along(INSERT, params![before_last, kind, bytes, issued_before, forget_at]).await
}

impl FromRow for FeedEntry {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        let revocation = Revocation { subject: subject(row)?, forget_at: row.time(4)? };
        Ok(Self { sequence: row.count(0)?, revocation })
    }
}

fn subject(row: &impl Row) -> Result<Subject, StoreError> {
    let bytes = row.bytes(2)?;
    let subject = match row.text(1)? {
        "sid" => SessionId::from_slice(bytes).map(Subject::Session),
        "sub" => {
            let issued_before = row.time(3)?;
            UserId::from_slice(bytes).map(|user| Subject::User { user, issued_before })
        }
        "jti" => text(bytes).map(Subject::Token),
        "kid" => text(bytes).map(Subject::Key),
        _ => None,
    };
    subject.ok_or_else(|| StoreError::corrupt("an entry of the revocation feed cannot be read"))
}

fn text(bytes: &[u8]) -> Option<String> {
    String::from_utf8(bytes.to_vec()).ok()
}

fn no_counter() -> StoreError {
    StoreError::corrupt("the counter of the revocation feed is gone")
}

struct Head {
    head: u64,
    epoch: u64,
}

impl FromRow for Head {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        Ok(Self { head: row.count(0)?, epoch: row.count(1)? })
    }
}
