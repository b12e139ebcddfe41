//! The one place that reads a clock. Everything else is handed the time.

use std::fmt::Debug;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

use crate::domain::time::Timestamp;

/// Tells the time.
pub trait Clock: Debug + Send + Sync {
    /// The present time.
    fn now(&self) -> Timestamp;
}

/// For intervals: never steps, and stands still where a test pauses tokio's time.
pub(crate) fn monotonic() -> Instant {
    Instant::now()
}

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that the rule sends everybody to")]
    fn now(&self) -> Timestamp {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}

/// How long something has been waiting, by a clock that nobody sets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiting(Option<Instant>);

impl Waiting {
    /// From now on.
    pub(crate) fn from_now() -> Self {
        Self(Some(Instant::now()))
    }

    /// For longer than anybody knows.
    pub(crate) const fn for_ever() -> Self {
        Self(None)
    }

    /// Until now.
    pub(crate) fn so_far(self) -> Duration {
        self.0.map_or(Duration::MAX, |since| since.elapsed())
    }
}
