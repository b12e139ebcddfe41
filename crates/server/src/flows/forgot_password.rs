//! Forgot password: note that somebody wants a new one. Whether there is such an account is looked up when the mail is sent, so nothing
//! that happens here depends on it.

use super::{Device, Failure};
use crate::app::App;
use crate::domain::email::Email;
use crate::domain::mail::Kind;
use crate::domain::subnet::Subnet;
use crate::store::outbox::QueueMail;
use crate::throttle::{Act, Who};

/// Has a link sent that sets a new password, if there is an open account with this address. `None` is a text that can be nobody's.
///
/// # Errors
///
/// [`Failure::MailNotConfigured`], [`Failure::TooManyAttempts`], [`Failure::Overloaded`], or a failure of the store.
pub async fn forgot_password(app: &App, email: Option<Email>, device: &Device) -> Result<(), Failure> {
    ask_for_link(app, (Act::Forgot, Kind::Reset), email, device).await
}

/// The same row for every address.
pub(super) async fn ask_for_link(
    app: &App,
    (act, kind): (Act, Kind),
    email: Option<Email>,
    device: &Device,
) -> Result<(), Failure> {
    app.can_mail_strangers()?;
    admit(app, act, email.as_ref().map(Email::key), device)?;
    let Some(email) = email else { return Ok(()) };
    app.inner.store.write(QueueMail { message: app.message(kind, email, None) }).await?;
    app.inner.mail.wake();
    Ok(())
}

/// Every try counts, the successful ones above all: each may send a mail.
pub(super) fn admit(app: &App, act: Act, account: Option<&str>, device: &Device) -> Result<(), Failure> {
    let who = Who { account, network: device.origin.address.as_deref().and_then(Subnet::parse) };
    let admitted = app.inner.throttle.admit(act, who, app.now());
    admitted.map(drop).map_err(|refused| Failure::TooManyAttempts(refused.wait))
}
