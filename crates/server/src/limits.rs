//! Bounds on what outsiders can cause at once: requests being served, questions whether the store works, and lines of the audit trail.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use crate::domain::audit::{Budget, Place};
use crate::domain::time::Timestamp;
use crate::store::{Store, StoreError};

/// How long an answer to "can you serve?" holds, in milliseconds: finding out costs a write.
const READINESS_HOLDS: i64 = 1000;

/// How long a store counts as full after a change found no room, in milliseconds: a change that takes none goes on meanwhile.
const FULL_HOLDS: i64 = 5000;

/// How long a warning is not repeated, in milliseconds.
const WARNING_HOLDS: i64 = 60_000;

/// Bounds on what outsiders can cause at once.
#[derive(Debug)]
pub(crate) struct Limits {
    in_flight: Arc<Semaphore>,
    readiness: Mutex<Readiness>,
    /// How often it was found out whether the store takes writes.
    looks: AtomicU64,
    refusals: std::sync::Mutex<Budget>,
    /// When the log was last told of something that people can cause again and again, in milliseconds.
    warned: AtomicI64,
}

impl Limits {
    pub(crate) fn new(max_in_flight: u32) -> Self {
        let places = usize::try_from(max_in_flight).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            in_flight: Arc::new(Semaphore::new(places)),
            readiness: Mutex::default(),
            looks: AtomicU64::new(0),
            refusals: std::sync::Mutex::default(),
            warned: AtomicI64::new(i64::MIN),
        }
    }

    /// A place among the requests being served, if one is free.
    pub(crate) fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.in_flight).try_acquire_owned().ok()
    }

    /// Whether the log may be told of something that people can cause again and again: once a minute.
    pub(crate) fn may_warn(&self, now: Timestamp) -> bool {
        let due = |last: i64| (now.millis().saturating_sub(last) >= WARNING_HOLDS).then_some(now.millis());
        self.warned.fetch_update(Ordering::Relaxed, Ordering::Relaxed, due).is_ok()
    }

    /// Whether a refusal has a line in the audit trail, or is counted.
    pub(crate) fn admit_refusal(&self, now: Timestamp) -> Place {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).admit(now)
    }

    /// How many refusals were counted since the last time.
    pub(crate) fn take_left_out(&self) -> u64 {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).take_left_out()
    }

    /// Whether the store takes writes, and has room.
    pub(crate) async fn ready(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        self.found_out(now, async { (store.ping().await, store.unroomed()) }).await
    }

    /// What a look finds: whether a write was taken, and how many changes have found no room so far. Everyone who asks within a
    /// second gets the same answer, and so does everyone who asks while somebody looks: a store that stands still is waited
    /// for once, and not by one after the other.
    async fn found_out(
        &self,
        now: Timestamp,
        look: impl Future<Output = (Result<(), StoreError>, u64)>,
    ) -> Result<(), StoreError> {
        let looks = self.looks.load(Ordering::Acquire);
        let mut readiness = self.readiness.lock().await;
        let is_new = self.looks.load(Ordering::Acquire) != looks;
        if let Some((at, known)) = readiness.answer.as_ref()
            && (is_new || holds(*at, now, READINESS_HOLDS))
        {
            return known.clone();
        }
        let (taken, unroomed) = look.await;
        let found = if readiness.is_full(unroomed, now) { taken.and(Err(StoreError::Full)) } else { taken };
        readiness.answer = Some((now, found.clone()));
        self.looks.fetch_add(1, Ordering::Release);
        found
    }
}

/// Whether the store takes writes, as far as is known.
#[derive(Debug, Default)]
struct Readiness {
    answer: Option<(Timestamp, Result<(), StoreError>)>,
    /// Changes that had found no room at the last look, and when a look found more of them.
    unroomed: u64,
    full_at: Option<Timestamp>,
}

impl Readiness {
    /// Whether a change found no room since the last look, or not long before it.
    fn is_full(&mut self, unroomed: u64, now: Timestamp) -> bool {
        if std::mem::replace(&mut self.unroomed, unroomed) != unroomed {
            self.full_at = Some(now);
        }
        self.full_at.is_some_and(|at| holds(at, now, FULL_HOLDS))
    }
}

/// Whether what was found then is still so. A clock that was set back ends it.
fn holds(at: Timestamp, now: Timestamp, millis: i64) -> bool {
    now >= at && now.millis_since(at) < millis
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::task::JoinSet;
    use tokio::time::{Instant, sleep};

    use super::{Limits, Readiness};
    use crate::domain::time::Timestamp;
    use crate::store::StoreError;

    /// Ten proxies ask one after the other, a second apart, and a look takes as long as a silent database may.
    #[tokio::test(start_paused = true)]
    async fn a_store_that_stands_still_is_waited_for_once() {
        let (limits, begun) = (Arc::new(Limits::new(1)), Instant::now());
        let mut asking = JoinSet::new();
        for second in 0..10 {
            let limits = Arc::clone(&limits);
            asking.spawn(async move {
                sleep(Duration::from_secs(second)).await;
                let look = async {
                    sleep(Duration::from_secs(17)).await;
                    (Err(StoreError::Busy), 0)
                };
                let found = limits.found_out(Timestamp::from_seconds(second.cast_signed()), look).await;
                (found, begun.elapsed().as_secs())
            });
        }
        assert_eq!(asking.join_all().await, vec![(Err(StoreError::Busy), 17); 10]);
        let good = limits.found_out(Timestamp::from_seconds(17), async { (Ok(()), 0) }).await;
        assert_eq!(good, Ok(()), "who asks after it looks anew");
    }

    #[test]
    fn the_log_is_warned_once_a_minute() {
        let limits = Limits::new(1);
        let warned = [0, 1, 59, 60, 61, 130].map(|second| limits.may_warn(Timestamp::from_seconds(second)));
        assert_eq!(warned, [true, false, false, true, false, true]);
    }

    #[test]
    fn a_store_is_full_for_five_seconds_after_a_change_found_no_room() {
        let mut readiness = Readiness::default();
        let looks = [(0, 0), (1, 3), (2, 3), (5, 3), (6, 3), (50, 4), (54, 9), (58, 9), (59, 9), (70, 10), (69, 10)];
        let full = looks.map(|(second, unroomed)| readiness.is_full(unroomed, Timestamp::from_seconds(second)));
        assert_eq!(full, [false, true, true, true, false, true, true, true, false, true, false]);
    }

    #[test]
    fn places_are_taken_and_given_back() {
        let limits = Limits::new(2);
        let (first, second) = (limits.admit(), limits.admit());
        assert!(first.is_some() && second.is_some() && limits.admit().is_none());
        drop(first);
        assert!(limits.admit().is_some());
    }
}
