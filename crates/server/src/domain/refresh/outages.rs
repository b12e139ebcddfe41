//! The times in which nobody could be refreshed, as far as this server knows.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::time::Timestamp;

/// Times that are remembered, the newest. In milliseconds: shorter ones do not matter, and beyond the longest a stolen token weighs
/// more than a lost answer.
const KEPT: usize = 8;
const SHORTEST: i64 = 1000;
const LONGEST: i64 = 15 * 60 * 1000;

/// When the store gave no answer to any refresh: it was asked and failed, and decided nothing in between. While all goes well nobody
/// takes a lock.
#[derive(Debug)]
pub(crate) struct Outages {
    /// When a refresh was decided last, in milliseconds.
    decided: AtomicI64,
    /// Whether one has failed since.
    is_open: AtomicBool,
    /// Whether there was ever one.
    is_any: AtomicBool,
    times: Mutex<Times>,
}

#[derive(Debug, Default)]
struct Times {
    /// Since when one has failed, and none was decided.
    since: Option<Timestamp>,
    /// Earlier ones, from and until.
    over: VecDeque<(Timestamp, Timestamp)>,
}

impl Default for Outages {
    fn default() -> Self {
        let (is_open, is_any) = (AtomicBool::new(false), AtomicBool::new(false));
        Self { decided: AtomicI64::new(i64::MIN), is_open, is_any, times: Mutex::default() }
    }
}

impl Outages {
    /// A refresh that was asked for then failed.
    pub(crate) fn failed(&self, asked: Timestamp) {
        let mut times = self.times();
        let since = times.since.map_or(asked, |since| since.min(asked));
        times.since = Some(since.max(Timestamp::from_millis(self.decided.load(Ordering::Acquire))));
        self.is_any.store(true, Ordering::Release);
        self.is_open.store(true, Ordering::Release);
    }

    /// A refresh was decided, whatever the decision.
    pub(crate) fn decided(&self, at: Timestamp) {
        // Many are decided in a millisecond.
        if at.millis() > self.decided.load(Ordering::Relaxed) {
            self.decided.fetch_max(at.millis(), Ordering::AcqRel);
        }
        if self.is_open.load(Ordering::Acquire) {
            self.end(at);
        }
    }

    fn end(&self, at: Timestamp) {
        let mut times = self.times();
        self.is_open.store(false, Ordering::Release);
        if let Some(since) = times.since.take()
            && at.millis_since(since) >= SHORTEST
        {
            times.over.push_back((since, at));
            if times.over.len() > KEPT {
                times.over.pop_front();
            }
        }
    }

    /// Seconds between two times in which nobody could be refreshed.
    pub(crate) fn seconds(&self, from: Timestamp, until: Timestamp) -> u32 {
        if !self.is_any.load(Ordering::Acquire) {
            return 0;
        }
        let times = self.times();
        let open = times.since.map(|since| (since, until));
        let within = |(began, ended): (Timestamp, Timestamp)| ended.min(until).millis_since(began.max(from)).max(0);
        let millis: i64 = times.over.iter().copied().chain(open).map(within).sum();
        u32::try_from(millis.min(LONGEST).cast_unsigned().div_ceil(1000)).unwrap_or_default()
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Outages;
    use crate::domain::time::Timestamp;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_seconds(second)
    }

    #[test]
    fn an_outage_lasts_from_the_first_request_that_failed_to_the_next_that_was_decided() {
        let outages = Outages::default();
        outages.decided(at(100));
        assert_eq!(outages.seconds(at(90), at(200)), 0, "nobody asked");
        outages.failed(at(117));
        outages.failed(at(110));
        assert_eq!(outages.seconds(at(90), at(140)), 30, "it goes on");
        assert_eq!(outages.seconds(at(120), at(140)), 20, "the exchange was in the midst of it");
        outages.decided(at(150));
        // One that had waited long fails late.
        outages.failed(at(130));
        outages.decided(at(150));
        assert_eq!([at(90), at(145), at(150)].map(|from| outages.seconds(from, at(500))), [40, 5, 0]);
        outages.failed(at(300));
        outages.decided(at(310));
        assert_eq!(outages.seconds(at(90), at(500)), 50);
    }

    #[test]
    fn a_request_that_fails_among_others_that_do_not_is_no_outage() {
        let outages = Outages::default();
        for tenth in 0..100 {
            outages.decided(Timestamp::from_millis(tenth * 100));
            outages.failed(Timestamp::from_millis(tenth * 100 - 5000));
        }
        outages.decided(at(10));
        assert_eq!(outages.seconds(at(0), at(100)), 0);
    }

    #[test]
    fn the_newest_are_remembered() {
        let outages = Outages::default();
        for number in 0..100 {
            outages.failed(at(number * 100));
            outages.decided(at(number * 100 + 1));
        }
        assert_eq!(outages.seconds(at(0), at(100_000)), 8);
    }

    #[test]
    fn an_outage_holds_a_window_open_for_a_quarter_of_an_hour() {
        let outages = Outages::default();
        outages.failed(at(0));
        assert_eq!(outages.seconds(at(0), at(7200)), 900);
        // A clock that was set back says nothing.
        assert_eq!(outages.seconds(at(0), at(-100)), 0);
        outages.decided(at(-100));
        assert_eq!(outages.seconds(at(-200), at(100)), 0);
    }
}
