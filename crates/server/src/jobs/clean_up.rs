//! Clean-up in small steps that never hold up a request: forgotten revocations and tries, expired links, old lines of the audit
//! trail, dead sessions, idle memory.

use std::time::Duration;

use super::share_tries;
use crate::app::App;
use crate::clock::monotonic;
use crate::domain::forgetting::ForgettingClock;
use crate::domain::session::SessionId;
use crate::domain::time::Timestamp;
use crate::revocations::LONGEST_TOKEN;
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
    let mut clock = ForgettingClock::starting(app.now(), LONGEST_TOKEN);
    let mut looked_at = monotonic();
    loop {
        tokio::time::sleep(PAUSE).await;
        app.inner.hasher.release_idle_memory();
        let passed = looked_at.elapsed();
        looked_at += passed;
        let now = clock.look(app.now(), passed);
        if let Err(error) = round(&app, now).await {
            tracing::error!(%error, "clean-up failed; it goes on with the next round");
        }
    }
}

/// Of several servers on a store each forgets by its own clock, and so by no clock that has just jumped.
async fn round(app: &App, now: Timestamp) -> Result<(), StoreError> {
    app.inner.revocations.forget(now);
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
