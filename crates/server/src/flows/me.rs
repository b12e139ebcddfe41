//! Me: the caller's own account.

use super::Failure;
use crate::app::App;
use crate::domain::user::{DisplayName, User};
use crate::store::users::{FindUser, RenameUser};
use crate::tokens::check::Caller;

/// The caller's account.
///
/// # Errors
///
/// [`Failure::UserNotFound`] when it was deleted a moment ago, or a failure of the store.
pub async fn me(app: &App, caller: &Caller) -> Result<User, Failure> {
    app.inner.store.read(FindUser { id: caller.user }).await?.ok_or(Failure::UserNotFound)
}

/// Sets or clears the name that is shown.
///
/// # Errors
///
/// As [`me`].
pub async fn rename(app: &App, caller: &Caller, name: Option<DisplayName>) -> Result<User, Failure> {
    let rename = RenameUser { id: caller.user, name, now: app.now() };
    app.inner.store.write(rename).await?.ok_or(Failure::UserNotFound)
}
