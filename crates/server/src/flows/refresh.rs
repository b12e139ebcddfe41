//! Refresh: open the token (its MAC fails before any query), rotate the session in one atomic operation, issue.

use super::grant::{Grant, issue};
use super::{Device, Failure};
use crate::app::App;
use crate::clock::Waiting;
use crate::domain::refresh::Refused;
use crate::metrics;
use crate::revocations;
use crate::store::sessions::{RotateOutcome, RotateSession};
use crate::tokens::refresh_token::{NotOpened, RefreshToken};

/// Exchanges a refresh token for its successor and a fresh access token.
///
/// # Errors
///
/// [`Failure::RefreshTokenInvalid`], [`Failure::RefreshTokenExpired`], [`Failure::RefreshTokenReused`] (which has ended
/// the session), [`Failure::SessionEnded`], [`Failure::AccountDisabled`], [`Failure::Overtaken`], or a failure of the store.
pub async fn refresh(app: &App, token: &str, device: Device) -> Result<Grant, Failure> {
    // To open it may take a look into the store, and is waiting, too.
    let (now, waiting) = (app.now(), Waiting::from_now());
    let presented = open(app, token).await?;
    app.keyring().can_issue(now)?;
    let rotate = RotateSession {
        id: presented.session,
        presented: presented.generation,
        now,
        waiting,
        again: false,
        policies: app.inner.terms.refresh.clone(),
        address: device.origin.address,
        user_agent: device.origin.user_agent,
        request: device.origin.request,
        forget_at: revocations::forget_at(now),
        notify: app.inner.mail.notices(),
    };
    let outcome = app.inner.store.rotate(rotate).await;
    metrics::refreshed(&outcome);
    match outcome? {
        RotateOutcome::Rotated { session, user } => issue(app, &user, &session, session.rotated_at),
        RotateOutcome::Replayed { session, user } => issue(app, &user, &session, now),
        RotateOutcome::Reused { session } => {
            app.inner.mail.wake();
            app.follow_revocations().await?;
            tracing::warn!(session = %session.id, user = %session.user_id, "a refresh token was used again; its session is ended");
            Err(Failure::RefreshTokenReused)
        }
        RotateOutcome::Overtaken => Err(Failure::Overtaken),
        RotateOutcome::Refused(refused) => Err(refused.into()),
        RotateOutcome::Unknown => Err(Failure::SessionEnded),
    }
}

/// What a genuine token says. One that is forged fails before any query; one whose key is not here may have been made by another
/// server with a key that is new, and only when the stored keys have been looked at is it certain that it is none of ours. Nobody is
/// logged out because this server is behind, or cannot open that key.
pub(super) async fn open(app: &App, token: &str) -> Result<RefreshToken, Failure> {
    if let Err(NotOpened::UnknownKey(_)) = RefreshToken::open(token, app.keyring().refresh()) {
        app.look_at_the_keys().await?;
    }
    let keyring = app.keyring();
    RefreshToken::open(token, keyring.refresh()).map_err(|not_opened| match not_opened {
        NotOpened::UnknownKey(id) if keyring.is_closed(id) => Failure::NoKey,
        NotOpened::UnknownKey(_) | NotOpened::NotGenuine => Failure::RefreshTokenInvalid,
    })
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::SessionEnded => Self::SessionEnded,
            Refused::Expired => Self::RefreshTokenExpired,
            Refused::AccountDisabled => Self::AccountDisabled,
            Refused::Invalid => Self::RefreshTokenInvalid,
        }
    }
}
