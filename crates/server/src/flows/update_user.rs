//! Update user: what an administrator changes about an account.

use serde_json::{Value, json};

use super::administer::{as_administrator, note_refused, spare_oneself};
use super::me::updated;
use super::{By, Failure};
use crate::app::App;
use crate::domain::audit::{Event, Line};
use crate::domain::metadata::MetadataPatch;
use crate::domain::scope::ADMIN;
use crate::domain::user::{DisplayName, User, UserId};
use crate::store::audit::Audited;
use crate::store::users::update::{Changes, UpdateUser as Update, UpdateUserOutcome};

/// What an administrator changes; what is `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct UpdateUser {
    /// The name that is shown, or none.
    pub name: Option<Option<DisplayName>>,
    /// All roles.
    pub roles: Option<Vec<String>>,
    /// Whether the address counts as shown to be theirs.
    pub email_verified: Option<bool>,
    /// What becomes of the metadata of administrators.
    pub app_metadata: Option<MetadataPatch>,
    /// What becomes of the person's own.
    pub user_metadata: Option<MetadataPatch>,
}

/// Changes an account. Roles have their effect with the next refresh of each of its sessions.
///
/// # Errors
///
/// [`Failure::OwnAccount`] when administrators would be none any more by it, [`Failure::InvalidRole`],
/// [`Failure::InvalidMetadata`], [`Failure::UserNotFound`], [`Failure::NoAdministrator`], or a failure of the store.
pub async fn update_user(app: &App, by: &By, id: UserId, update: UpdateUser) -> Result<User, Failure> {
    let line = app.line(app.now(), Event::UserUpdate, by).about(id);
    let done = try_to(app, by, id, update, &line).await;
    note_refused(app, line, done).await
}

async fn try_to(app: &App, by: &By, id: UserId, update: UpdateUser, line: &Line) -> Result<User, Failure> {
    let UpdateUser { name, roles, email_verified, app_metadata, user_metadata } = update;
    if let Some(roles) = &roles {
        roles.iter().try_for_each(|role| super::users::check_role(role))?;
        let administrators = app.inner.terms.grants.roles_with(ADMIN);
        if !roles.iter().any(|role| administrators.contains(role)) {
            spare_oneself(by, id)?;
        }
    }
    let changes = Changes { name, roles, email_verified, app_metadata, user_metadata };
    let line = line.clone();
    let update = Audited::new(Update { id, changes, now: line.at }, move |outcome: &_| written(&line, outcome));
    let outcome = app.inner.store.write(as_administrator(app, by, Some(id), update)).await??;
    updated(outcome).map(|(_, after)| after)
}

/// The names of what has changed, and of roles what they were: metadata may be anything.
pub(super) fn written(line: &Line, outcome: &UpdateUserOutcome) -> Vec<Line> {
    let UpdateUserOutcome::Updated { before, after } = outcome else { return Vec::new() };
    let parts = [
        ("name", before.name != after.name),
        ("email_verified", before.email_verified_at != after.email_verified_at),
        ("app_metadata", before.app_metadata != after.app_metadata),
        ("user_metadata", before.user_metadata != after.user_metadata),
    ];
    let changed: Vec<Value> = parts.iter().filter(|(_, differs)| *differs).map(|(name, _)| (*name).into()).collect();
    let roles = (before.roles != after.roles).then(|| {
        line.beside(1, Event::UserRoles).with("before", json!(before.roles)).with("after", json!(after.roles))
    });
    let update = (!changed.is_empty()).then(|| line.clone().with("changed", changed));
    update.into_iter().chain(roles).collect()
}
