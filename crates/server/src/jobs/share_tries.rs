//! Shares failed tries with the other servers on the store, about once a second: a guesser who goes from one server to the next is
//! known there, and so is one who waits for a restart.

use std::time::Duration;

use crate::app::App;
use crate::store::StoreError;
use crate::store::tries::{CountTries, DropTries, ForgetTries, ShareTries, TriesAfter};

/// Between two rounds.
const PAUSE: Duration = Duration::from_secs(1);
/// After a failure.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(5);
/// Counters written in one round: under an attack from everywhere the most pressing ones, and the rest stay in memory.
const MOST: usize = 128;
/// Counters read at once.
const PAGE: u32 = 1000;
/// Counters kept in the store, however many the attacked accounts and the networks are.
const MOST_STORED: u64 = 100_000;
/// Counters forgotten in one step.
const STEP: u32 = 500;

pub(super) async fn run(app: App) {
    let mut seen = 0;
    loop {
        let pause = match app.share_tries(&mut seen).await {
            Ok(()) => PAUSE,
            Err(error) => {
                tracing::error!(%error, "failed tries are not shared with other servers just now; each counts its own");
                PAUSE_AFTER_FAILURE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

impl App {
    /// Writes what this server has counted, and takes in what all have counted after the number `seen`.
    pub(crate) async fn share_tries(&self, seen: &mut u64) -> Result<(), StoreError> {
        let (store, throttle) = (&self.inner.store, &self.inner.throttle);
        let changes = throttle.take_changes(MOST);
        if !changes.is_empty()
            && let Err(error) = store.write(ShareTries { changes: changes.clone() }).await
        {
            // If the store has done it after all these count twice, which is the safer mistake.
            throttle.give_back(&changes);
            return Err(error);
        }
        loop {
            let found = store.read(TriesAfter { after: *seen, limit: PAGE }).await?;
            throttle.take_in(&found.tries);
            let Some(last) = found.tries.last() else {
                // The store may have been set back.
                *seen = found.head;
                return Ok(());
            };
            *seen = last.sequence;
        }
    }
}

/// Forgets counters of which nothing is left, and those nearest to that where there are too many.
pub(super) async fn clean_up(app: &App, breath: Duration) -> Result<(), StoreError> {
    let store = &app.inner.store;
    let now = app.now();
    while store.write(ForgetTries { now, limit: STEP }).await? == u64::from(STEP) {
        tokio::time::sleep(breath).await;
    }
    let surplus = store.read(CountTries).await?.saturating_sub(MOST_STORED);
    for _ in 0..surplus.div_ceil(u64::from(STEP)) {
        store.write(DropTries { count: STEP }).await?;
        tokio::time::sleep(breath).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
