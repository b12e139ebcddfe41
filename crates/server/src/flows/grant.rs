//! What a successful log-in or refresh hands out. Every way in ends here, so none can forget a step.

use super::{Device, Failure};
use crate::app::App;
use crate::config::{Sessions, Verification};
use crate::domain::audit::{Actor, By, Event, Line};
use crate::domain::mail::{Facts, Kind};
use crate::domain::session::{Session, SessionId};
use crate::domain::time::Timestamp;
use crate::domain::user::{User, UserId};
use crate::random;
use crate::revocations;
use crate::store::audit::Audited;
use crate::store::sessions::{OpenSession, OpenSessionOutcome};
use crate::tokens::issue;
use crate::tokens::refresh_token::RefreshToken;
use crate::tokens::size;
use jotgate_wire::SecretText;

/// Tokens for a client.
#[derive(Debug)]
pub struct Grant {
    /// The signed access token.
    pub access_token: SecretText,
    /// Seconds until it expires.
    pub expires_in: i64,
    /// The refresh token.
    pub refresh_token: SecretText,
    /// Seconds until the session expires unless it is refreshed again.
    pub refresh_expires_in: i64,
    /// The session.
    pub session: SessionId,
    /// How often it has been refreshed.
    pub generation: u64,
}

/// A session that was just opened, and whose it is.
#[derive(Debug)]
pub struct Opened {
    /// The user.
    pub user: User,
    /// The first tokens.
    pub grant: Grant,
}

/// What became of an attempt to open a session.
pub(super) enum Opening {
    Opened(Box<Opened>),
    /// Between the check of the password and this, the hash was replaced: by a neighbour's upgrade, or by a change.
    HashChanged,
}

/// Opens a session for a user whose password was checked against the hash that is known.
pub(super) async fn open_session(app: &App, known: User, device: Device) -> Result<Opening, Failure> {
    let (now, verified) = (app.now(), known.password_hash.clone());
    let by = By { actor: Actor::User(known.id), origin: device.origin.clone() };
    let session = new_session(app, known.id, device, now).await?;
    let line = app.line(now, Event::Login, &by).session(session.id);
    let forget_at = revocations::forget_at(now);
    let most = app.inner.config.sessions.max_per_user;
    let facts = Facts {
        device: session.device.clone().or_else(|| session.user_agent.clone()),
        address: session.address.clone(),
        email: None,
    };
    let new_device = app.notice(Kind::NewDevice, facts);
    let proven_only = app.inner.config.accounts.verification == Verification::Required;
    let (opened, known) = (session.clone(), Some(Box::new(known)));
    let open = OpenSession { session: opened, verified, known, most, proven_only, new_device, forget_at };
    let has_ended = |outcome: &_| matches!(outcome, OpenSessionOutcome::Opened { ended, .. } if !ended.is_empty());
    match app.end_if(Audited::new(open, move |outcome| logged_in(&line, outcome)), has_ended).await? {
        OpenSessionOutcome::Opened { user, told, .. } => {
            if told {
                app.inner.mail.wake();
            }
            let grant = issue(app, &user, &session, now)?;
            Ok(Opening::Opened(Box::new(Opened { user: *user, grant })))
        }
        OpenSessionOutcome::AccountDisabled => Err(Failure::AccountDisabled),
        OpenSessionOutcome::EmailNotVerified => Err(Failure::EmailNotVerified),
        OpenSessionOutcome::HashChanged => Ok(Opening::HashChanged),
        OpenSessionOutcome::NoUser => Err(Failure::InvalidCredentials),
    }
}

fn logged_in(line: &Line, outcome: &OpenSessionOutcome) -> Option<Line> {
    match outcome {
        OpenSessionOutcome::Opened { ended, .. } if ended.is_empty() => Some(line.clone()),
        OpenSessionOutcome::Opened { ended, .. } => Some(line.clone().with("sessions_ended", ended.len())),
        OpenSessionOutcome::AccountDisabled
        | OpenSessionOutcome::EmailNotVerified
        | OpenSessionOutcome::HashChanged
        | OpenSessionOutcome::NoUser => None,
    }
}

/// The tokens of a session at its present generation.
pub(super) fn issue(app: &App, user: &User, session: &Session, now: Timestamp) -> Result<Grant, Failure> {
    let jti = random::uuid(&*app.inner.random, now);
    let keyring = app.keyring();
    let (signing, key) = (keyring.signing()?, keyring.refresh_at(session.rotated_at)?);
    let access = issue::access_token(signing, &app.inner.terms, user, session, (now, jti))
        .map_err(|error| Failure::Internal(format!("the access token could not be signed: {error}")))?;
    size::watch(&access.text, user.id, || app.inner.limits.may_warn(now));
    let refresh = RefreshToken { session: session.id, generation: session.generation }.seal(key);
    Ok(Grant {
        access_token: access.text.into(),
        expires_in: access.expires_in,
        refresh_token: refresh.into(),
        refresh_expires_in: session.refresh_until().seconds() - now.seconds(),
        session: session.id,
        generation: session.generation,
    })
}

/// The client that a session is to be of, with what holds for its sessions. Asked for before anything is done, since a
/// client that is not known is a mistake of whoever wrote it.
pub(super) fn client(app: &App, device: &Device) -> Result<(String, Sessions), Failure> {
    let config = &app.inner.config;
    let id = device.client.as_ref().unwrap_or(&config.tokens.client_id);
    let limits = config.sessions_of(id).ok_or(Failure::UnknownClient)?;
    Ok((id.clone(), limits))
}

/// A session to be opened, if there are keys for its tokens.
pub(super) async fn new_session(app: &App, user: UserId, device: Device, now: Timestamp) -> Result<Session, Failure> {
    app.keyring().can_issue(now)?;
    let (client_id, limits) = client(app, &device)?;
    Ok(Session {
        id: app.session_id(now).await?,
        user_id: user,
        client_id,
        generation: 0,
        scope: String::new(),
        device: device.name,
        address: device.origin.address,
        user_agent: device.origin.user_agent,
        created_at: now,
        rotated_at: now,
        last_used_at: now,
        expires_at: now.plus_seconds(limits.absolute_ttl.get()),
        idle_for: limits.idle_ttl.0,
        ended: None,
    })
}
