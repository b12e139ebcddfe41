//! Lists of users.

use super::{User, columns};
use crate::domain::user::UserId;
use crate::store::error::StoreError;
use crate::store::sql::statements;
use crate::store::tx::{Op, Param, ReadOp, Tx, params};

statements! {
    LIST = concat!("SELECT ", columns!(), " FROM users WHERE id > $1 ORDER BY id LIMIT $2");
    LIST_BY_EMAIL = concat!("SELECT ", columns!(), " FROM users WHERE email_key > $1 AND email_key >= $2 AND email_key < $3 \
                             ORDER BY email_key LIMIT $4");
}

/// Users in the order of their ids, which is that of their making, from after one of them on.
#[derive(Debug)]
pub(crate) struct ListUsers {
    pub(crate) after: Option<UserId>,
    pub(crate) limit: u32,
}

impl Op for ListUsers {
    type Output = Vec<User>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<User>, StoreError> {
        // Every id is greater than no bytes at all.
        let after = self.after.as_ref().map_or(Param::Bytes(&[]), |id| Param::from(id.as_bytes()));
        tx.all(LIST, params![after, self.limit]).await
    }
}

impl ReadOp for ListUsers {
    const SCAN: bool = true;
}

/// Users whose addresses begin so, in the order of the addresses, from after one of them on.
#[derive(Debug)]
pub(crate) struct ListUsersByEmail {
    /// The beginning, in the form of [`Email::key`](crate::domain::email::Email::key).
    pub(crate) prefix: String,
    /// The key of the last address that was seen.
    pub(crate) after: Option<String>,
    pub(crate) limit: u32,
}

impl Op for ListUsersByEmail {
    type Output = Vec<User>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<User>, StoreError> {
        // No character comes after the last one, which no address has.
        let end = format!("{}{}", self.prefix, char::MAX);
        let after = self.after.as_deref().unwrap_or_default();
        tx.all(LIST_BY_EMAIL, params![after, self.prefix.as_str(), end.as_str(), self.limit]).await
    }
}

impl ReadOp for ListUsersByEmail {
    const SCAN: bool = true;
}
