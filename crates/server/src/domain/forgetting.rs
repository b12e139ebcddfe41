//! The time to forget by. Pure.
//!
//! What is forgotten too early brings an ended token back, and a clock can jump ahead and back again. So a clock that jumps is
//! not believed until it has said the same for so long that no token from before is left. What it said when this began is
//! believed.

use std::time::Duration;

use super::time::Timestamp;

/// What a clock and the time that passes may differ by, in milliseconds: clocks are put right in small steps all the time.
const DIFFERENCE: i64 = 60_000;

/// A clock to forget by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ForgettingClock {
    /// What the clock would show had it not jumped.
    steady: Timestamp,
    /// For how long it has shown something else, in milliseconds.
    differs_for: i64,
    /// For how long it has to until it is believed, in milliseconds.
    until_believed: i64,
}

impl ForgettingClock {
    /// Begins with what the clock shows; `longest_life` is that of what is to be forgotten, in seconds.
    pub(crate) fn starting(clock: Timestamp, longest_life: i64) -> Self {
        Self { steady: clock, differs_for: 0, until_believed: longest_life.saturating_mul(1000) }
    }

    /// The time to forget by, when so much time has passed since the last look and the clock shows this.
    pub(crate) fn look(&mut self, clock: Timestamp, passed: Duration) -> Timestamp {
        let passed = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX);
        self.steady = Timestamp::from_millis(self.steady.millis().saturating_add(passed));
        let difference = clock.millis().abs_diff(self.steady.millis());
        self.differs_for =
            if difference > DIFFERENCE.unsigned_abs() { self.differs_for.saturating_add(passed) } else { 0 };
        if self.differs_for == 0 || self.differs_for > self.until_believed {
            (self.steady, self.differs_for) = (clock, 0);
        }
        clock.min(self.steady)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: i64 = 4200;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(1_800_000_000 + seconds)
    }

    /// What it is forgotten by after looks once a minute, at each of which the clock shows so many seconds more than have passed.
    fn last(ahead: &[i64]) -> i64 {
        let mut clock = ForgettingClock::starting(at(0), LIFE);
        let looks = (1..).zip(ahead).map(|(minute, ahead)| clock.look(at(60 * minute + ahead), Duration::from_mins(1)));
        looks.last().unwrap_or(at(0)).seconds() - at(0).seconds()
    }

    #[test]
    fn a_clock_that_jumps_is_not_believed_before_no_token_of_before_is_left() {
        assert_eq!(last(&[0, 0, 0]), 180);
        assert_eq!(last(&[0, 86_400]), 120, "ahead");
        assert_eq!(last(&[0, 86_400, 86_400, 0]), 240, "ahead and back");
        assert_eq!(last(&[0, -86_400]), 120 - 86_400, "back: nothing is forgotten");
        assert_eq!(last(&[0, -86_400, 0]), 180, "back and ahead");
        assert_eq!(last(&[86_400; 70]), 70 * 60);
        assert_eq!(last(&[86_400; 71]), 71 * 60 + 86_400, "for as long as any token lives");
        assert_eq!(last(&[3600; 200]), 200 * 60 + 3600);
    }

    #[test]
    fn small_steps_are_followed() {
        let drift: Vec<i64> = (0..1000).map(|minute| minute / 2).collect();
        assert_eq!(last(&drift), 1000 * 60 + 499);
        assert_eq!(last(&[50, 100, 50, 0]), 240);
    }
}
