//! How long failed tries make the next one wait.
//!
//! Failures leak away one by one, so there is nothing to be reset and nothing that stays: whoever tries as slowly as the
//! longest wait goes on for ever, and nobody is locked out for good.

use super::time::Timestamp;

/// How much is free, and how fast the waits grow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    /// Failures after which nothing has to wait yet, at least 1.
    pub(crate) free: u32,
    /// The longest wait, in seconds. After each such time one failure is forgiven.
    pub(crate) longest: u32,
}

/// What is remembered of tries.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tries {
    /// How many failed and are not forgiven.
    pub(crate) failed: u32,
    /// When the last was forgiven, or the first failed.
    pub(crate) since: Timestamp,
    /// When the last one was admitted, whatever came of it.
    pub(crate) last: Timestamp,
}

impl Limit {
    /// Whether another try may be made, with so many under way whose outcome is open; if not, how many seconds to wait. Those count as
    /// failures: fifty at once are fifty tries.
    pub(crate) fn check(self, tries: Tries, under_way: u32, now: Timestamp) -> Result<(), u32> {
        let wait = i64::from(self.wait_after(self.forgive(tries, now).failed.saturating_add(under_way)));
        let left = wait * 1000 - now.millis_since(tries.last);
        if left > 0 { Err(u32::try_from((left + 999) / 1000).unwrap_or(u32::MAX)) } else { Ok(()) }
    }

    /// The tries as they count at this time.
    pub(crate) fn forgive(self, tries: Tries, now: Timestamp) -> Tries {
        let longest = i64::from(self.longest.max(1));
        let forgiven = now.millis_since(tries.since) / (longest * 1000);
        let failed = tries.failed.saturating_sub(u32::try_from(forgiven).unwrap_or(u32::MAX));
        let since = if failed == 0 { now } else { tries.since.plus_seconds(forgiven * longest) };
        Tries { failed, since, ..tries }
    }

    /// When nothing is left of the tries, and no wait.
    pub(crate) fn forgotten_at(self, tries: Tries) -> Timestamp {
        let longest = i64::from(self.longest);
        tries.since.plus_seconds(longest.saturating_mul(i64::from(tries.failed))).max(tries.last.plus_seconds(longest))
    }

    /// Seconds between one try and the next with so many failures before it: none at first, then 1, 2, 4 … up to the longest.
    fn wait_after(self, failed: u32) -> u32 {
        match failed.checked_sub(self.free) {
            None => 0,
            Some(doublings) => 1_u32.checked_shl(doublings).unwrap_or(self.longest).min(self.longest),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Limit = Limit { free: 5, longest: 60 };

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn failed(limit: Limit, tries: Tries, now: Timestamp) -> Tries {
        let tries = limit.forgive(tries, now);
        Tries { failed: tries.failed + 1, last: now, ..tries }
    }

    #[test]
    fn a_few_are_free_and_then_the_wait_doubles_up_to_the_longest() {
        let slow = Limit { free: 5, longest: 3600 };
        let mut now = at(1_000_000);
        let mut tries = Tries { since: now, ..Tries::default() };
        for _ in 0..slow.free {
            assert_eq!(slow.check(tries, 0, now), Ok(()));
            tries = failed(slow, tries, now);
        }
        for expected in [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024] {
            assert_eq!(slow.check(tries, 0, now), Err(expected));
            now = at(now.millis() + i64::from(expected) * 1000 - 1);
            assert_eq!(slow.check(tries, 0, now), Err(1), "a millisecond too early");
            now = at(now.millis() + 1);
            assert_eq!(slow.check(tries, 0, now), Ok(()));
            tries = failed(slow, tries, now);
        }
        assert_eq!(slow.check(tries, 0, now), Err(2048));
        assert_eq!(slow.check(failed(slow, tries, now), 0, now), Err(3600));
    }

    #[test]
    fn tries_under_way_count_as_failures() {
        let tries = Tries { failed: 3, since: at(0), last: at(0) };
        assert_eq!(LIMIT.check(tries, 1, at(0)), Ok(()));
        assert_eq!(LIMIT.check(tries, 2, at(0)), Err(1));
        assert_eq!(LIMIT.check(tries, u32::MAX, at(0)), Err(60));
    }

    #[test]
    fn one_failure_is_forgiven_in_the_time_of_the_longest_wait_and_no_fraction_is_lost() {
        let mut tries = Tries { failed: 3, since: at(0), last: at(0) };
        for (now, left) in [(59_999, 3), (60_000, 2), (119_999, 2), (120_000, 1), (180_000, 0), (1_000_000, 0)] {
            // Asking often changes nothing.
            tries = LIMIT.forgive(tries, at(now));
            assert_eq!(tries.failed, left, "{now}");
        }
        assert_eq!(tries.since, at(1_000_000));
        let old = Tries { failed: 3, since: at(0), last: at(30_000) };
        assert_eq!(LIMIT.forgotten_at(old), at(180_000));
        assert_eq!(LIMIT.forgotten_at(Tries { failed: 0, ..old }), at(90_000));
    }

    #[test]
    fn a_clock_that_steps_back_and_a_huge_number_do_no_harm() {
        let tries = Tries { failed: u32::MAX, since: at(1_000_000), last: at(1_000_000) };
        assert_eq!(LIMIT.check(tries, u32::MAX, at(0)), Err(60));
        assert_eq!(LIMIT.check(tries, 0, at(1_060_000)), Ok(()));
        assert_eq!(LIMIT.forgotten_at(tries).seconds(), 1000 + 60 * i64::from(u32::MAX));
        let never = Limit { free: 1, longest: 0 };
        assert_eq!(never.check(tries, 9, at(1_000_000)), Ok(()));
    }

    /// What a stranger who never stops gets in a day is what is free, a few doublings, and one for each longest wait.
    #[test]
    fn guessing_for_a_day_is_bounded() {
        let limit = Limit { free: 20, longest: 3600 };
        let (mut tries, mut admitted) = (Tries::default(), 0);
        for second in 0..86_400 {
            let now = Timestamp::from_seconds(second);
            if limit.check(tries, 0, now).is_ok() {
                tries = failed(limit, tries, now);
                admitted += 1;
            }
        }
        assert!((40..=60).contains(&admitted), "{admitted}");
    }
}
