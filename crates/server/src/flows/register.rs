//! Register: parse, judge the password, hash it, make the account, open its first session.

use super::grant::{Opened, Opening, open_session};
use super::users::{NewUser, create_user};
use super::{Device, Failure};
use crate::app::App;
use crate::domain::email::Email;
use crate::domain::password::Password;
use crate::domain::user::DisplayName;

/// What registering takes.
#[derive(Debug)]
pub struct Register {
    /// The address, which is also the name at log-in.
    pub email: Email,
    /// The password.
    pub password: Password,
    /// A name to show.
    pub name: Option<DisplayName>,
}

/// Makes an account and logs it in.
///
/// # Errors
///
/// [`Failure::WeakPassword`], [`Failure::EmailTaken`], [`Failure::Overloaded`], or a failure of the store.
pub async fn register(app: &App, register: Register, device: Device) -> Result<Opened, Failure> {
    let Register { email, password, name } = register;
    let user = create_user(app, NewUser { email, password, name, roles: Vec::new() }).await?;
    match open_session(app, user.id, None, device).await? {
        Opening::Opened(opened) => Ok(*opened),
        Opening::HashChanged => Err(Failure::Internal("a session without a checked hash was refused for it".into())),
    }
}
