//! Verify e-mail: use up a link that proves an address, the account's own or another that is to take its place.

use super::Failure;
use crate::app::App;
use crate::domain::mail::{Facts, Kind};
use crate::store::mail_tokens::{self, VerifyOutcome};
use crate::tokens::link_token::LinkToken;

/// What a link has proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// The address of the account.
    Address,
    /// Another address, which the account has from now on.
    NewAddress,
}

/// Proves an address by the token of a link. Nobody is logged in.
///
/// # Errors
///
/// [`Failure::LinkInvalid`], [`Failure::EmailTaken`] when another account has the new address meanwhile, or a failure of the store.
pub async fn verify_email(app: &App, token: &str) -> Result<Verified, Failure> {
    let hash = LinkToken::parse(token).ok_or(Failure::LinkInvalid)?.hash();
    let notice = app.notice(Kind::EmailChanged, Facts::default());
    match app.inner.store.write(mail_tokens::VerifyEmail { hash, now: app.now(), notice }).await? {
        VerifyOutcome::Verified(user) => {
            tracing::info!(user = %user.id, "an address was proven");
            Ok(Verified::Address)
        }
        VerifyOutcome::Changed(user) => {
            app.inner.mail.wake();
            tracing::info!(user = %user.id, "an account has another address");
            Ok(Verified::NewAddress)
        }
        VerifyOutcome::Taken => Err(Failure::EmailTaken),
        VerifyOutcome::Invalid => Err(Failure::LinkInvalid),
    }
}
