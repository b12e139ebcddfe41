//! What happens to the tokens of links in mails. Only their hashes are kept.
//!
//! Whoever makes, redeems or voids a token of a user holds the user first.

use super::error::StoreError;
use super::sql::statements;
use super::tx::{FromRow, Op, ReadOp, Row, Tx, params};
use crate::domain::email::Email;
use crate::domain::mail::{MailToken, Purpose};
use crate::domain::time::Timestamp;
use crate::domain::user::UserId;

pub(super) mod reset;
pub(super) mod verify;

pub(crate) use reset::{ResetOutcome, ResetPassword};
pub(crate) use verify::{VerifyEmail, VerifyOutcome};

/// The columns of a [`MailToken`], in its order.
macro_rules! columns {
    () => {
        "hash, user_id, purpose, email, email_key, issued_at, expires_at"
    };
}

statements! {
    FIND = concat!("SELECT ", columns!(), " FROM mail_tokens WHERE hash = $1");
    OF_USER = concat!("SELECT ", columns!(), " FROM mail_tokens WHERE user_id = $1 AND purpose = $2");
    INSERT = "INSERT INTO mail_tokens (hash, user_id, purpose, email, email_key, issued_at, expires_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7)";
    REDEEM = "DELETE FROM mail_tokens WHERE hash = $1 AND user_id = $2";
    VOID = "DELETE FROM mail_tokens WHERE user_id = $1 AND purpose = $2";
    VOID_ALL = "DELETE FROM mail_tokens WHERE user_id = $1";
    FORGET = "DELETE FROM mail_tokens WHERE hash IN \
              (SELECT hash FROM mail_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
}

/// The token of this hash, whatever it is good for.
#[derive(Debug)]
pub(crate) struct FindMailToken {
    pub(crate) hash: [u8; 32],
}

impl Op for FindMailToken {
    type Output = Option<MailToken>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<MailToken>, StoreError> {
        find(tx, self.hash).await
    }
}

impl ReadOp for FindMailToken {}

/// Takes tokens out that are good for nothing any more, at most so many; tells how many.
#[derive(Debug)]
pub(crate) struct ForgetMailTokens {
    pub(crate) now: Timestamp,
    pub(crate) limit: u32,
}

impl Op for ForgetMailTokens {
    type Output = u64;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<u64, StoreError> {
        tx.execute_alone(FORGET, params![self.now, self.limit]).await
    }
}

async fn find<T: Tx>(tx: &mut T, hash: [u8; 32]) -> Result<Option<MailToken>, StoreError> {
    tx.first(FIND, params![hash.as_slice()]).await
}

/// The tokens of a user for one purpose, in this transaction.
pub(super) async fn of_user<T: Tx>(tx: &mut T, user: UserId, purpose: Purpose) -> Result<Vec<MailToken>, StoreError> {
    tx.all(OF_USER, params![user.as_bytes(), purpose.name()]).await
}

/// Puts a token in the place of the one that the user had for the same purpose, in this transaction.
pub(super) async fn replace<T: Tx>(tx: &mut T, token: &MailToken) -> Result<(), StoreError> {
    void(tx, token.user, token.purpose).await?;
    let values = params![
        token.hash.as_slice(),
        token.user.as_bytes(),
        token.purpose.name(),
        token.email.display(),
        token.email.key(),
        token.issued_at,
        token.expires_at,
    ];
    tx.execute_along(INSERT, values).await
}

/// Uses a token up, in this transaction. Of several who try, one is told that it did.
async fn redeem<T: Tx>(tx: &mut T, token: &MailToken) -> Result<bool, StoreError> {
    let rows = tx.execute(REDEEM, params![token.hash.as_slice(), token.user.as_bytes()]).await?;
    Ok(rows == 1)
}

/// Voids the tokens of a user for one purpose, in this transaction.
pub(super) async fn void<T: Tx>(tx: &mut T, user: UserId, purpose: Purpose) -> Result<(), StoreError> {
    tx.execute_along(VOID, params![user.as_bytes(), purpose.name()]).await
}

/// Voids all tokens of a user, in this transaction.
pub(super) async fn void_all<T: Tx>(tx: &mut T, user: UserId) -> Result<(), StoreError> {
    tx.execute_along(VOID_ALL, params![user.as_bytes()]).await
}

impl FromRow for MailToken {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        let corrupt = || StoreError::corrupt("the token of a mail cannot be read");
        Ok(Self {
            hash: row.bytes(0)?.try_into().map_err(|_| corrupt())?,
            user: UserId::from_slice(row.bytes(1)?).ok_or_else(corrupt)?,
            purpose: Purpose::from_name(row.text(2)?).ok_or_else(corrupt)?,
            email: Email::from_stored(row.text(3)?, row.text(4)?),
            issued_at: row.time(5)?,
            expires_at: row.time(6)?,
        })
    }
}
