//! Verify e-mail: use up a link that proves an address, the account's own or another that is to take its place.

use super::Failure;
use crate::app::App;
use crate::domain::audit::{Actor, By, Event, Line, Origin};
use crate::domain::mail::{Facts, Kind};
use crate::store::audit::Audited;
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
pub async fn verify_email(app: &App, origin: Origin, token: &str) -> Result<Verified, Failure> {
    let hash = LinkToken::parse(token).ok_or(Failure::LinkInvalid)?.hash();
    let notice = app.notice(Kind::EmailChanged, Facts::default());
    let now = app.now();
    let line = app.line(now, Event::EmailVerify, &By { origin, ..By::default() });
    let verify = mail_tokens::VerifyEmail { hash, now, notice };
    match app.inner.store.write(Audited::new(verify, move |outcome: &_| written(&line, outcome))).await? {
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

/// Whoever has the link has proven that they read the mail, and so acts for the account.
fn written(line: &Line, outcome: &VerifyOutcome) -> Option<Line> {
    let (event, user) = match outcome {
        VerifyOutcome::Verified(user) => (Event::EmailVerify, user.id),
        VerifyOutcome::Changed(user) => (Event::EmailChange, user.id),
        VerifyOutcome::Taken | VerifyOutcome::Invalid => return None,
    };
    let by = By { actor: Actor::User(user), origin: line.by.origin.clone() };
    Some(Line { by, event: event.name().into(), ..line.clone() }.about(user))
}
