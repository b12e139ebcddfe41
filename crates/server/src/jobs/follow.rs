//! Notices what was ended, here or by another process on the same store (the command line, another server), takes it in,
//! and tells whoever follows the revocation feed.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::app::App;
use crate::revocations::live::Told;

/// How long to wait after a failure before trying again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(500);
/// How long reading what has ended may take.
const LONGEST_READ: Duration = Duration::from_secs(5);

pub(super) async fn run(app: App) {
    app.inner.revocations.live.open();
    // However this ends, nobody follows for this process any more.
    let _end = End(app.clone());
    let mut changes = changes(&app).await;
    let mut told = Told::by(&app);
    let mut beat = interval(app.config().revocations.heartbeat.duration());
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heartbeat = true;
    loop {
        match timeout(LONGEST_READ, told.tell(&app, heartbeat)).await {
            Ok(Ok(true)) => beat.reset(),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => failed(&app, &error.to_string()).await,
            Err(_) => failed(&app, "the store does not answer").await,
        }
        heartbeat = tokio::select! {
            seen = changes.changed() => match seen {
                Ok(()) => false,
                Err(_) => return,
            },
            () = app.inner.revocations.live.until_something_ended() => false,
            _ = beat.tick() => true,
        };
    }
}

struct End(App);

impl Drop for End {
    fn drop(&mut self) {
        let revocations = &self.0.inner.revocations;
        revocations.live.close();
        revocations.freshness.could_not_be_read(self.0.now());
    }
}

async fn changes(app: &App) -> watch::Receiver<u64> {
    loop {
        match app.inner.store.watch() {
            Ok(changes) => return changes,
            Err(error) => failed(app, &error.to_string()).await,
        }
    }
}

async fn failed(app: &App, error: &str) {
    tracing::error!(error, "what other processes end cannot be followed; trying again");
    app.inner.revocations.freshness.could_not_be_read(app.now());
    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
}
