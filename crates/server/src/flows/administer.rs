//! What everything has in common that only administrators do. Whether somebody is one is looked up when it happens, in the same
//! transaction: a token may be older than that. Nobody can take themselves out, so that whoever acts is left over.

use super::{By, Failure};
use crate::app::App;
use crate::domain::audit::{Actor, Line};
use crate::domain::scope::ADMIN;
use crate::domain::user::UserId;
use crate::store::users::update::{AsAdministrator, NoAdministrator};

/// The operation, which happens only if whoever asks is an administrator then. The command line may do everything.
pub(super) fn as_administrator<O>(app: &App, by: &By, target: Option<UserId>, op: O) -> AsAdministrator<O> {
    let administrator = match by.actor {
        Actor::Administrator(id) => Some(id),
        Actor::Anonymous | Actor::User(_) | Actor::CommandLine | Actor::System => None,
    };
    AsAdministrator { administrator, roles: app.inner.terms.grants.roles_with(ADMIN), target, op }
}

/// Refuses what administrators may not do to their own account.
pub(super) fn spare_oneself(by: &By, target: UserId) -> Result<(), Failure> {
    if by.actor == Actor::Administrator(target) { Err(Failure::OwnAccount) } else { Ok(()) }
}

/// Writes into the audit trail that an administrator was refused what they may not do to themselves.
pub(super) async fn note_refused<T>(app: &App, line: Line, done: Result<T, Failure>) -> Result<T, Failure> {
    let code = match &done {
        Err(Failure::OwnAccount) => "own_account",
        Err(Failure::NoAdministrator) => "insufficient_scope",
        _ => return done,
    };
    app.note_refusal(line.refused(code)).await;
    done
}

impl From<NoAdministrator> for Failure {
    fn from(NoAdministrator: NoAdministrator) -> Self {
        Self::NoAdministrator
    }
}
