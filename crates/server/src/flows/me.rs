//! Me: the caller's own account.

use super::Failure;
use super::update_user::written;
use crate::app::App;
use crate::domain::audit::{Actor, By, Event, Origin};
use crate::domain::metadata::MetadataPatch;
use crate::domain::user::{DisplayName, User};
use crate::store::audit::Audited;
use crate::store::users::FindUser;
use crate::store::users::update::{Changes, UpdateUser, UpdateUserOutcome};
use crate::tokens::check::Caller;

/// What people change about their own account; what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct UpdateMe {
    /// The name that is shown, or none.
    pub name: Option<Option<DisplayName>>,
    /// What becomes of their metadata.
    pub user_metadata: Option<MetadataPatch>,
}

/// The caller's account.
///
/// # Errors
///
/// [`Failure::UserNotFound`] when it was deleted a moment ago, or a failure of the store.
pub async fn me(app: &App, caller: &Caller) -> Result<User, Failure> {
    app.inner.store.read(FindUser { id: caller.user }).await?.ok_or(Failure::UserNotFound)
}

/// Changes what is given.
///
/// # Errors
///
/// [`Failure::InvalidMetadata`], or as [`me`].
pub async fn update_me(app: &App, caller: &Caller, origin: Origin, update: UpdateMe) -> Result<User, Failure> {
    let UpdateMe { name, user_metadata } = update;
    if name.is_none() && user_metadata.is_none() {
        return me(app, caller).await;
    }
    let changes = Changes { name, user_metadata, ..Changes::default() };
    let by = By { actor: Actor::User(caller.user), origin };
    let line = app.line(app.now(), Event::UserUpdate, &by).about(caller.user);
    let update = UpdateUser { id: caller.user, changes, now: line.at };
    let update = Audited::new(update, move |outcome: &_| written(&line, outcome));
    updated(app.inner.store.write(update).await?).map(|(_, after)| after)
}

/// The user before and after a change, or why there was none.
pub(super) fn updated(outcome: UpdateUserOutcome) -> Result<(User, User), Failure> {
    match outcome {
        UpdateUserOutcome::Updated { before, after } => Ok((*before, *after)),
        UpdateUserOutcome::InvalidAppMetadata(error) => Err(Failure::InvalidMetadata("app_metadata", error)),
        UpdateUserOutcome::InvalidUserMetadata(error) => Err(Failure::InvalidMetadata("user_metadata", error)),
        UpdateUserOutcome::NoUser => Err(Failure::UserNotFound),
    }
}
