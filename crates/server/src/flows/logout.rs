//! Log out: end this session, the others, or all of the user's.

use super::authenticate::authenticate;
use super::{Device, Failure, refresh::refresh};
use crate::app::App;
use crate::domain::session::{EndReason, SessionId};
use crate::domain::user::UserId;
use crate::store::sessions::{EndSessions, FindSession, Which};
use crate::tokens::refresh_token::RefreshToken;

/// Which sessions to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The session that asks.
    Local,
    /// All of the user's but the one that asks.
    Others,
    /// All of the user's.
    Global,
}

/// What proves the session: either token.
#[derive(Debug, Clone, Copy)]
pub enum Credential<'a> {
    /// An access token.
    Access(&'a str),
    /// A refresh token.
    Refresh(&'a str),
}

/// Ends sessions; their access tokens are refused from the moment this returns.
///
/// # Errors
///
/// As [`authenticate`] or, for a refresh token, as [`refresh`]; or a failure of the store.
pub async fn logout(app: &App, credential: Credential<'_>, scope: Scope) -> Result<(), Failure> {
    let (user, session) = match credential {
        Credential::Access(token) => {
            let caller = authenticate(app, token)?;
            (caller.user, caller.session)
        }
        Credential::Refresh(token) => match (owner(app, token).await?, scope) {
            (None, _) => return Ok(()),
            (Some(owner), Scope::Local) => owner,
            (Some(owner), _) => prove(app, token).await.map(|()| owner)?,
        },
    };
    end(app, user, session, scope).await
}

async fn end(app: &App, user: UserId, session: SessionId, scope: Scope) -> Result<(), Failure> {
    let (which, reason) = match scope {
        Scope::Local => (Which::One(session), EndReason::Logout),
        Scope::Others => (Which::Others(session), EndReason::LogoutOthers),
        Scope::Global => (Which::All, EndReason::LogoutGlobal),
    };
    let now = app.now();
    let forget_at = app.forget_at(now);
    let ended = app.inner.store.write(EndSessions { user, which, reason, now, forget_at }).await?;
    app.note_ended(&ended, forget_at);
    Ok(())
}

/// Whose session a genuine refresh token names; `None` when the session is already over, so that a log-out whose answer was
/// lost can be sent again. A token of any generation may end its own session: a stale one would end it at a refresh too.
async fn owner(app: &App, token: &str) -> Result<Option<(UserId, SessionId)>, Failure> {
    let opened = RefreshToken::open(token, app.inner.keyring.refresh());
    let token = opened.map_err(|_| Failure::RefreshTokenInvalid)?;
    let session = app.inner.store.read(FindSession { id: token.session }).await?;
    Ok(session.filter(|session| session.ended.is_none()).map(|session| (session.user_id, session.id)))
}

/// What reaches beyond the token's own session needs a token that would refresh it; a stale one ends its session, as ever.
async fn prove(app: &App, token: &str) -> Result<(), Failure> {
    refresh(app, token, Device::default()).await.map(drop)
}
