//! Resend: note that somebody wants another link to prove an address with.

use super::forgot_password::ask_for_link;
use super::{Device, Failure};
use crate::app::App;
use crate::domain::audit::Event;
use crate::domain::email::Email;
use crate::domain::mail::Kind;
use crate::throttle::Act;

/// Has a link sent that proves this address, if there is an open account with it that has not proven it. `None` is a text that can be
/// nobody's.
///
/// # Errors
///
/// [`Failure::MailNotConfigured`], [`Failure::TooManyAttempts`], [`Failure::Overloaded`], or a failure of the store.
pub async fn resend(app: &App, email: Option<Email>, device: &Device) -> Result<(), Failure> {
    ask_for_link(app, (Act::Resend, Kind::Verify, Event::EmailResend), email, device).await
}
