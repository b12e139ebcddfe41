//! The one place of the command line that reads the system clock.

use std::time::{SystemTime, UNIX_EPOCH};

/// The present time, in whole seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "this is the clock that the rule sends everybody to")]
pub(crate) fn now() -> i64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX)
}
