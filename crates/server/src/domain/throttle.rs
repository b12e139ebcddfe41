//! How long a wrong password makes the next try wait.

use super::time::Timestamp;

/// Tries that need not wait (NIST SP 800-63B-4 §3.2.2 allows up to 100 in all).
const FREE_TRIES: u32 = 5;
/// The longest wait, in seconds, so that an attacker cannot lock a person out for good.
const LONGEST_WAIT: i64 = 60;
/// After this long without a try, in seconds, all is forgotten.
const FORGOTTEN_AFTER: i64 = 3600;

/// Recent tries for one address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tries {
    /// How many.
    pub(crate) count: u32,
    /// When the last was admitted.
    pub(crate) last: Timestamp,
}

/// Admits the next try and counts it, or says how many seconds to wait.
pub(crate) fn admit(tries: Tries, now: Timestamp) -> Result<Tries, u32> {
    let elapsed = now.millis_since(tries.last);
    if tries.count == 0 || elapsed >= FORGOTTEN_AFTER * 1000 {
        return Ok(Tries { count: 1, last: now });
    }
    let left = wait_after(tries.count) * 1000 - elapsed;
    if left > 0 {
        return Err(u32::try_from((left + 999) / 1000).unwrap_or(u32::MAX));
    }
    Ok(Tries { count: tries.count.saturating_add(1), last: now })
}

/// Seconds between the try of that number and the next: none at first, then 1, 2, 4 … up to the longest.
fn wait_after(count: u32) -> i64 {
    match count.checked_sub(FREE_TRIES) {
        None => 0,
        Some(doublings) => 1_i64.checked_shl(doublings.min(16)).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn five_are_free_and_then_the_wait_doubles_up_to_a_minute() {
        let mut tries = Tries::default();
        let mut now = at(1_000_000);
        for _ in 0..FREE_TRIES {
            tries = admit(tries, now).unwrap();
        }
        for expected in [1, 2, 4, 8, 16, 32, 60, 60, 60] {
            assert_eq!(admit(tries, now), Err(expected));
            now = at(now.millis() + i64::from(expected) * 1000 - 1);
            assert_eq!(admit(tries, now), Err(1), "a millisecond too early");
            now = at(now.millis() + 1);
            tries = admit(tries, now).unwrap();
        }
    }

    #[test]
    fn a_refused_try_does_not_prolong_the_wait_and_a_quiet_hour_forgets() {
        let tries = Tries { count: 20, last: at(0) };
        assert_eq!(admit(tries, at(30_000)), Err(30));
        assert_eq!(admit(tries, at(59_999)), Err(1));
        assert_eq!(admit(tries, at(3_600_000)), Ok(Tries { count: 1, last: at(3_600_000) }));
    }

    #[test]
    fn a_clock_that_steps_back_and_a_huge_count_do_no_harm() {
        let tries = Tries { count: u32::MAX, last: at(1_000_000) };
        assert_eq!(admit(tries, at(0)), Err(60));
        assert_eq!(admit(tries, at(1_060_000)).unwrap().count, u32::MAX);
    }
}
