//! Bounds on what outsiders can cause at once: requests being served, questions whether the store works, and lines of the audit trail.

use std::sync::{Arc, PoisonError};

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use crate::domain::audit::{Budget, Place};
use crate::domain::time::Timestamp;
use crate::store::{Store, StoreError};

/// How long an answer to "can you serve?" holds, in milliseconds: finding out costs a write.
const READINESS_HOLDS: i64 = 1000;

/// Bounds on what outsiders can cause at once.
#[derive(Debug)]
pub(crate) struct Limits {
    in_flight: Arc<Semaphore>,
    readiness: Mutex<Option<(Timestamp, Result<(), StoreError>)>>,
    refusals: std::sync::Mutex<Budget>,
}

impl Limits {
    pub(crate) fn new(max_in_flight: u32) -> Self {
        let places = usize::try_from(max_in_flight).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            in_flight: Arc::new(Semaphore::new(places)),
            readiness: Mutex::new(None),
            refusals: std::sync::Mutex::default(),
        }
    }

    /// A place among the requests being served, if one is free.
    pub(crate) fn admit(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.in_flight).try_acquire_owned().ok()
    }

    /// Whether a refusal has a line in the audit trail, or is counted.
    pub(crate) fn admit_refusal(&self, now: Timestamp) -> Place {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).admit(now)
    }

    /// How many refusals were counted since the last time.
    pub(crate) fn take_left_out(&self) -> u64 {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner).take_left_out()
    }

    /// Whether the store takes writes. Everyone who asks within a second gets the same answer.
    pub(crate) async fn ready(&self, store: &Store, now: Timestamp) -> Result<(), StoreError> {
        let mut readiness = self.readiness.lock().await;
        if let Some((at, known)) = readiness.as_ref()
            && now.millis_since(*at) < READINESS_HOLDS
            && now >= *at
        {
            return known.clone();
        }
        let found = store.ping().await;
        *readiness = Some((now, found.clone()));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::Limits;

    #[test]
    fn places_are_taken_and_given_back() {
        let limits = Limits::new(2);
        let (first, second) = (limits.admit(), limits.admit());
        assert!(first.is_some() && second.is_some() && limits.admit().is_none());
        drop(first);
        assert!(limits.admit().is_some());
    }
}
