//! Following an issuer's revocation feed: ends arrive, lies change nothing, and silence is answered as the route says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod issuer;
#[path = "../support/recorder.rs"]
mod recorder;
#[path = "../support/mod.rs"]
mod support;

mod following;
mod lies;
mod staleness;

use std::time::Duration;

use jotgate_guard::{Auth, Guard};

/// For what has to come, and comes much sooner.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a token stands for has ended, with this code.
async fn ended(guard: &Guard, auth: &Auth) -> &'static str {
    tokio::time::timeout(PATIENCE, guard.ended(auth)).await.expect("its end arrives").code()
}
