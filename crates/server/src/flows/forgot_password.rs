//! Forgot password: note that somebody wants a new one. Whether there is such an account is looked up when the mail is sent, so nothing
//! that happens here depends on it.

use super::Failure;
use crate::app::App;
use crate::domain::email::Email;
use crate::domain::mail::Kind;
use crate::store::outbox::QueueMail;
use crate::throttle::Act;

/// Has a link sent that sets a new password, if there is an open account with this address. `None` is a text that can be nobody's.
///
/// # Errors
///
/// [`Failure::MailNotConfigured`], [`Failure::TooManyAttempts`], [`Failure::Overloaded`], or a failure of the store.
pub async fn forgot_password(app: &App, email: Option<Email>) -> Result<(), Failure> {
    ask_for_link(app, Act::Forgot, Kind::Reset, email).await
}

/// The same row for every address.
pub(super) async fn ask_for_link(app: &App, act: Act, kind: Kind, email: Option<Email>) -> Result<(), Failure> {
    app.can_mail_strangers()?;
    let Some(email) = email else { return Ok(()) };
    app.inner.throttle.admit_act(act, email.key(), app.now()).map_err(Failure::TooManyAttempts)?;
    app.inner.store.write(QueueMail { message: app.message(kind, email, None) }).await?;
    app.inner.mail.wake();
    Ok(())
}
