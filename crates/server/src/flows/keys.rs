//! Keys: list them, make the next one, let it sign, revoke. For operators only.

use crate::app::{App, StartError};
use crate::domain::audit::{By, Event, Line};
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};
use crate::domain::rotation::{Rotation, Turn, find};
use crate::domain::time::Timestamp;
use crate::keys::{FollowKeysError, change_lines, rotation};
use crate::store::StoreError;
use crate::store::audit::Audited;
use crate::store::keys::{Ask, Change, LoadKeys, NextKey, NextKeyOutcome, OtherMaster, RevokeKeys, RevokeOutcome};
use crate::tokens::keyring::KeyringError;

/// How long an entry of the revocation feed names a revoked key, in seconds: ten years. A stolen key can sign tokens that never
/// expire, and a verifier may have it for good.
const NAMED_FOR: i64 = 10 * 365 * 86_400;

/// How often to begin anew when somebody else changes the keys meanwhile.
pub(super) const ATTEMPTS: usize = 5;

/// A key as an operator sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyInfo {
    /// The key id.
    pub kid: String,
    /// What it is for.
    pub purpose: KeyPurpose,
    /// Its algorithm, by its JOSE name.
    pub algorithm: String,
    /// Where it is in its life.
    pub state: KeyState,
    /// Whether it is a secret of the configuration, and so in no key set.
    pub is_secret: bool,
    /// When it was made and published.
    pub created_at: Timestamp,
    /// Since when it signs, or from when on it will; nothing when it waits to be asked.
    pub signs_from: Option<Timestamp>,
    /// When it stopped signing.
    pub retired_at: Option<Timestamp>,
    /// When it goes, since the last token that it signed will have expired.
    pub gone_at: Option<Timestamp>,
}

/// The next key, after it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextKeyInfo {
    /// The key id.
    pub kid: String,
    /// Whether it was made now.
    pub is_new: bool,
    /// Whether it signs already.
    pub signs: bool,
    /// From when on it signs; nothing when it waits to be asked.
    pub signs_from: Option<Timestamp>,
}

/// What became of keys that were revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The keys that stopped.
    pub kids: Vec<String>,
    /// The keys that sign in their place.
    pub now_signing: Vec<String>,
}

/// Why the keys were not changed.
#[derive(Debug, thiserror::Error)]
pub enum KeysFailure {
    /// There is no such key.
    #[error("there is no key `{0}`; `jotgate keys list` shows those that there are")]
    Unknown(String),
    /// The revoked key is the secret of the configuration.
    #[error(
        "`{0}` is the configured secret, and nothing could sign in its place: put a new one into tokens.secret and this one into tokens.previous_secret first, or set tokens.algorithm to one of key pairs"
    )]
    ConfiguredSecret(String),
    /// The keys changed at each attempt.
    #[error("the keys are being changed by somebody else; try again")]
    Busy,
    /// The store or a master key cannot be opened.
    #[error(transparent)]
    Open(#[from] StartError),
    /// The keys cannot be opened or made.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// The store failed.
    #[error("the store cannot be used: {0}")]
    Store(#[from] StoreError),
}

impl From<FollowKeysError> for KeysFailure {
    fn from(error: FollowKeysError) -> Self {
        match error {
            FollowKeysError::Store(error) => Self::Store(error),
            FollowKeysError::Keyring(error) => Self::Keyring(error),
        }
    }
}

impl From<OtherMaster> for KeysFailure {
    fn from(_: OtherMaster) -> Self {
        Self::Keyring(KeyringError::OtherMaster)
    }
}

/// All keys, the oldest first.
///
/// # Errors
///
/// A failure of the store.
pub async fn keys(app: &App) -> Result<Vec<KeyInfo>, KeysFailure> {
    let stored = app.inner.store.read(LoadKeys).await?;
    let rotation = rotation(&app.inner.config).remembering(stored.lives);
    Ok(stored.keys.iter().map(|key| info(key, &stored.keys, &rotation)).collect())
}

fn info(key: &StoredKey, keys: &[StoredKey], rotation: &Rotation) -> KeyInfo {
    let active = find(keys, key.purpose, KeyState::Active);
    let signs_from = match key.state {
        KeyState::Next => active.filter(|_| rotation.wants(key)).and_then(|active| rotation.signs_from(key, active)),
        KeyState::Active | KeyState::Retired => key.activated_at,
    };
    KeyInfo {
        kid: key.kid.clone(),
        purpose: key.purpose,
        algorithm: key.algorithm.clone(),
        state: key.state,
        is_secret: key.is_configured_secret(),
        created_at: key.created_at,
        signs_from,
        retired_at: key.retired_at,
        gone_at: rotation.gone_at(key),
    }
}

/// The published key set as JSON: public members only.
#[must_use]
pub fn public_keys(app: &App) -> String {
    String::from_utf8_lossy(&app.keyring().jwks().body).into_owned()
}

/// Makes and publishes the next signing key unless there is one. It signs when it is asked to, or when rotation falls due.
///
/// # Errors
///
/// When no key can be made, or the store fails.
pub async fn generate_key(app: &App) -> Result<NextKeyInfo, KeysFailure> {
    next_key(app, KeyPurpose::Signing, Ask::Exist).await
}

/// Lets the next key of a purpose sign as soon as it may, and makes it first if there is none. It may when everyone who verifies
/// must know it; a running server then does it.
///
/// # Errors
///
/// When no key can be made, or the store fails.
pub async fn rotate_key(app: &App, purpose: KeyPurpose) -> Result<NextKeyInfo, KeysFailure> {
    next_key(app, purpose, Ask::Sign).await
}

async fn next_key(app: &App, purpose: KeyPurpose, ask: Ask) -> Result<NextKeyInfo, KeysFailure> {
    let (config, now) = (&app.inner.config, app.now());
    let made = app.generator().next(purpose, &config.tokens, now)?;
    let master = app.inner.keys.master().mark();
    let next = NextKey { purpose, ask, rotation: rotation(config), made, master, now };
    let line = app.line(now, Event::KeyMake, &By::command_line()).with("purpose", purpose.name());
    let next = Audited::new(next, move |outcome: &Result<_, _>| {
        outcome.as_ref().map(|next| asked(&line, next)).unwrap_or_default()
    });
    let NextKeyOutcome { kid, was_there, turn } = app.inner.store.write(next).await??;
    app.follow_keys().await?;
    let (signs, signs_from) = match turn {
        Some(Turn::Now) => (true, Some(now)),
        Some(Turn::At(at)) => (false, Some(at)),
        None => (false, None),
    };
    tracing::info!(kid, purpose = purpose.name(), is_new = !was_there, signs, "the next key was asked for");
    Ok(NextKeyInfo { kid, is_new: !was_there, signs, signs_from })
}

/// Stops keys at once, whatever it costs: what they have signed is refused here and by every verifier that follows the revocation
/// feed, and another key signs from this moment on.
///
/// # Errors
///
/// When one of them is unknown, nothing could sign in its place, or the store fails; then nothing has changed.
pub async fn revoke_keys(app: &App, mut kids: Vec<String>) -> Result<Revoked, KeysFailure> {
    kids.sort_unstable();
    kids.dedup();
    for _ in 0..ATTEMPTS {
        let now = app.now();
        let stored = app.inner.store.read(LoadKeys).await?;
        let heirs = heirs(app, &stored.keys, &kids, now)?;
        let (master, forget_at) = (app.inner.keys.master().mark(), now.plus_seconds(NAMED_FOR));
        let line = app.line(now, Event::KeyRevoke, &By::command_line());
        let revoke = RevokeKeys { kids: kids.clone(), heirs, master, now, forget_at };
        match app.end(Audited::new(revoke, move |outcome: &_| written(&line, outcome))).await? {
            RevokeOutcome::Revoked(changes) => {
                app.follow_keys().await?;
                return Ok(revoked(changes));
            }
            RevokeOutcome::Unknown(kid) => return Err(KeysFailure::Unknown(kid)),
            RevokeOutcome::OtherMaster(OtherMaster) => return Err(OtherMaster.into()),
            RevokeOutcome::NoHeir(_) => {}
        }
    }
    Err(KeysFailure::Busy)
}

fn written(line: &Line, outcome: &RevokeOutcome) -> Vec<Line> {
    match outcome {
        RevokeOutcome::Revoked(changes) => change_lines(line, changes),
        RevokeOutcome::Unknown(_) | RevokeOutcome::NoHeir(_) | RevokeOutcome::OtherMaster(_) => Vec::new(),
    }
}

/// What is written of a next key that was asked for.
fn asked(line: &Line, next: &NextKeyOutcome) -> Vec<Line> {
    let made = (!next.was_there).then(|| line.beside(0, Event::KeyMake));
    let signs = (next.turn == Some(Turn::Now)).then(|| line.beside(1, Event::KeyActivate));
    made.into_iter().chain(signs).map(|line| line.target(&next.kid)).collect()
}

/// Keys to take for the active ones among those that are revoked, of the same kind, which is what verifiers expect.
fn heirs(app: &App, keys: &[StoredKey], kids: &[String], now: Timestamp) -> Result<Vec<StoredKey>, KeysFailure> {
    let active = keys.iter().filter(|key| key.state == KeyState::Active && kids.contains(&key.kid));
    active
        .map(|key| {
            let heir = app.generator().heir(key, &app.inner.config.tokens, now)?;
            if kids.contains(&heir.kid) { Err(KeysFailure::ConfiguredSecret(heir.kid)) } else { Ok(heir) }
        })
        .collect()
}

fn revoked(changes: Vec<Change>) -> Revoked {
    let mut revoked = Revoked { kids: Vec::new(), now_signing: Vec::new() };
    for change in changes {
        tracing::warn!(change = %change, "keys were revoked");
        match change {
            Change::Revoked(kid) => revoked.kids.push(kid),
            Change::Activated(kid) => revoked.now_signing.push(kid),
            Change::Made(..) | Change::Dropped(_) => {}
        }
    }
    revoked
}
