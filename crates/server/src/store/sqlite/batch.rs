//! How many operations a transaction takes.
//!
//! A commit waits for the disk however many operations it is of, so the more share it, the less it costs each. But whoever is in
//! it has nothing else to do: when all clients are in one batch, everything else that is done for them stands still while it
//! runs, and then comes all at once. So a batch takes as many as run within a part of the time that its commit will take; and of
//! many, that are more than anyone needs to have something to do, a part.

use std::time::Duration;

/// The most operations in one transaction: a bound on how long the first of them waits, and another process too.
pub(super) const MOST: usize = 512;

/// Fewer than these are no burden to anyone.
const LEAST: usize = 8;

/// A batch runs for two fifths of what its commit takes: on a disk where that is 0.25 ms, this made an eighth more of refreshes than
/// taking all, and four fifths made less.
const RUN_OF_COMMIT: (u64, u64) = (2, 5);

/// A third of those that wait leaves two more batches of them.
const OF_WAITING: usize = 3;

/// What transactions have cost of late.
#[derive(Debug, Default)]
pub(super) struct BatchSize {
    /// Nanoseconds of one operation, and of a commit; none before the first.
    operation: Option<u64>,
    commit: Option<u64>,
}

impl BatchSize {
    /// For the next transaction, when so many wait.
    pub(super) fn next(&self, waiting: usize) -> usize {
        let (Some(operation), Some(commit)) = (self.operation, self.commit) else { return MOST };
        let (run, of_commit) = RUN_OF_COMMIT;
        let fitting = commit.saturating_mul(run) / of_commit / operation.max(1);
        let fitting = usize::try_from(fitting).unwrap_or(MOST);
        fitting.max(waiting / OF_WAITING).clamp(LEAST, MOST)
    }

    /// So many operations have run for so long in a transaction, and its commit took that long.
    pub(super) fn learn(&mut self, operations: usize, ran: Duration, commit: Duration) {
        let Some(each) = nanos(ran).checked_div(operations as u64) else { return };
        self.operation = Some(smoothed(self.operation, each));
        self.commit = Some(smoothed(self.commit, nanos(commit)));
    }
}

/// Moves by an eighth of the way, so that one slow transaction does not count for the next hundred.
fn smoothed(before: Option<u64>, now: u64) -> u64 {
    before.map_or(now, |before| before - before / 8 + now / 8)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After transactions of ten operations that ran for so long each, with commits of so long.
    fn after(operation_micros: u64, commit_micros: u64) -> BatchSize {
        let mut size = BatchSize::default();
        for _ in 0..50 {
            size.learn(10, Duration::from_micros(operation_micros * 10), Duration::from_micros(commit_micros));
        }
        size
    }

    #[test]
    fn a_batch_runs_for_a_part_of_its_commit_or_takes_a_part_of_many() {
        let nothing_known = BatchSize::default();
        assert_eq!(nothing_known.next(0), MOST);
        let cases = [
            // Microseconds of an operation and of a commit, those that wait, and how many are taken.
            (5, 250, 0, 20),
            (5, 250, 60, 20),
            (5, 250, 300, 100),
            (5, 250, 4096, MOST),
            // A slow disk: all that wait, as far as a batch goes.
            (5, 2_500, 64, 200),
            (5, 20_000, 64, MOST),
            // Operations that are slow, or a disk that costs nothing.
            (400, 250, 0, LEAST),
            (5, 0, 0, LEAST),
            (0, 250, 0, MOST),
        ];
        for (operation, commit, waiting, taken) in cases {
            assert_eq!(after(operation, commit).next(waiting), taken, "{operation} {commit} {waiting}");
        }
    }

    #[test]
    fn what_has_changed_is_learnt_soon_and_what_happened_once_is_forgotten() {
        let mut size = after(5, 250);
        size.learn(1, Duration::from_micros(5), Duration::from_millis(200));
        assert!(size.next(0) > 500);
        for _ in 0..60 {
            size.learn(10, Duration::from_micros(50), Duration::from_micros(250));
        }
        assert!((20..=22).contains(&size.next(0)), "{}", size.next(0));
        size.learn(0, Duration::MAX, Duration::MAX);
        assert!((20..=22).contains(&size.next(0)), "a transaction of nothing says nothing");
    }
}
