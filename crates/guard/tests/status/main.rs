//! Reading an issuer's status lists: what has been taken back is refused, a list that is not good says nothing, and no request
//! waits for long.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod bounds;
mod claims;
mod issuer;
mod lies;
mod reading;
#[path = "../support/mod.rs"]
mod support;

use std::time::Duration;

/// For what has to come, and comes much sooner.
const PATIENCE: Duration = Duration::from_secs(30);

/// Lets so much time pass at once, for those who sleep. What is on its way over the network meanwhile takes its own time.
async fn pass(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}

/// Returns when it is so.
async fn until(mut so: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, looking).await.expect("it comes to that");
}
