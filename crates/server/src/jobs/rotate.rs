//! Keys in step with time: made ahead of it, rotated, forgotten. Every server runs this; each step is taken by one.

use std::time::Duration;

use crate::app::App;

/// Between two looks.
const PAUSE: Duration = Duration::from_secs(30);

pub(super) async fn run(app: App) {
    loop {
        match app.advance_keys().await {
            Ok(changes) => {
                for change in changes {
                    tracing::info!(%change, "keys were rotated");
                }
            }
            Err(error) => tracing::error!(%error, "keys cannot be rotated; trying again"),
        }
        tokio::time::sleep(PAUSE).await;
    }
}
