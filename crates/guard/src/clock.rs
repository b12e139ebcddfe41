//! The only file of this crate that touches the system's clocks.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::SystemTime;

use tokio::time::Instant;

/// Says what time it is, for the claims of tokens: the system's clock, or one that a test sets.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until it is [`set`](Self::set). Clones show the same time.
    #[must_use]
    pub fn manual(now: i64) -> Self {
        Self(Some(Arc::new(AtomicI64::new(now))))
    }

    /// Sets a manual clock, and with it all its clones, to `now` in seconds since 1970. The system's clock stays as it is.
    pub fn set(&self, now: i64) {
        if let Some(time) = &self.0 {
            time.store(now, Ordering::Relaxed);
        }
    }

    /// Seconds since 1970, rounded down.
    #[must_use]
    pub fn now(&self) -> i64 {
        match &self.0 {
            Some(time) => time.load(Ordering::Relaxed),
            None => system_seconds(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the crate's one clock")]
fn system_seconds() -> i64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    // A clock before 1970 is broken; at 0 every token is "not valid yet" rather than good for ever.
    since_1970.map_or(0, |duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX))
}

/// For intervals: never steps back, and stands still where a test pauses tokio's time.
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_of_a_manual_clock_show_the_same_time() {
        let clock = Clock::manual(1000);
        let other = clock.clone();
        clock.set(2000);
        assert_eq!(other.now(), 2000);
    }

    #[test]
    fn the_system_s_clock_cannot_be_set() {
        let clock = Clock::system();
        clock.set(5);
        assert!(clock.now() > 1_700_000_000);
    }
}
