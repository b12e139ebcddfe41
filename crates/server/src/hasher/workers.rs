//! How many hash at once: a worker for each core, and one less while there are other requests.
//!
//! A system that has given a core to a hash gives it back at its next tick, some milliseconds later, whoever else is woken meanwhile and
//! whatever the priorities say: measured as 4 to 10 ms for one refresh of a hundred, instead of one. So while other requests come, one
//! core is kept for them. Where log-ins are all that there is, they have all cores.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::clock::monotonic;

/// How long after another request a core is still kept.
const KEPT_FOR: Duration = Duration::from_millis(250);

/// The workers, as places to compute.
#[derive(Debug)]
pub(super) struct Workers {
    places: Arc<Semaphore>,
    most: usize,
    /// Whether a core may be kept for other requests.
    keeps: bool,
    began: Instant,
    /// Until when it is kept, in milliseconds after `began`.
    kept_until: AtomicU64,
    /// Whether a place is taken away for them now.
    kept: Mutex<bool>,
}

/// The right to compute. When it ends, whoever waits is next.
#[derive(Debug)]
pub(super) struct Turn {
    place: Option<OwnedSemaphorePermit>,
    workers: Arc<Workers>,
}

impl Workers {
    /// `keeps` says whether a core may be kept for other requests; a single worker always computes.
    pub(super) fn new(most: usize, keeps: bool) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(most)),
            most,
            keeps: keeps && most > 1,
            began: monotonic(),
            kept_until: AtomicU64::new(0),
            kept: Mutex::new(false),
        })
    }

    /// Another request is there, which needs no hash.
    pub(super) fn others_ask(&self) {
        if self.keeps {
            self.kept_until.store(self.millis(KEPT_FOR), Ordering::Relaxed);
        }
    }

    fn are_there_others(&self) -> bool {
        self.millis(Duration::ZERO) < self.kept_until.load(Ordering::Relaxed)
    }

    /// So long from now, in milliseconds after the beginning.
    fn millis(&self, from_now: Duration) -> u64 {
        u64::try_from((self.began.elapsed() + from_now).as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether somebody could compute now.
    pub(super) fn has_place(&self) -> bool {
        self.adapt();
        self.available() > 0
    }

    pub(super) fn available(&self) -> usize {
        self.places.available_permits()
    }

    /// How many compute.
    pub(super) fn running(&self) -> usize {
        let kept = self.kept();
        self.most.saturating_sub(self.available()).saturating_sub(usize::from(*kept))
    }

    /// A turn at once, if there is one.
    pub(super) fn try_acquire(self: &Arc<Self>) -> Option<Turn> {
        self.adapt();
        Arc::clone(&self.places).try_acquire_owned().ok().map(|place| self.turn(place))
    }

    /// A turn, after those who have asked before.
    pub(super) async fn acquire(self: &Arc<Self>) -> Option<Turn> {
        Arc::clone(&self.places).acquire_owned().await.ok().map(|place| self.turn(place))
    }

    fn turn(self: &Arc<Self>, place: OwnedSemaphorePermit) -> Turn {
        Turn { place: Some(place), workers: Arc::clone(self) }
    }

    /// Takes a place away that nobody has, or gives it back.
    fn adapt(&self) {
        let mut kept = self.kept();
        match (*kept, self.are_there_others()) {
            (false, true) => *kept = self.places.forget_permits(1) == 1,
            (true, false) => {
                self.places.add_permits(1);
                *kept = false;
            }
            (true, true) | (false, false) => {}
        }
    }

    /// Gives a place to who waits, unless it is the one to be taken away.
    fn give_back(&self, place: OwnedSemaphorePermit) {
        let mut kept = self.kept();
        if !*kept && self.are_there_others() {
            place.forget();
            *kept = true;
            return;
        }
        drop((kept, place));
        self.adapt();
    }

    fn kept(&self) -> MutexGuard<'_, bool> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            self.workers.give_back(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes all turns there are.
    fn all(workers: &Arc<Workers>) -> usize {
        hold_all(workers).len()
    }

    fn hold_all(workers: &Arc<Workers>) -> Vec<Turn> {
        std::iter::from_fn(|| workers.try_acquire()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_core_is_kept_as_long_as_others_ask() {
        let workers = Workers::new(3, true);
        assert_eq!(all(&workers), 3);
        workers.others_ask();
        assert_eq!(all(&workers), 2);
        tokio::time::advance(KEPT_FOR.saturating_sub(Duration::from_millis(1))).await;
        assert_eq!(all(&workers), 2);
        tokio::time::advance(Duration::from_millis(1)).await;
        assert_eq!((all(&workers), workers.running()), (3, 0));
    }

    /// The place is taken away when its hash ends, and given to who waits at the first end after the others have gone.
    #[tokio::test(start_paused = true)]
    async fn who_waits_gets_what_is_not_kept() {
        let workers = Workers::new(2, true);
        let mut turns = hold_all(&workers);
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let workers = Arc::clone(&workers);
                tokio::spawn(async move { workers.acquire().await })
            })
            .collect();
        tokio::task::yield_now().await;
        workers.others_ask();
        turns.pop();
        tokio::task::yield_now().await;
        assert_eq!(waiting.iter().filter(|waiting| waiting.is_finished()).count(), 0);
        assert_eq!(workers.running(), 1);
        tokio::time::advance(KEPT_FOR).await;
        turns.pop();
        tokio::task::yield_now().await;
        assert_eq!(waiting.iter().filter(|waiting| waiting.is_finished()).count(), 2);
        assert_eq!(workers.running(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_that_was_kept_is_there_when_the_others_have_gone() {
        let workers = Workers::new(2, true);
        workers.others_ask();
        let turns = hold_all(&workers);
        assert!(!workers.has_place());
        tokio::time::advance(KEPT_FOR).await;
        assert!(workers.has_place());
        drop(turns);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_kept_of_one_worker_or_where_none_is_to_be() {
        for (most, keeps) in [(1, true), (2, false)] {
            let workers = Workers::new(most, keeps);
            workers.others_ask();
            assert_eq!(all(&workers), most);
            let turn = workers.try_acquire();
            workers.others_ask();
            drop(turn);
            assert_eq!((all(&workers), workers.running()), (most, 0));
        }
    }

    /// However turns and other requests come, places neither vanish nor multiply.
    #[test]
    fn places_are_neither_lost_nor_made() {
        use proptest::prelude::*;
        proptest!(|(most in 1_usize..5, steps in prop::collection::vec(0_u8..4, 0..200))| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
            runtime.block_on(async {
                let (workers, mut turns) = (Workers::new(most, true), Vec::new());
                for step in steps {
                    match step {
                        0 => turns.extend(workers.try_acquire()),
                        1 => drop(turns.pop()),
                        2 => workers.others_ask(),
                        _ => tokio::time::advance(KEPT_FOR / 2).await,
                    }
                    prop_assert_eq!(workers.running(), turns.len());
                    prop_assert!(turns.len() <= most);
                    prop_assert!(!turns.is_empty() || workers.available() > 0);
                }
                turns.clear();
                tokio::time::advance(KEPT_FOR).await;
                prop_assert_eq!(all(&workers), most);
                Ok(())
            })?;
        });
    }
}
