//! Whether this process knows what has ended. While it cannot read its own store it cannot, and after a while its own
//! routes say so rather than take ended tokens for ever.

use std::sync::atomic::{AtomicI64, Ordering};

use crate::domain::time::Timestamp;

/// How long the store may fail to be read before nothing is known any more, in milliseconds.
const LIMIT: i64 = 10_000;

const READABLE: i64 = i64::MAX;

/// Since when the store cannot be read.
#[derive(Debug)]
pub(crate) struct Freshness {
    failing_since: AtomicI64,
}

impl Default for Freshness {
    fn default() -> Self {
        Self { failing_since: AtomicI64::new(READABLE) }
    }
}

impl Freshness {
    pub(crate) fn was_read(&self) {
        self.failing_since.store(READABLE, Ordering::Relaxed);
    }

    /// Of failures in a row the first counts.
    pub(crate) fn could_not_be_read(&self, now: Timestamp) {
        self.failing_since.fetch_min(now.millis(), Ordering::Relaxed);
    }

    pub(crate) fn is_stale(&self, now: Timestamp) -> bool {
        self.unreadable(now) > LIMIT
    }

    /// How long the store could not be read, in seconds.
    pub(crate) fn unreadable_seconds(&self, now: Timestamp) -> u64 {
        u64::try_from(self.unreadable(now) / 1000).unwrap_or(0)
    }

    fn unreadable(&self, now: Timestamp) -> i64 {
        now.millis().saturating_sub(self.failing_since.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_cannot_be_read_for_too_long_makes_it_stale() {
        let at = |seconds: i64| Timestamp::from_seconds(1_800_000_000 + seconds);
        let freshness = Freshness::default();
        assert!(!freshness.is_stale(at(1_000_000)), "nothing has failed");
        freshness.could_not_be_read(at(0));
        freshness.could_not_be_read(at(9));
        assert!(!freshness.is_stale(at(10)));
        assert!(freshness.is_stale(at(11)));
        assert_eq!(freshness.unreadable_seconds(at(11)), 11);
        freshness.was_read();
        assert!(!freshness.is_stale(at(12)));
        assert_eq!(freshness.unreadable_seconds(at(12)), 0);
    }
}
