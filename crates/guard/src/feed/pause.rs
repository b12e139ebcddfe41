//! How long to pause: longer with each failure, and never the same for two verifiers, so that an issuer that comes back is
//! not met by all of them at once.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// Milliseconds after one failure, two, three …; the last holds from then on.
const AFTER_FAILURE: [u64; 5] = [500, 1000, 2000, 4000, 5000];
/// Milliseconds between two questions where streams do not get through.
const BETWEEN_QUESTIONS: u64 = 2000;
/// Milliseconds between two looks at an issuer that has no feed.
const WITHOUT_FEED: u64 = 10 * 60 * 1000;

/// After so many failures in a row; without one a stream was simply over.
pub(super) fn after_failures(failures: usize) -> Duration {
    let [.., longest] = AFTER_FAILURE;
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
    fn pauses_grow_to_a_limit_and_keep_within_a_half_and_the_whole() {
        for (failures, longest) in [(0, 500), (1, 500), (2, 1000), (5, 5000), (1_000_000, 5000)] {
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
