//! Audit: the trail of what happened, read.

use super::Failure;
use crate::app::App;
use crate::domain::audit::{Event, Line, LineId, Whose};
use crate::domain::time::Timestamp;
use crate::domain::user::UserId;
use crate::store::audit::ListLines;

/// Which lines of the trail; all when nothing is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lines {
    /// Those older than this one.
    pub before: Option<LineId>,
    /// Those of this time and later.
    pub since: Option<Timestamp>,
    /// Those about this account, which may be gone.
    pub user: Option<UserId>,
    /// Those of this event.
    pub event: Option<Event>,
    /// Those of what they did.
    pub by: Option<Whose>,
}

/// Lines of the trail, the newest first.
///
/// # Errors
///
/// A failure of the store.
pub async fn audit(app: &App, which: Lines, limit: u32) -> Result<Vec<Line>, Failure> {
    let Lines { before, since, user, event, by } = which;
    Ok(app.inner.store.read(ListLines { before, since, user, event, by, limit }).await?)
}
