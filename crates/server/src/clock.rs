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
pub(crate) enum Waiting {
    Since(Instant),
    /// As a test has it.
    #[cfg(test)]
    For(Duration),
}

impl Waiting {
    /// From now on.
    pub(crate) fn from_now() -> Self {
        Self::Since(monotonic())
    }

    /// Until now.
    pub(crate) fn so_far(self) -> Duration {
        match self {
            Self::Since(since) => since.elapsed(),
            #[cfg(test)]
            Self::For(waited) => waited,
        }
    }
}
