//! A link was followed that lets a forgotten password be set anew.

use super::verify::proven;
use super::{find, redeem};
use crate::domain::mail::{Notice, Purpose};
use crate::domain::password::PasswordHash;
use crate::domain::session::{EndReason, SessionId};
use crate::domain::time::Timestamp;
use crate::domain::user::{User, UserId};
use crate::store::error::StoreError;
use crate::store::sessions::{self, Ending};
use crate::store::sql::statements;
use crate::store::tx::{Op, Tx, params};
use crate::store::{outbox, users};

statements! {
    SET_HASH = "UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1";
}

/// Redeems the token of such a link: the user has the new password, no sessions, and a proven address, since the link went there.
#[derive(Debug)]
pub(crate) struct ResetPassword {
    pub(crate) hash: [u8; 32],
    pub(crate) new: PasswordHash,
    pub(crate) now: Timestamp,
    /// When the last access token alive now will have expired.
    pub(crate) forget_at: Timestamp,
    /// What the user is told, unless nobody is to be told.
    pub(crate) notice: Option<Notice>,
}

/// What became of [`ResetPassword`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResetOutcome {
    /// Done, for this user; these sessions have ended with it.
    Reset { user: UserId, ended: Vec<SessionId> },
    /// There is no such token, or none that is good for this.
    Invalid,
}

impl Op for ResetPassword {
    type Output = ResetOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<ResetOutcome, StoreError> {
        let found = find(tx, self.hash).await?;
        let good = found.filter(|token| token.is_good(&[Purpose::Reset], self.now));
        let Some(token) = good else { return Ok(ResetOutcome::Invalid) };
        let user = users::hold(tx, token.user).await?;
        let user = user.filter(|user| user.is_enabled() && user.email == token.email);
        let Some(user) = user else { return Ok(ResetOutcome::Invalid) };
        if !redeem(tx, &token).await? {
            return Ok(ResetOutcome::Invalid);
        }
        tx.execute(SET_HASH, params![user.id.as_bytes(), self.new.as_str(), self.now]).await?;
        password_changed(tx, &user, self.notice.as_ref()).await?;
        proven(tx, &user, self.now).await?;
        let ending = Ending { reason: EndReason::PasswordReset, now: self.now, forget_at: self.forget_at };
        let ended = sessions::end_all(tx, user.id, ending).await?;
        Ok(ResetOutcome::Reset { user: user.id, ended })
    }
}

/// What follows from another password, in this transaction: links that would set one are void, those that wait are not sent, an
/// address that somebody wants instead has to be asked for anew, and the user is told.
pub(in crate::store) async fn password_changed<T: Tx>(
    tx: &mut T,
    user: &User,
    notice: Option<&Notice>,
) -> Result<(), StoreError> {
    super::void(tx, user.id, Purpose::Reset).await?;
    super::void(tx, user.id, Purpose::ChangeEmail).await?;
    outbox::void_resets(tx, &user.email).await?;
    outbox::void_changes(tx, user.id).await?;
    match notice {
        Some(notice) => outbox::queue(tx, &notice.to(user)).await,
        None => Ok(()),
    }
}
