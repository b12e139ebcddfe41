//! Points in time, as whole milliseconds since the Unix epoch.

use std::time::Duration;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const MILLIS_PER_SECOND: i64 = 1000;

impl Timestamp {
    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds since the epoch; what does not fit stops at the end of time.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(MILLIS_PER_SECOND))
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down: the `NumericDate` of RFC 7519 §2.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(MILLIS_PER_SECOND)
    }

    /// The time this many seconds later; stops at the end of time.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(MILLIS_PER_SECOND)))
    }

    /// The time so much later, to the millisecond; stops at the end of time.
    #[must_use]
    pub fn plus(self, elapsed: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time this many seconds earlier; stops at the beginning of time.
    #[must_use]
    pub const fn minus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_sub(seconds.saturating_mul(MILLIS_PER_SECOND)))
    }

    /// Milliseconds that have passed since `earlier`. A clock that was set back counts as no time at all.
    #[must_use]
    pub const fn millis_since(self, earlier: Self) -> i64 {
        let elapsed = self.0.saturating_sub(earlier.0);
        if elapsed < 0 { 0 } else { elapsed }
    }
}

#[cfg(test)]
mod tests {
    use super::Timestamp;

    #[test]
    fn seconds_round_down_on_both_sides_of_the_epoch() {
        assert_eq!(Timestamp::from_millis(1999).seconds(), 1);
        assert_eq!(Timestamp::from_millis(-1).seconds(), -1);
        assert_eq!(Timestamp::from_seconds(7).millis(), 7000);
    }

    #[test]
    fn arithmetic_stops_at_the_ends_of_time() {
        assert_eq!(Timestamp::from_millis(i64::MAX).plus_seconds(1).millis(), i64::MAX);
        assert_eq!(Timestamp::from_millis(i64::MIN).minus_seconds(i64::MAX).millis(), i64::MIN);
        assert_eq!(Timestamp::from_seconds(i64::MAX).millis(), i64::MAX);
    }

    #[test]
    fn a_clock_set_back_counts_as_no_time() {
        let noon = Timestamp::from_millis(5000);
        assert_eq!(noon.millis_since(Timestamp::from_millis(6000)), 0);
        assert_eq!(noon.millis_since(Timestamp::from_millis(4000)), 1000);
    }
}
