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
        let since = self.failing_since.load(Ordering::Relaxed);
        now.millis().saturating_sub(since) > LIMIT
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
        freshness.was_read();
        assert!(!freshness.is_stale(at(12)));
    }
}
