//! Accounts of another system, many in one transaction.

use super::{User, values};
use crate::domain::email::Email;
use crate::store::error::StoreError;
use crate::store::sql::statements;
use crate::store::tx::{Op, ReadOp, Tx, params};

statements! {
    INSERT = "INSERT INTO users (id, email, email_key, email_verified_at, name, roles, password_hash, disabled_at, \
              created_at, updated_at, app_metadata, user_metadata) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
              ON CONFLICT DO NOTHING";
    IS_KNOWN = "SELECT COUNT(*) FROM users WHERE email_key = $1";
}

/// Opens accounts, each wholly or not at all.
#[derive(Debug)]
pub(crate) struct ImportUsers {
    pub(crate) users: Vec<User>,
}

/// What became of each account, in the order of [`ImportUsers`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ImportUserOutcome {
    Created,
    /// There is an account of this address, however it is written.
    EmailTaken,
    /// There is an account of this id, with another address.
    IdTaken,
}

impl Op for ImportUsers {
    type Output = Vec<ImportUserOutcome>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Self::Output, StoreError> {
        let mut outcomes = Vec::with_capacity(self.users.len());
        for user in &self.users {
            outcomes.push(import(tx, user).await?);
        }
        Ok(outcomes)
    }
}

async fn import<T: Tx>(tx: &mut T, user: &User) -> Result<ImportUserOutcome, StoreError> {
    let roles = super::roles_json(user)?;
    if tx.execute(INSERT, &values(user, &roles)).await? == 1 {
        return Ok(ImportUserOutcome::Created);
    }
    let taken = is_known(tx, &user.email).await?;
    Ok(if taken { ImportUserOutcome::EmailTaken } else { ImportUserOutcome::IdTaken })
}

/// Which of these addresses have an account.
#[derive(Debug)]
pub(crate) struct KnownEmails {
    pub(crate) emails: Vec<Email>,
}

impl Op for KnownEmails {
    type Output = Vec<bool>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<bool>, StoreError> {
        let mut known = Vec::with_capacity(self.emails.len());
        for email in &self.emails {
            known.push(is_known(tx, email).await?);
        }
        Ok(known)
    }
}

impl ReadOp for KnownEmails {
    const SCAN: bool = true;
}

async fn is_known<T: Tx>(tx: &mut T, email: &Email) -> Result<bool, StoreError> {
    let count: Option<Count> = tx.first(IS_KNOWN, params![email.key()]).await?;
    Ok(count.is_some_and(|Count(count)| count > 0))
}

struct Count(i64);

impl crate::store::tx::FromRow for Count {
    fn from_row(row: &impl crate::store::tx::Row) -> Result<Self, StoreError> {
        row.int(0).map(Self)
    }
}
