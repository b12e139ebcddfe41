//! Notices what another process did on the same store (the command line, another server) and takes in what it ended.

use std::time::Duration;

use crate::app::App;

/// How long to wait after a failure before trying again.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(500);

pub(super) async fn run(app: App) {
    let mut changes = loop {
        match app.inner.store.watch() {
            Ok(changes) => break changes,
            Err(error) => failed(&error.to_string()).await,
        }
    };
    // Once before the first change: something may have been committed since the store was opened.
    loop {
        while let Err(error) = app.follow_revocations().await {
            failed(&error.to_string()).await;
        }
        if changes.changed().await.is_err() {
            break;
        }
    }
}

async fn failed(error: &str) {
    tracing::error!(error, "sessions ended by other processes cannot be followed; trying again");
    tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
}
