//! Log out: end this session, the others, or all of the user's.

use super::Failure;
use super::authenticate::authenticate;
use super::refresh::open;
use super::sessions::ended_some;
use crate::app::App;
use crate::clock::Waiting;
use crate::domain::audit::{Actor, By, Event, Line, Origin};
use crate::domain::session::{EndReason, SessionId};
use crate::revocations;
use crate::store::audit::Audited;
use crate::store::sessions::{EndSessions, LogOutByToken, LogOutOutcome, Which};
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
/// With a refresh token a session that is over already is no error, so that a log-out whose answer was lost can be sent
/// again; nor does its generation matter for its own session.
///
/// # Errors
///
/// As [`authenticate`] or, for a refresh token, as [`refresh`](super::refresh); or a failure of the store.
pub async fn logout(app: &App, origin: Origin, credential: Credential<'_>, scope: Scope) -> Result<(), Failure> {
    match credential {
        Credential::Access(token) => by_access_token(app, origin, token, scope).await,
        Credential::Refresh(token) => by_refresh_token(app, origin, token, scope).await,
    }
}

async fn by_access_token(app: &App, origin: Origin, token: &str, scope: Scope) -> Result<(), Failure> {
    let caller = authenticate(app, token)?;
    let (which, reason) = reach(scope, caller.session);
    let now = app.now();
    let forget_at = revocations::forget_at(now);
    let by = By { actor: Actor::User(caller.user), origin };
    let line = app.line(now, Event::Logout, &by).session(caller.session).with("reason", reason.name());
    let end = EndSessions { user: caller.user, which, reason, now, forget_at };
    app.end(Audited::new(end, move |ended: &Vec<_>| ended_some(&line, ended.len()))).await?;
    Ok(())
}

async fn by_refresh_token(app: &App, origin: Origin, token: &str, scope: Scope) -> Result<(), Failure> {
    let (now, waiting) = (app.now(), Waiting::from_now());
    let RefreshToken { session, generation } = open(app, token).await?;
    let (which, reason) = reach(scope, session);
    let (policies, forget_at) = (app.inner.terms.refresh.clone(), revocations::forget_at(now));
    let notify = app.inner.mail.notices();
    let (id, presented) = (session, generation);
    let log_out = LogOutByToken { id, presented, which, reason, now, waiting, policies, forget_at, notify };
    let line = app.line(now, Event::Logout, &By { origin, ..By::default() }).session(session);
    match app.end(Audited::new(log_out, move |outcome: &_| written(&line, reason, outcome))).await? {
        LogOutOutcome::Done { .. } | LogOutOutcome::Unknown => Ok(()),
        LogOutOutcome::Reused { .. } => {
            app.inner.mail.wake();
            Err(Failure::RefreshTokenReused)
        }
        LogOutOutcome::Overtaken => Err(Failure::Overtaken),
        LogOutOutcome::Refused(refused) => Err(refused.into()),
    }
}

fn written(line: &Line, reason: EndReason, outcome: &LogOutOutcome) -> Option<Line> {
    let of = |user| {
        let by = By { actor: Actor::User(user), origin: line.by.origin.clone() };
        Line { by, ..line.clone() }.about(user)
    };
    match *outcome {
        LogOutOutcome::Done { user, ended } => ended_some(&of(user).with("reason", reason.name()), ended),
        // Whoever presents a used token may not be the person.
        LogOutOutcome::Reused { user, ended } => {
            let line = Line { event: Event::RefreshReused.name().into(), ..line.clone() };
            ended_some(&line.about(user), ended)
        }
        LogOutOutcome::Unknown | LogOutOutcome::Overtaken | LogOutOutcome::Refused(_) => None,
    }
}

fn reach(scope: Scope, session: SessionId) -> (Which, EndReason) {
    match scope {
        Scope::Local => (Which::One(session), EndReason::Logout),
        Scope::Others => (Which::Others(session), EndReason::LogoutOthers),
        Scope::Global => (Which::All, EndReason::LogoutGlobal),
    }
}
