//! A link that proves an address was followed: the address of the account, or another that is to take its place.

use super::{find, redeem, void_all};
use crate::domain::email::Email;
use crate::domain::mail::{MailToken, Notice, Purpose};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::error::StoreError;
use crate::store::sql::statements;
use crate::store::tx::{Op, Tx, params};
use crate::store::{outbox, users};

statements! {
    PROVEN = "UPDATE users SET email_verified_at = COALESCE(email_verified_at, $2), updated_at = $2 WHERE id = $1";
    TAKE_EMAIL = "UPDATE users SET email = $2, email_key = $3, email_verified_at = $4, updated_at = $4 WHERE id = $1";
}

/// Redeems the token of such a link.
#[derive(Debug)]
pub(crate) struct VerifyEmail {
    pub(crate) hash: [u8; 32],
    pub(crate) now: Timestamp,
    /// What the old address is told of a change, unless nobody is to be told.
    pub(crate) notice: Option<Notice>,
}

/// What became of [`VerifyEmail`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum VerifyOutcome {
    /// The address of this user is proven.
    Verified(User),
    /// This user has the proven address instead of the one it was read with.
    Changed(User),
    /// Another account has taken that address meanwhile.
    Taken,
    /// There is no such token, or none that is good for this.
    Invalid,
}

impl Op for VerifyEmail {
    type Output = VerifyOutcome;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<VerifyOutcome, StoreError> {
        let found = find(tx, self.hash).await?;
        let good = found.filter(|token| token.is_good(&[Purpose::Verify, Purpose::ChangeEmail], self.now));
        let Some(token) = good else { return Ok(VerifyOutcome::Invalid) };
        let user = users::hold(tx, token.user).await?.filter(User::is_enabled);
        let Some(user) = user else { return Ok(VerifyOutcome::Invalid) };
        match token.purpose {
            Purpose::Verify => self.prove(tx, user, &token).await,
            _ => self.change(tx, user, &token).await,
        }
    }
}

impl VerifyEmail {
    async fn prove<T: Tx>(&self, tx: &mut T, user: User, token: &MailToken) -> Result<VerifyOutcome, StoreError> {
        if user.email != token.email || !redeem(tx, token).await? {
            return Ok(VerifyOutcome::Invalid);
        }
        proven(tx, &user, self.now).await?;
        Ok(VerifyOutcome::Verified(user))
    }

    async fn change<T: Tx>(&self, tx: &mut T, user: User, token: &MailToken) -> Result<VerifyOutcome, StoreError> {
        let other = users::find_by_email(tx, &token.email).await?.filter(|other| other.id != user.id);
        if other.is_some() {
            return Ok(VerifyOutcome::Taken);
        }
        if !redeem(tx, token).await? {
            return Ok(VerifyOutcome::Invalid);
        }
        let values = params![user.id.as_bytes(), token.email.display(), token.email.key(), self.now];
        tx.execute(TAKE_EMAIL, values).await?;
        // What was sent to the old address opens nothing any more, and what waits for it is not sent.
        void_all(tx, user.id).await?;
        self.take_back(tx, &user).await?;
        if let Some(notice) = &self.notice {
            outbox::queue(tx, &to_old_address(notice, &user, &token.email)).await?;
        }
        Ok(VerifyOutcome::Changed(user))
    }

    async fn take_back<T: Tx>(&self, tx: &mut T, user: &User) -> Result<(), StoreError> {
        outbox::void_proofs(tx, &user.email).await?;
        outbox::void_resets(tx, &user.email).await?;
        outbox::void_changes(tx, user.id).await
    }
}

fn to_old_address(notice: &Notice, user: &User, new: &Email) -> crate::domain::mail::Message {
    let mut message = notice.to(user);
    message.facts.email = Some(new.display().to_owned());
    message
}

/// The address of this user is proven, in this transaction; what waits and would prove it is taken back.
pub(super) async fn proven<T: Tx>(tx: &mut T, user: &User, now: Timestamp) -> Result<(), StoreError> {
    tx.execute(PROVEN, params![user.id.as_bytes(), now]).await?;
    super::void(tx, user.id, Purpose::Verify).await?;
    outbox::void_proofs(tx, &user.email).await
}
