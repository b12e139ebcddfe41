//! Notices what another process did to the keys (the command line, another server), and takes it in.

use std::time::Duration;

use crate::app::App;

/// Looks at least this often, also when nothing was noticed: a new key signs only when every server must know it.
pub(crate) const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// How long to wait after a failure before trying again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);

pub(super) async fn run(app: App) {
    let mut changes = loop {
        match app.inner.store.watch() {
            Ok(changes) => break changes,
            Err(error) => failed(&error.to_string()).await,
        }
    };
    loop {
        while let Err(error) = app.follow_keys().await {
            if app.keyring().can_issue(app.now()).is_err() {
                tracing::error!(
                    "no key for new tokens is left here: log-in and refresh are answered with 503 until the next error is mended"
                );
            }
            failed(&error.to_string()).await;
        }
        if let Ok(Err(_)) = tokio::time::timeout(LONGEST_PAUSE, changes.changed()).await {
            break;
        }
    }
}

async fn failed(error: &str) {
    tracing::error!(
        error,
        "not every stored key can be taken in; this server goes on with those it has open that are still stored, and tries again"
    );
    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
}
