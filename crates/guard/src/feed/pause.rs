//! How long to pause: never the same for two verifiers, so that an issuer that comes back is not met by all of them at once.
//!
//! A line that is mended is noticed within a second, since what ended meanwhile is not known until then. That is a small request
//! a second from each verifier, which an issuer without its feed can bear; only when it has been away for about a minute is it
//! given more time, and verifiers are more spread out.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// Milliseconds after one failure, two, three …; the last holds from then on.
const AFTER_FAILURE: [u64; 3] = [250, 500, 1000];
/// Failures in a row from which on an outage is a long one: about a minute of them.
const LONG_OUTAGE: usize = 80;
/// Milliseconds between two attempts then.
const IN_A_LONG_OUTAGE: u64 = 5000;
/// Milliseconds between two questions where streams do not get through.
const BETWEEN_QUESTIONS: u64 = 2000;
/// Milliseconds between two looks at an issuer that has no feed.
const WITHOUT_FEED: u64 = 10 * 60 * 1000;

/// After so many failures in a row; without one a stream was simply over.
pub(super) fn after_failures(failures: usize) -> Duration {
    let [.., longest] = AFTER_FAILURE;
    let longest = if failures < LONG_OUTAGE { longest } else { IN_A_LONG_OUTAGE };
    jittered(AFTER_FAILURE.get(failures.saturating_sub(1)).copied().unwrap_or(longest), chance())
}

pub(super) fn between_questions() -> Duration {
    jittered(BETWEEN_QUESTIONS, chance())
}

pub(super) fn without_feed() -> Duration {
    jittered(WITHOUT_FEED, chance())
}

/// Between a half and the whole of it.
fn jittered(millis: u64, chance: u64) -> Duration {
    Duration::from_millis(millis / 2 + chance % (millis / 2 + 1))
}

/// The standard library seeds its hash tables from the system's randomness; it need not be good here, only different.
fn chance() -> u64 {
    RandomState::new().hash_one(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_second_and_in_a_long_outage_to_more_and_keep_within_a_half_and_the_whole() {
        for (failures, longest) in [(0, 250), (1, 250), (2, 500), (3, 1000), (79, 1000), (80, 5000), (1_000_000, 5000)]
        {
            for _ in 0..50 {
                let pause = after_failures(failures);
                assert!(pause >= Duration::from_millis(longest / 2) && pause <= Duration::from_millis(longest));
            }
        }
    }

    #[test]
    fn two_verifiers_pause_differently() {
        let pauses: std::collections::BTreeSet<_> = (0..50).map(|_| after_failures(9)).collect();
        assert!(pauses.len() > 10, "{}", pauses.len());
    }
}
