//! From where somebody has logged in.

use super::recent;
use crate::domain::email::Email;
use crate::domain::session::EndReason;
use crate::store::error::StoreError;
use crate::store::sql::statements;
use crate::store::tx::{FromRow, Op, ReadOp, Row, Tx, params};

statements! {
    SEEN_FROM = concat!("SELECT address FROM ", recent!("(SELECT id FROM users WHERE email_key = $1)"),
                        " WHERE address IS NOT NULL AND (end_reason IS NULL OR end_reason <> $2) \
                         ORDER BY last_used_at DESC LIMIT 100");
}

/// The addresses of the sessions that are kept of an account, the last used first, at most a hundred. Those of a stolen session
/// are not among them.
#[derive(Debug)]
pub(crate) struct SeenFrom {
    pub(crate) email: Email,
}

impl Op for SeenFrom {
    type Output = Vec<String>;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Vec<String>, StoreError> {
        let seen = tx.all::<Address>(SEEN_FROM, params![self.email.key(), EndReason::Reuse.name()]).await?;
        Ok(seen.into_iter().map(|address| address.0).collect())
    }
}

impl ReadOp for SeenFrom {}

struct Address(String);

impl FromRow for Address {
    fn from_row(row: &impl Row) -> Result<Self, StoreError> {
        row.string(0).map(Self)
    }
}
