//! Facts about the store itself.

use super::error::StoreError;
use super::sql::statements;
use super::tx::{Op, Tx, params};

statements! {
    PING = "UPDATE meta SET number = number + 1 WHERE name = 'ping'";
}

/// Writes something that means nothing, to see that it can be written.
#[derive(Debug)]
pub(super) struct Ping;

impl Op for Ping {
    type Output = ();

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<(), StoreError> {
        tx.execute_alone(PING, params![]).await.map(drop)
    }
}
