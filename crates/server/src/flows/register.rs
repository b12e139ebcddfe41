//! Register: parse, judge the password, hash it, make the account, open its first session.

use super::grant::{self, Opened, issue, new_session};
use super::users::{self, NewUser};
use super::{Device, Failure};
use crate::app::App;
use crate::domain::audit::{Actor, By, Event};
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
/// [`Failure::UnknownClient`], [`Failure::WeakPassword`], [`Failure::EmailTaken`], [`Failure::Overloaded`], or a failure of the store.
pub async fn register(app: &App, register: Register, device: Device) -> Result<Opened, Failure> {
    grant::client(app, &device)?;
    let Register { email, password, name } = register;
    let origin = device.origin.clone();
    let user = users::prepare(app, NewUser { name, ..NewUser::new(email, Some(password)) }).await?;
    let now = app.now();
    let session = new_session(app, user.id, device, now).await?;
    let by = By { actor: Actor::User(user.id), origin };
    let line = app.line(now, Event::Register, &by).session(session.id);
    let user = users::write(app, user, Some(session.clone()), line).await?;
    let grant = issue(app, &user, &session, now)?;
    Ok(Opened { user, grant })
}
