//! Sessions: list a user's, end one.

use super::Failure;
use crate::app::App;
use crate::domain::session::{EndReason, Session, SessionId};
use crate::domain::user::UserId;
use crate::revocations;
use crate::store::sessions::{EndSessions, FindSession, ListSessions, Which};
use crate::store::users::ListUsers;

/// Users read at a time.
const PAGE: u32 = 500;

/// The live sessions of a user, last used first.
///
/// # Errors
///
/// A failure of the store.
pub async fn sessions(app: &App, user: UserId) -> Result<Vec<Session>, Failure> {
    Ok(app.inner.store.read(ListSessions { user, now: app.now() }).await?)
}

/// Ends one session; of `user` when given, of anyone for an administrator.
///
/// # Errors
///
/// [`Failure::SessionNotFound`] when there is no such live session, or it is somebody else's; or a failure of the store.
pub async fn end_session(
    app: &App,
    user: Option<UserId>,
    session: SessionId,
    reason: EndReason,
) -> Result<(), Failure> {
    let found = app.inner.store.read(FindSession { id: session }).await?;
    let mine = found.filter(|session| user.is_none_or(|user| session.user_id == user));
    let owner = mine.ok_or(Failure::SessionNotFound)?.user_id;
    let ended = end(app, owner, Which::One(session), reason).await?;
    if ended == 0 { Err(Failure::SessionNotFound) } else { Ok(()) }
}

/// Ends whatever a user has, and says how many sessions there were. Tokens without a session here end as well, as there are
/// after a restored backup, except those of the last minute.
///
/// # Errors
///
/// A failure of the store.
pub async fn end_sessions_of(app: &App, user: UserId, reason: EndReason) -> Result<usize, Failure> {
    end(app, user, Which::All, reason).await
}

/// Ends all sessions of all users who are there when it begins, user by user, and says how many there were. What has ended
/// stays ended when it is interrupted; the next call goes on with the rest. Users without a session are not named in the feed.
///
/// # Errors
///
/// A failure of the store.
pub async fn end_sessions_of_everyone(app: &App, reason: EndReason) -> Result<usize, Failure> {
    let (mut ended, mut after) = (0, None);
    loop {
        let page = app.inner.store.read(ListUsers { after, limit: PAGE }).await?;
        let Some(last) = page.last().map(|user| user.id) else { return Ok(ended) };
        for user in page {
            ended += end(app, user.id, Which::Each, reason).await?;
        }
        after = Some(last);
    }
}

async fn end(app: &App, user: UserId, which: Which, reason: EndReason) -> Result<usize, Failure> {
    let now = app.now();
    let forget_at = revocations::forget_at(now);
    Ok(app.end(EndSessions { user, which, reason, now, forget_at }).await?.len())
}
