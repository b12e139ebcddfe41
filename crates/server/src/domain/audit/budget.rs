//! How many refusals have a line of their own. Everybody can cause them, so that what they may write is bounded: so many lines
//! a minute, and one more with the number of the rest.

use crate::domain::time::Timestamp;

/// Lines a minute. Sustained for a day they are about 25 MB.
pub(crate) const LINES_A_MINUTE: u32 = 60;

const MINUTE_MILLIS: i64 = 60_000;

/// What this minute has had of refusals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Budget {
    minute: i64,
    lines: u32,
    left_out: u64,
}

/// What is to be done with a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// It has a line.
    Line,
    /// It is counted.
    Counted,
}

impl Budget {
    /// Gives a refusal its place. What was counted stays counted until somebody takes it.
    pub(crate) fn admit(&mut self, now: Timestamp) -> Place {
        let minute = now.millis().div_euclid(MINUTE_MILLIS);
        if minute != self.minute {
            (self.minute, self.lines) = (minute, 0);
        }
        if self.lines < LINES_A_MINUTE {
            self.lines += 1;
            return Place::Line;
        }
        self.left_out = self.left_out.saturating_add(1);
        Place::Counted
    }

    /// How many were counted since the last time, which are counted no more.
    pub(crate) fn take_left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_has_its_lines_and_the_rest_is_counted() {
        let mut budget = Budget::default();
        let at = |seconds: i64| Timestamp::from_seconds(1_800_000_000 + seconds);
        let lines = (0..1000).filter(|_| budget.admit(at(0)) == Place::Line).count();
        assert_eq!(lines, 60);
        assert_eq!(budget.admit(at(59)), Place::Counted);
        assert_eq!(budget.admit(at(60)), Place::Line, "the next minute begins anew");
        assert_eq!(budget.take_left_out(), 941, "and forgets nothing that was counted");
        assert_eq!(budget.take_left_out(), 0);
    }

    #[test]
    fn a_clock_that_steps_back_makes_no_more_room_than_a_minute_has() {
        let mut budget = Budget::default();
        for second in [120, 60, 120, 60] {
            let lines = (0..100).filter(|_| budget.admit(Timestamp::from_seconds(second)) == Place::Line).count();
            assert_eq!(lines, 60);
        }
    }
}
