//! What happens to users.

use super::error::StoreError;
use super::mail_tokens::{self, reset::password_changed};
use super::outbox;
use super::sessions::{self, Ending};
use super::sql::{Sql, presumed, statements};
use super::tx::{FromRow, Op, Param, ReadOp, Row, Tx, params};
use crate::domain::email::Email;
use crate::domain::mail::Notice;
use crate::domain::metadata::Metadata;
use crate::domain::password::PasswordHash;
use crate::domain::session::{EndReason, Session, SessionId};
use crate::domain::time::Timestamp;
use crate::domain::user::{User, UserId};

pub(crate) mod import;
pub(crate) mod list;
pub(crate) mod update;

pub(crate) use list::ListUsers;

/// The columns [`read`] reads, in its order.
macro_rules! columns {
    () => {
        "users.id, users.email, users.email_key, users.email_verified_at, users.name, users.roles, \
         users.password_hash, users.disabled_at, users.created_at, users.updated_at, \
         users.app_metadata, users.user_metadata"
    };
}

pub(super) use columns;

macro_rules! insert {
    () => {
        "INSERT INTO users (id, email, email_key, email_verified_at, name, roles, password_hash, disabled_at, \
         created_at, updated_at, app_metadata, user_metadata) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
         ON CONFLICT (email_key) DO NOTHING"
    };
}

macro_rules! set_hash {
    () => {
        "UPDATE users SET password_hash = $3, updated_at = $4 WHERE id = $1 AND password_hash IS NOT DISTINCT FROM $2"
    };
}

macro_rules! unchanged {
    () => {
        "SELECT 1 FROM users WHERE id = $1 AND (email, email_key, email_verified_at, name, roles, password_hash, \
         disabled_at, created_at, updated_at, app_metadata, user_metadata) \
         IS NOT DISTINCT FROM ($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
    };
}

statements! {
    INSERT = insert!();
    INSERT_PRESUMED = concat!(insert!(), " RETURNING id"), postgres presumed!(concat!(insert!(), " RETURNING id"));
    UNCHANGED = unchanged!(), postgres presumed!(concat!(unchanged!(), " FOR UPDATE"));
    FIND = concat!("SELECT ", columns!(), " FROM users WHERE id = $1");
    HOLD = concat!("SELECT ", columns!(), " FROM users WHERE id = $1"), locking "FOR UPDATE";
    FIND_BY_EMAIL = concat!("SELECT ", columns!(), " FROM users WHERE email_key = $1");
    HOLD_BY_EMAIL = concat!("SELECT ", columns!(), " FROM users WHERE email_key = $1"), locking "FOR UPDATE";
    SET_HASH = set_hash!();
    SET_HASH_PRESUMED = concat!(set_hash!(), " RETURNING id"), postgres presumed!(concat!(set_hash!(), " RETURNING id"));
    DISABLE = "UPDATE users SET disabled_at = COALESCE(disabled_at, $2), updated_at = $2 WHERE id = $1";
    ENABLE = "UPDATE users SET disabled_at = NULL, updated_at = $2 WHERE id = $1";
    DELETE = "DELETE FROM users WHERE id = $1";
}

/// See [`hold`].
pub(super) const HOLD_USER: Sql = HOLD;

/// Opens an account.
#[derive(Debug)]
pub(crate) struct CreateUser {
    pub(crate) user: User,
    /// The session that begins with the account, in the same transaction: nobody is told that registering failed when
    /// only the log-in after it did.
    pub(crate) session: Option<Session>,
}

/// What became of [`CreateUser`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CreateUserOutcome {
    Created,
    /// There is an account of this address, however it is written.
    EmailTaken,
}

impl Op for CreateUser {
    type Output = CreateUserOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<CreateUserOutcome, StoreError> {
        if !insert(tx, &self.user).await? {
            return Ok(CreateUserOutcome::EmailTaken);
        }
        if let Some(session) = &self.session {
            sessions::open::insert(tx, session).await?;
        }
        Ok(CreateUserOutcome::Created)
    }
}

/// Opens an account, in this transaction, unless there is one of its address; tells whether it did. Whoever measures it finds out,
/// too.
pub(super) async fn insert<T: Tx>(tx: &mut T, user: &User) -> Result<bool, StoreError> {
    let roles = roles_json(user)?;
    let values = values(user, &roles);
    Ok(tx.presume(INSERT_PRESUMED, &values).await? || tx.execute(INSERT, &values).await? == 1)
}

/// The same, and nobody finds out.
pub(super) async fn insert_unnoticed<T: Tx>(tx: &mut T, user: &User) -> Result<(), StoreError> {
    let roles = roles_json(user)?;
    tx.execute_along(INSERT, &values(user, &roles)).await
}

/// Whether it may be taken for granted that a user is still exactly so; if it may, held as [`hold`] does.
pub(super) async fn presume_unchanged<T: Tx>(tx: &mut T, user: &User) -> Result<bool, StoreError> {
    let roles = roles_json(user)?;
    tx.presume(UNCHANGED, &values(user, &roles)).await
}

/// The parameters of an insertion, in the order of the columns.
fn values<'a>(user: &'a User, roles: &'a str) -> [Param<'a>; 12] {
    *params![
        user.id.as_bytes(),
        user.email.display(),
        user.email.key(),
        user.email_verified_at,
        user.name.as_deref(),
        roles,
        user.password_hash.as_ref().map(PasswordHash::as_str),
        user.disabled_at,
        user.created_at,
        user.updated_at,
        user.app_metadata.to_store(),
        user.user_metadata.to_store(),
    ]
}

/// A user's roles as they are stored.
fn roles_json(user: &User) -> Result<String, StoreError> {
    serde_json::to_string(&user.roles).map_err(|error| StoreError::Internal(error.to_string()))
}

/// The user of an address.
#[derive(Debug)]
pub(crate) struct FindUserByEmail {
    pub(crate) email: Email,
}

impl Op for FindUserByEmail {
    type Output = Option<User>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<User>, StoreError> {
        find_by_email(tx, &self.email).await
    }
}

impl ReadOp for FindUserByEmail {}

/// The user of an id.
#[derive(Debug)]
pub(crate) struct FindUser {
    pub(crate) id: UserId,
}

impl Op for FindUser {
    type Output = Option<User>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<User>, StoreError> {
        find(tx, self.id).await
    }
}

impl ReadOp for FindUser {}

/// Puts a new password in the place of the one that was verified, and ends the user's sessions except one.
#[derive(Debug)]
pub(crate) struct ChangePassword {
    pub(crate) user: UserId,
    /// The hash against which the old password was verified, if the account had one.
    pub(crate) expected: Option<PasswordHash>,
    pub(crate) new: PasswordHash,
    /// The session that goes on.
    pub(crate) keep: Option<SessionId>,
    pub(crate) now: Timestamp,
    /// When the last access token alive now will have expired.
    pub(crate) forget_at: Timestamp,
    /// What the user is told, unless nobody is to be told.
    pub(crate) notice: Option<Notice>,
}

/// What became of [`ChangePassword`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ChangePasswordOutcome {
    /// Done; these sessions have ended with it.
    Changed {
        ended: Vec<SessionId>,
    },
    /// Somebody else was faster: the password is no longer the one that was verified.
    HashChanged,
    NoUser,
}

impl Op for ChangePassword {
    type Output = ChangePasswordOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<ChangePasswordOutcome, StoreError> {
        let changed = set_hash(tx, self.user, self.expected.as_ref(), &self.new, self.now).await?;
        let Some(user) = find(tx, self.user).await? else { return Ok(ChangePasswordOutcome::NoUser) };
        if !changed {
            return Ok(ChangePasswordOutcome::HashChanged);
        }
        password_changed(tx, &user, self.notice.as_ref()).await?;
        let ending = Ending { reason: EndReason::PasswordChanged, now: self.now, forget_at: self.forget_at };
        let ended = match self.keep {
            Some(keep) => sessions::end_others(tx, self.user, keep, ending).await?,
            None => sessions::end_all(tx, self.user, ending).await?,
        };
        Ok(ChangePasswordOutcome::Changed { ended })
    }
}

/// Puts a better hash of the same password in the place of the one that was verified; tells whether it was still there.
#[derive(Debug)]
pub(crate) struct UpgradePasswordHash {
    pub(crate) user: UserId,
    pub(crate) expected: PasswordHash,
    pub(crate) new: PasswordHash,
    pub(crate) now: Timestamp,
}

impl Op for UpgradePasswordHash {
    type Output = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        set_hash(tx, self.user, Some(&self.expected), &self.new, self.now).await
    }
}

/// Closes an account and ends its sessions; gives the sessions that ended now, or nothing when there is no such user.
/// An account that is closed already stays closed since then.
#[derive(Debug)]
pub(crate) struct DisableUser {
    pub(crate) id: UserId,
    pub(crate) now: Timestamp,
    /// When the last access token alive now will have expired.
    pub(crate) forget_at: Timestamp,
}

impl Op for DisableUser {
    type Output = Option<Vec<SessionId>>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Vec<SessionId>>, StoreError> {
        if tx.execute(DISABLE, params![self.id.as_bytes(), self.now]).await? == 0 {
            return Ok(None);
        }
        mail_tokens::void_all(tx, self.id).await?;
        let ending = Ending { reason: EndReason::UserDisabled, now: self.now, forget_at: self.forget_at };
        sessions::end_all(tx, self.id, ending).await.map(Some)
    }
}

/// Opens a closed account again; its sessions stay ended. Tells whether there is such a user.
#[derive(Debug)]
pub(crate) struct EnableUser {
    pub(crate) id: UserId,
    pub(crate) now: Timestamp,
}

impl Op for EnableUser {
    type Output = bool;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<bool, StoreError> {
        let rows = tx.execute_alone(ENABLE, params![self.id.as_bytes(), self.now]).await?;
        Ok(rows == 1)
    }
}

/// Removes a user and all that is kept about them; gives the sessions that ended now, or nothing when there is no such
/// user.
#[derive(Debug)]
pub(crate) struct DeleteUser {
    pub(crate) id: UserId,
    pub(crate) now: Timestamp,
    /// When the last access token alive now will have expired.
    pub(crate) forget_at: Timestamp,
}

impl Op for DeleteUser {
    type Output = Option<Vec<SessionId>>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Option<Vec<SessionId>>, StoreError> {
        let Some(user) = hold(tx, self.id).await? else { return Ok(None) };
        mail_tokens::void_all(tx, self.id).await?;
        outbox::remove_of_user(tx, &user).await?;
        let ending = Ending { reason: EndReason::UserDeleted, now: self.now, forget_at: self.forget_at };
        let ended = sessions::end_all(tx, self.id, ending).await?;
        sessions::delete_all(tx, self.id).await?;
        tx.execute_along(DELETE, params![self.id.as_bytes()]).await?;
        Ok(Some(ended))
    }
}

/// The user of an id, in this transaction.
pub(super) async fn find<T: Tx>(tx: &mut T, id: UserId) -> Result<Option<User>, StoreError> {
    tx.first(FIND, params![id.as_bytes()]).await
}

/// The user of an address, in this transaction.
pub(super) async fn find_by_email<T: Tx>(tx: &mut T, email: &Email) -> Result<Option<User>, StoreError> {
    tx.first(FIND_BY_EMAIL, params![email.key()]).await
}

/// The same, held as [`hold`] does.
pub(super) async fn hold_by_email<T: Tx>(tx: &mut T, email: &Email) -> Result<Option<User>, StoreError> {
    tx.first(HOLD_BY_EMAIL, params![email.key()]).await
}

/// The user of an id, who stays as it is until this transaction ends. Whoever opens, counts or removes the sessions of a
/// user holds the user first: two who do so at once would not see each other's rows.
pub(super) async fn hold<T: Tx>(tx: &mut T, id: UserId) -> Result<Option<User>, StoreError> {
    tx.first(HOLD, params![id.as_bytes()]).await
}

async fn set_hash<T: Tx>(
    tx: &mut T,
    user: UserId,
    expected: Option<&PasswordHash>,
    new: &PasswordHash,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let values = params![user.as_bytes(), expected.map(PasswordHash::as_str), new.as_str(), now];
    Ok(tx.presume(SET_HASH_PRESUMED, values).await? || tx.execute(SET_HASH, values).await? == 1)
}

impl FromRow for User {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        read(row, 0)
    }
}

/// Reads a user whose columns begin here.
pub(super) fn read(row: &impl Row, first: usize) -> Result<User, StoreError> {
    Ok(User {
        id: UserId::from_slice(row.bytes(first)?).ok_or_else(|| StoreError::corrupt("a user's id"))?,
        email: Email::from_stored(row.text(first + 1)?, row.text(first + 2)?),
        email_verified_at: row.maybe_time(first + 3)?,
        name: row.maybe_string(first + 4)?,
        roles: roles(row.text(first + 5)?)?,
        password_hash: row.maybe_text(first + 6)?.map(PasswordHash::new),
        disabled_at: row.maybe_time(first + 7)?,
        created_at: row.time(first + 8)?,
        updated_at: row.time(first + 9)?,
        app_metadata: Metadata::from_stored(row.maybe_text(first + 10)?),
        user_metadata: Metadata::from_stored(row.maybe_text(first + 11)?),
    })
}

fn roles(json: &str) -> Result<Vec<String>, StoreError> {
    serde_json::from_str(json).map_err(|_| StoreError::corrupt("a user's roles are not a list of texts"))
}
