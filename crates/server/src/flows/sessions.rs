//! Sessions: list a user's, end one.

use super::Failure;
use super::administer::as_administrator;
use crate::app::App;
use crate::domain::audit::{Actor, By, Event, Line};
use crate::domain::session::{EndReason, Session, SessionId};
use crate::domain::user::UserId;
use crate::revocations;
use crate::store::audit::Audited;
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
    by: &By,
    user: Option<UserId>,
    session: SessionId,
    reason: EndReason,
) -> Result<(), Failure> {
    let found = app.inner.store.read(FindSession { id: session }).await?;
    let mine = found.filter(|session| user.is_none_or(|user| session.user_id == user));
    let owner = mine.ok_or(Failure::SessionNotFound)?.user_id;
    let ended = end(app, by, owner, (Which::One(session), reason)).await?;
    if ended == 0 { Err(Failure::SessionNotFound) } else { Ok(()) }
}

/// Ends whatever a user has, and says how many sessions there were. Tokens without a session here end as well, as there are
/// after a restored backup, except those of the last minute.
///
/// # Errors
///
/// A failure of the store.
pub async fn end_sessions_of(app: &App, by: &By, user: UserId, reason: EndReason) -> Result<usize, Failure> {
    end(app, by, user, (Which::All, reason)).await
}

/// Ends all sessions of all users who are there when it begins, user by user, and says how many there were. What has ended
/// stays ended when it is interrupted; the next call goes on with the rest. Users without a session are not named in the feed.
///
/// # Errors
///
/// A failure of the store.
pub async fn end_sessions_of_everyone(app: &App, by: &By, reason: EndReason) -> Result<usize, Failure> {
    let (mut ended, mut after) = (0, None);
    loop {
        let page = app.inner.store.read(ListUsers { after, limit: PAGE }).await?;
        let Some(last) = page.last().map(|user| user.id) else { return Ok(ended) };
        for user in page {
            ended += end(app, by, user.id, (Which::Each, reason)).await?;
        }
        after = Some(last);
    }
}

async fn end(app: &App, by: &By, user: UserId, (which, reason): (Which, EndReason)) -> Result<usize, Failure> {
    let now = app.now();
    let event = if by.actor == Actor::User(user) { Event::Logout } else { Event::SessionEnd };
    let line = app.line(now, event, by).about(user).with("reason", reason.name());
    let line = if let Which::One(session) = which { line.session(session) } else { line };
    let forget_at = revocations::forget_at(now);
    let end = EndSessions { user, which, reason, now, forget_at };
    let end = Audited::new(end, move |ended: &Vec<_>| ended_some(&line, ended.len()));
    Ok(app.end(as_administrator(app, by, Some(user), end)).await??.len())
}

/// What is written of an end of sessions; nothing when they were over already.
pub(super) fn ended_some(line: &Line, ended: usize) -> Option<Line> {
    (ended > 0).then(|| line.clone().with("sessions_ended", ended))
}
