//! Whether a mail that was taken up is to be sent, and what its link opens.

use super::Message;
use crate::domain::email::Email;
use crate::domain::mail::{self, Kind, Letter, MailToken, MessageId, Purpose, may_send_again};
use crate::domain::time::Timestamp;
use crate::domain::user::User;
use crate::store::error::StoreError;
use crate::store::mail_tokens;
use crate::store::sql::statements;
use crate::store::tx::{Op, Tx, params};
use crate::store::users;

statements! {
    HOLD = "SELECT id FROM outbox WHERE id = $1 AND attempts = $2", locking "FOR UPDATE";
}

/// Decides what to write ([`mail::letter`]), and makes its token good; the one before it no longer is. The same attempt may be prepared
/// again, and so may the next: the token stays the same as long as it is made of the same message.
#[derive(Debug)]
pub(crate) struct PrepareMail {
    /// As it was taken up.
    pub(crate) message: Message,
    /// SHA-256 of the token of its link, should it have one.
    pub(crate) hash: [u8; 32],
    pub(crate) now: Timestamp,
}

/// What is to be done with a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Prepared {
    /// This, to this address.
    Send(Letter, Email),
    /// Nobody has the address, the account is closed, it was settled meanwhile, or there was such a mail a moment ago.
    Drop,
    /// It was taken back, or somebody else has taken it up: it is not ours any more.
    Gone,
}

impl Op for PrepareMail {
    type Output = Prepared;

    async fn run<T: Tx>(&self, tx: &mut T) -> Result<Prepared, StoreError> {
        let (at_address, owner) = self.accounts(tx).await?;
        let values = params![self.message.id.as_bytes(), self.message.attempts];
        if tx.first::<MessageId>(HOLD, values).await?.is_none() {
            return Ok(Prepared::Gone);
        }
        let letter = mail::letter(&self.message, at_address.as_ref(), owner.as_ref());
        let to = mail::receiver(&self.message, at_address.as_ref()).clone();
        let sent = match letter.map(|letter| (letter, letter.purpose())) {
            Some((letter, None)) => Some(letter),
            Some((letter, Some(purpose))) => {
                let user = if purpose == Purpose::ChangeEmail { owner } else { at_address };
                let good = self.make_good(tx, user, purpose, &to).await?;
                good.then_some(letter)
            }
            None => None,
        };
        match sent {
            Some(letter) => Ok(Prepared::Send(letter, to)),
            None => super::drop_it(tx, &self.message).await.map(|()| Prepared::Drop),
        }
    }
}

impl PrepareMail {
    /// The account with the address of the message, and the one that the message is about. The one that a token would be for is held,
    /// before anything of its own: whoever redeems a link or changes a password does so, and then takes mails back.
    async fn accounts<T: Tx>(&self, tx: &mut T) -> Result<(Option<User>, Option<User>), StoreError> {
        match self.message.user.filter(|_| self.message.kind == Kind::ChangeEmail) {
            Some(id) => {
                let owner = users::hold(tx, id).await?;
                Ok((users::find_by_email(tx, &self.message.to).await?, owner))
            }
            None => Ok((users::hold_by_email(tx, &self.message.to).await?, None)),
        }
    }

    /// Makes the token of this message good for this user, unless one of another message was made a moment ago; tells whether it did.
    async fn make_good<T: Tx>(
        &self,
        tx: &mut T,
        user: Option<User>,
        purpose: Purpose,
        to: &Email,
    ) -> Result<bool, StoreError> {
        let Some(user) = user else { return Ok(false) };
        let before = mail_tokens::of_user(tx, user.id, purpose).await?;
        let is_too_soon = |token: &MailToken| token.hash != self.hash && !may_send_again(token.issued_at, self.now);
        if before.iter().any(is_too_soon) {
            return Ok(false);
        }
        let token = MailToken {
            hash: self.hash,
            user: user.id,
            purpose,
            email: to.clone(),
            issued_at: self.now,
            expires_at: self.now.plus_seconds(purpose.hours() * 3600),
        };
        mail_tokens::replace(tx, &token).await?;
        Ok(true)
    }
}
