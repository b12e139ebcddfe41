//! The counters: so many and no more. Whoever fails most is remembered longest.

use std::collections::{HashMap, HashSet};

use crate::domain::throttle::{Limit, Tries};
use crate::domain::time::Timestamp;
use crate::store::tries::{StoredTries, TriesChange};

/// What a counter is of: a MAC over the words for it.
pub(crate) type Name = [u8; 16];

/// Counters at once. Those with the fewest failures are forgotten first, and of these the oldest; each one cost the attacker a
/// password hash.
pub(super) const MOST: usize = 200_000;

/// Failures from which on other servers are told of a counter. A counter that somebody made by one try of an address that nobody
/// has never reaches the store.
const SHARED_FROM: u32 = 3;

#[derive(Debug, Default)]
pub(super) struct Memory {
    counters: HashMap<Name, Counter>,
    /// Those whose change other servers may have to know.
    changed: HashSet<Name>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Counter {
    tries: Tries,
    /// How many are under way whose outcome is open.
    under_way: u32,
    /// Failures that no other server knows of yet; they are among the tries.
    unshared: u32,
    /// Whether it was cleared since it was last shared.
    cleared: bool,
    /// Whether other servers know of it.
    is_shared: bool,
    /// The longest wait of its limit, in seconds.
    longest: u32,
}

impl Memory {
    pub(super) fn check(&self, name: Name, limit: Limit, now: Timestamp) -> Result<(), u32> {
        self.counters.get(&name).map_or(Ok(()), |counter| limit.check(counter.tries, counter.under_way, now))
    }

    /// Counts a try that begins; gives the time at which the one before it began.
    pub(super) fn begin(&mut self, name: Name, limit: Limit, now: Timestamp) -> Timestamp {
        self.make_room(name);
        let counter = self.counters.entry(name).or_default();
        counter.longest = limit.longest;
        counter.under_way = counter.under_way.saturating_add(1);
        std::mem::replace(&mut counter.tries.last, now)
    }

    /// A try is no longer under way.
    pub(super) fn end(&mut self, name: Name) {
        if let Some(counter) = self.counters.get_mut(&name) {
            counter.under_way = counter.under_way.saturating_sub(1);
        }
    }

    /// A try failed.
    pub(super) fn failed(&mut self, name: Name, limit: Limit, now: Timestamp) {
        let Some(counter) = self.counters.get_mut(&name) else { return };
        let tries = limit.forgive(counter.tries, now);
        counter.tries = Tries { failed: tries.failed.saturating_add(1), ..tries };
        counter.unshared = counter.unshared.saturating_add(1).min(counter.tries.failed);
        if counter.is_shared || counter.tries.failed >= SHARED_FROM {
            self.changed.insert(name);
        }
    }

    /// Lets a counter start anew.
    pub(super) fn clear(&mut self, name: Name, now: Timestamp) {
        let Some(counter) = self.counters.get_mut(&name) else { return };
        counter.tries = Tries { failed: 0, since: now, last: now };
        counter.unshared = 0;
        if counter.is_shared {
            counter.cleared = true;
            self.changed.insert(name);
        } else if counter.under_way == 0 {
            self.counters.remove(&name);
            self.changed.remove(&name);
        }
    }

    /// A try that began at `now` was none, and the one before it began at `last`.
    pub(super) fn forget_last(&mut self, name: Name, now: Timestamp, last: Timestamp) {
        let Some(counter) = self.counters.get_mut(&name) else { return };
        if counter.tries.last == now {
            counter.tries.last = last;
        }
        if counter.tries.failed == 0 && counter.under_way == 0 && !counter.is_shared {
            self.counters.remove(&name);
        }
    }

    pub(super) fn take_changes(&mut self, most: usize) -> Vec<TriesChange> {
        let mut names: Vec<_> = self.changed.iter().copied().collect();
        if names.len() > most {
            let failed = |name: &Name| self.counters.get(name).map_or(0, |counter| counter.tries.failed);
            names.select_nth_unstable_by_key(most, |name| std::cmp::Reverse(failed(name)));
            names.truncate(most);
        }
        names.iter().filter_map(|name| self.take_change(*name)).collect()
    }

    fn take_change(&mut self, name: Name) -> Option<TriesChange> {
        self.changed.remove(&name);
        let counter = self.counters.get_mut(&name)?;
        let (failed, cleared) = (std::mem::take(&mut counter.unshared), std::mem::take(&mut counter.cleared));
        counter.is_shared = true;
        let Tries { since, last, .. } = counter.tries;
        Some(TriesChange { name, failed, cleared, since, last, longest: counter.longest })
    }

    pub(super) fn give_back(&mut self, changes: &[TriesChange]) {
        for change in changes {
            let Some(counter) = self.counters.get_mut(&change.name) else { continue };
            // What was cleared since then has nothing left of what failed before.
            if !counter.cleared {
                counter.unshared = counter.unshared.saturating_add(change.failed).min(counter.tries.failed);
            }
            counter.cleared |= change.cleared;
            self.changed.insert(change.name);
        }
    }

    /// What the store has of a counter is what all have shared, ours included; what we have not shared comes on top.
    pub(super) fn take_in(&mut self, stored: &[StoredTries]) {
        for stored in stored {
            self.make_room(stored.name);
            let counter = self.counters.entry(stored.name).or_default();
            counter.is_shared = true;
            if counter.cleared {
                continue;
            }
            let Tries { failed, since, last } = stored.tries;
            let failed = failed.saturating_add(counter.unshared);
            counter.tries = Tries { failed, since, last: last.max(counter.tries.last) };
        }
    }

    fn make_room(&mut self, name: Name) {
        if self.counters.len() >= MOST && !self.counters.contains_key(&name) {
            self.forget_half();
        }
    }

    fn forget_half(&mut self) {
        let rank = |counter: &Counter| (counter.tries.failed.saturating_add(counter.under_way), counter.tries.last);
        let mut ranks: Vec<_> = self.counters.values().map(rank).collect();
        let middle = ranks.len() / 2;
        let (_, median, _) = ranks.select_nth_unstable(middle);
        let median = *median;
        self.counters.retain(|_, counter| counter.under_way > 0 || rank(counter) > median);
        self.changed.retain(|name| self.counters.contains_key(name));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.counters.len()
    }
}
