//! The server's clock in a race: it passes when the race says so, and in between every request meets another node's.

use std::sync::atomic::{AtomicI64, Ordering};

use jotgate_server::Clock;
use jotgate_server::domain::time::Timestamp;

/// How far the clocks of two nodes are apart at most, in milliseconds.
const SKEW_MILLIS: i64 = 20_000;

#[derive(Debug)]
pub(super) struct RaceClock {
    millis: AtomicI64,
    /// How far the node that answers next is ahead.
    ahead: AtomicI64,
}

impl Default for RaceClock {
    fn default() -> Self {
        Self { millis: AtomicI64::new(1_800_000_000_000), ahead: AtomicI64::new(0) }
    }
}

impl RaceClock {
    pub(super) fn pass(&self, seconds: i64) {
        self.millis.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Steps forward or back, as when the next request goes to another node.
    pub(super) fn step(&self, chance: u64) {
        let ahead = i64::try_from(chance).unwrap_or_default() % (SKEW_MILLIS + 1);
        self.ahead.store(ahead, Ordering::SeqCst);
    }
}

impl Clock for RaceClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst) + self.ahead.load(Ordering::SeqCst))
    }
}
