//! One list: what requests read, and the task that keeps it fresh.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout_at};
use url::Url;

use super::Standing;
use super::document::{Held, Source};
use crate::keys::pause_after;

/// Seconds after which a list that no token named is fetched no longer.
const IDLE: i64 = 600;

/// A list that a token has named. Dropping it ends its task.
pub(crate) struct List {
    shared: Arc<Shared>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What requests and the task share.
struct Shared {
    source: Arc<Source>,
    /// To the letter, as the list has to name itself.
    uri: Box<str>,
    address: Url,
    held: ArcSwapOption<Held>,
    fetching: watch::Sender<bool>,
    /// When a token named it last, in seconds since 1970.
    used_at: AtomicI64,
    task_lives: AtomicBool,
}

impl List {
    /// Begins to fetch at once when called inside a runtime, otherwise at the first request that is inside one.
    pub(super) fn new(source: Arc<Source>, uri: &str, address: Url, now: i64) -> Self {
        let shared = Shared {
            source,
            uri: uri.into(),
            address,
            held: ArcSwapOption::empty(),
            fetching: watch::Sender::new(false),
            used_at: AtomicI64::new(now),
            task_lives: AtomicBool::new(false),
        };
        let list = Self { shared: Arc::new(shared), task: Mutex::new(None) };
        list.ensure_task();
        list
    }

    /// What it says of a place now. Takes no lock where it is here.
    pub(super) fn standing(self: &Arc<Self>, place: u64, now: i64) -> Standing {
        let shared = &self.shared;
        if shared.used_at.load(Ordering::Relaxed) != now {
            shared.used_at.store(now, Ordering::Relaxed);
        }
        if !shared.task_lives.load(Ordering::Acquire) {
            self.ensure_task();
        }
        match shared.held.load().as_ref().filter(|held| now < held.until) {
            Some(held) => match held.list.status(place) {
                Some(0) => Standing::Valid,
                Some(status) => Standing::TakenBack(status),
                None => Standing::Unknown,
            },
            None => self.coming(),
        }
    }

    /// Whether it is kept fresh: some token has named it of late.
    pub(super) fn is_kept(&self) -> bool {
        self.shared.task_lives.load(Ordering::Acquire)
    }

    /// Waits until no fetch is under way, at most until then.
    pub(super) async fn wait(&self, until: Instant) {
        let mut fetching = self.shared.fetching.subscribe();
        // However it ends, the caller looks for itself.
        let _ = timeout_at(until, fetching.wait_for(|fetching| !fetching)).await;
    }

    /// Between failed fetches there is nothing to wait for.
    fn coming(self: &Arc<Self>) -> Standing {
        self.ensure_task();
        if *self.shared.fetching.borrow() { Standing::Coming(Arc::clone(self)) } else { Standing::Unknown }
    }

    /// Starts the task if it is not there: at first, because nobody asked for a while, or because the runtime it lived in has
    /// ended. What was kept in such a time may be too old by now.
    fn ensure_task(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.shared.task_lives.swap(true, Ordering::AcqRel) {
            self.shared.held.store(None);
            self.shared.fetching.send_replace(true);
            *task = Some(runtime.spawn(keep_fresh(Life::begin(&self.shared))));
        }
    }
}

impl Drop for List {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}

/// What the task holds: dropped with it, also when its runtime ends or a fetch panics.
struct Life(Arc<Shared>);

impl Life {
    fn begin(shared: &Arc<Shared>) -> Self {
        shared.source.metrics.kept();
        Self(Arc::clone(shared))
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        self.0.source.metrics.left();
        self.0.fetching.send_replace(false);
        self.0.task_lives.store(false, Ordering::Release);
    }
}

/// The one task: fetch, pause, and again, as long as tokens name the list.
async fn keep_fresh(life: Life) {
    let shared = &life.0;
    let mut failures = 0_usize;
    loop {
        shared.fetching.send_replace(true);
        let newest = shared.held.load().as_ref().map(|held| held.iat);
        let pause = match shared.source.fetch(&shared.uri, &shared.address, newest).await {
            Ok(held) => {
                failures = 0;
                shared.accept(held)
            }
            Err(error) => {
                failures += 1;
                shared.miss(&error, failures)
            }
        };
        shared.fetching.send_replace(false);
        sleep(pause).await;
        if shared.is_idle() {
            return;
        }
    }
}

impl Shared {
    /// Takes the new list as a whole and says when to look again: well before its time is over.
    fn accept(&self, held: Held) -> Duration {
        let now = self.source.clock.now();
        let left = Duration::from_secs(u64::try_from(held.until.saturating_sub(now)).unwrap_or_default());
        let life = held.life.min(left).max(Duration::from_secs(1));
        let (issuer, uri, life_seconds) = (&*self.source.issuer, &*self.uri, life.as_secs());
        tracing::debug!(issuer, uri, life_seconds, "the issuer's status list is fresh");
        self.held.store(Some(Arc::new(held)));
        self.source.metrics.fetched();
        life * 3 / 4
    }

    /// Keeps the old list, which counts up to its `exp`, and says when to try again.
    fn miss(&self, error: &str, failures: usize) -> Duration {
        let (issuer, uri, pause) = (&*self.source.issuer, &*self.uri, pause_after(failures));
        self.source.metrics.failed();
        tracing::warn!(issuer, uri, error, failures, "the issuer's status list cannot be had");
        pause
    }

    fn is_idle(&self) -> bool {
        self.source.clock.now().saturating_sub(self.used_at.load(Ordering::Relaxed)) >= IDLE
    }
}
