//! Clean-up in small steps that never hold up a request: forgotten revocations and tries, expired links, old lines of the audit
//! trail, dead sessions, idle memory.

use std::time::Duration;

use super::share_tries;
use crate::app::App;
use crate::domain::session::SessionId;
use crate::store::StoreError;
use crate::store::audit::ForgetLines;
use crate::store::mail_tokens::ForgetMailTokens;
use crate::store::revocations::ForgetRevocations;
use crate::store::sessions::DeleteDeadSessions;

/// Between two rounds.
const PAUSE: Duration = Duration::from_mins(1);
/// Between two steps of one round.
const BREATH: Duration = Duration::from_millis(20);
/// Rows looked at in one step.
const STEP: u32 = 500;
/// How long an ended or expired session is kept, in seconds: its last refresh token must still be told what happened.
const KEEP_DEAD_SECONDS: i64 = 30 * 86_400;

pub(super) async fn run(app: App) {
    loop {
        tokio::time::sleep(PAUSE).await;
        app.inner.hasher.release_idle_memory();
        if let Err(error) = round(&app).await {
            tracing::error!(%error, "clean-up failed; it goes on with the next round");
        }
    }
}

async fn round(app: &App) -> Result<(), StoreError> {
    let now = app.now();
    app.inner.revocations.set.forget(now.seconds());
    while app.inner.store.write(ForgetRevocations { now, limit: STEP }).await? == u64::from(STEP) {
        tokio::time::sleep(BREATH).await;
    }
    while app.inner.store.write(ForgetMailTokens { now, limit: STEP }).await? == u64::from(STEP) {
        tokio::time::sleep(BREATH).await;
    }
    share_tries::clean_up(app, BREATH).await?;
    app.note_left_out().await?;
    forget_lines(app).await?;
    let dead_before = now.minus_seconds(KEEP_DEAD_SECONDS);
    let mut after: Option<SessionId> = None;
    loop {
        let swept = app.inner.store.write(DeleteDeadSessions { dead_before, after, scan: STEP }).await?;
        after = swept.next;
        if after.is_none() {
            return Ok(());
        }
        tokio::time::sleep(BREATH).await;
    }
}

async fn forget_lines(app: &App) -> Result<(), StoreError> {
    let before = app.now().minus_seconds(app.config().audit.retention.get());
    while app.inner.store.write(ForgetLines { before, limit: STEP }).await? == u64::from(STEP) {
        tokio::time::sleep(BREATH).await;
    }
    Ok(())
}
