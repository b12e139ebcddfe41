//! An issuer's keys: a snapshot that requests read without a lock, and the one task that keeps it fresh.
//!
//! - Only the task fetches, so there is never more than one fetch at a time, however many requests wait for it.
//! - A set is replaced as a whole, so a key that the issuer removed stops at once. On any error the old set stays, but not
//!   for ever: [`Limits::key_age`].
//! - A token with an unknown key may cause one fetch in [`COOL_DOWN`]; those that come meanwhile wait for it or are refused.
//! - A request waits no longer than its limit, and no more than [`MOST_WAITING`] of them wait.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwapOption, Guard as Snapshot};
use jotgate_jose::KeySet;
use jotgate_wire::VerificationCode;
use tokio::runtime::Handle;
use tokio::sync::{Notify, Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use crate::Clock;
use crate::clock::monotonic;
use crate::metrics::KeyMetrics;

/// Unknown key ids cause at most one fetch in this time.
pub(crate) const COOL_DOWN: Duration = Duration::from_secs(30);

/// Requests beyond this number are refused rather than made to wait for keys.
pub(crate) const MOST_WAITING: usize = 1024;

/// What an issuer says of the life of its keys is kept between these.
const SHORTEST_LIFE: Duration = Duration::from_mins(1);
/// Between two fetches that went well, however short the life that a program allows its keys.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_LIFE: Duration = Duration::from_hours(1);
/// For an issuer that says nothing.
const USUAL_LIFE: Duration = Duration::from_mins(10);

/// Seconds to pause after one failed fetch, two, three …; the last holds from then on.
const PAUSES_AFTER_FAILURE: [u64; 6] = [1, 2, 4, 8, 16, 30];

/// Where keys come from: an issuer over HTTP, or a test.
pub(crate) trait Fetch: Send + Sync + fmt::Debug {
    /// Fetches the keys once. Has to come to an end by itself.
    fn fetch(&self) -> Pin<Box<dyn Future<Output = Result<Fetched, String>> + Send + '_>>;
}

/// What a fetch brought.
#[derive(Debug)]
pub(crate) struct Fetched {
    pub(crate) keys: KeySet,
    /// How long the issuer lets them be kept (`Cache-Control: max-age`), if it said so.
    pub(crate) life: Option<Duration>,
    /// Where the issuer's metadata say that its revocation feed is, if they do; or why that address cannot be used.
    pub(crate) feed: Result<Option<Url>, String>,
}

/// What a request and a key set may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The longest that a request waits for keys.
    pub(crate) wait: Duration,
    /// The longest that keys are used of an issuer that cannot be reached.
    pub(crate) key_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { wait: Duration::from_secs(5), key_age: Duration::from_hours(24) }
    }
}

/// Why a token cannot be judged with the keys that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lack {
    /// There are none yet.
    AnyKeys,
    /// There are some, but not the one that the token names.
    ThisKey,
}

/// The keys of one issuer. Dropping it ends the task.
#[derive(Debug)]
pub(crate) struct IssuerKeys {
    shared: Arc<Shared>,
    task: Mutex<Option<JoinHandle<()>>>,
    places: Semaphore,
    /// The last question for an unknown key.
    asked: Mutex<Option<Asked>>,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    at: Instant,
    /// The number of [`Progress::finished`] with which it is answered.
    answered_at: u64,
}

#[derive(Debug)]
struct Shared {
    issuer: Arc<str>,
    limits: Limits,
    clock: Clock,
    metrics: KeyMetrics,
    source: Box<dyn Fetch>,
    keys: ArcSwapOption<KeySet>,
    /// As it came with the last keys.
    feed: Mutex<Option<Result<Option<Url>, String>>>,
    progress: watch::Sender<Progress>,
    wanted: Notify,
    task_lives: AtomicBool,
}

#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    fetching: bool,
    /// Fetches that came to an end, well or badly.
    finished: u64,
    last_failed: bool,
}

impl IssuerKeys {
    /// Begins to fetch at once when called inside a runtime, otherwise at the first request.
    pub(crate) fn new(issuer: Arc<str>, source: Box<dyn Fetch>, limits: Limits, clock: Clock) -> Self {
        let shared = Shared {
            metrics: KeyMetrics::new(Arc::clone(&issuer)),
            issuer,
            limits,
            clock,
            source,
            keys: ArcSwapOption::empty(),
            feed: Mutex::new(None),
            progress: watch::Sender::new(Progress::default()),
            wanted: Notify::new(),
            task_lives: AtomicBool::new(false),
        };
        let keys = Self {
            shared: Arc::new(shared),
            task: Mutex::new(None),
            places: Semaphore::new(MOST_WAITING),
            asked: Mutex::new(None),
        };
        keys.ensure_task();
        keys
    }

    /// The keys as they are now. Takes no lock, unless the task has to be started anew.
    pub(crate) fn snapshot(&self) -> Snapshot<Option<Arc<KeySet>>> {
        if !self.shared.task_lives.load(Ordering::Relaxed) {
            self.ensure_task();
        }
        self.shared.keys.load()
    }

    /// Waits until another look at the snapshot may help; otherwise says with which code to refuse.
    pub(crate) async fn wait(&self, lack: Lack) -> Result<(), VerificationCode> {
        let _place = self.places.try_acquire().map_err(|_| VerificationCode::KeysUnavailable)?;
        if !self.ensure_task() {
            tracing::error!("keys are fetched by a task of tokio, and no runtime of tokio is running here");
            return Err(VerificationCode::KeysUnavailable);
        }
        match lack {
            Lack::AnyKeys => self.wait_for_any().await,
            Lack::ThisKey => self.wait_for_newer().await,
        }
    }

    /// Waits for a fetch that is under way. Between failed ones there is nothing to wait for.
    async fn wait_for_any(&self) -> Result<(), VerificationCode> {
        self.wait_until(|progress| !progress.fetching).await?;
        if self.snapshot().is_some() { Ok(()) } else { Err(VerificationCode::KeysUnavailable) }
    }

    async fn wait_for_newer(&self) -> Result<(), VerificationCode> {
        let Some(finished) = self.ask() else { return Err(self.still_unknown()) };
        self.wait_until(|progress| progress.finished >= finished).await?;
        if self.shared.progress.borrow().last_failed { Err(VerificationCode::KeysUnavailable) } else { Ok(()) }
    }

    /// Waits for a fetch that begins after now, or for the first one, whatever the cool-down says: for the revocation feed, which
    /// pauses after a failure by itself, and which no token can make ask.
    pub(crate) async fn renew(&self) {
        self.ensure_task();
        let progress = *self.shared.progress.borrow();
        let finished = if progress.finished == 0 {
            1
        } else {
            self.shared.wanted.notify_one();
            progress.finished + 1 + u64::from(progress.fetching)
        };
        // However it ends, the caller looks at the keys that are here then.
        let _ = self.wait_until(|progress| progress.finished >= finished).await;
    }

    /// Where the issuer's revocation feed is, as its metadata said last; nothing when they name none. `again` asks for them anew.
    pub(crate) async fn feed_address(&self, again: bool) -> Result<Option<Url>, String> {
        if again || self.shared.progress.borrow().finished == 0 {
            self.renew().await;
        }
        let known = self.shared.feed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        known.unwrap_or_else(|| Err("the issuer's metadata cannot be had".to_owned()))
    }

    /// While the issuer does not answer nobody can say that it does not have the key.
    fn still_unknown(&self) -> VerificationCode {
        let issuer_is_out = self.shared.progress.borrow().last_failed;
        if issuer_is_out { VerificationCode::KeysUnavailable } else { VerificationCode::KeyUnknown }
    }

    async fn wait_until(&self, done: impl FnMut(&Progress) -> bool) -> Result<(), VerificationCode> {
        let mut progress = self.shared.progress.subscribe();
        let waited = timeout(self.shared.limits.wait, progress.wait_for(done)).await;
        waited.map(|_| ()).map_err(|_| VerificationCode::KeysUnavailable)
    }

    /// Asks for a fetch and says which one to wait for: one that begins after now. Nothing within the cool-down, unless
    /// the fetch that was asked for has not ended.
    fn ask(&self) -> Option<u64> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let progress = *self.shared.progress.borrow();
        let now = monotonic();
        if let Some(last) = asked.filter(|last| now.duration_since(last.at) < COOL_DOWN) {
            return (progress.finished < last.answered_at).then_some(last.answered_at);
        }
        let answered_at = progress.finished + 1 + u64::from(progress.fetching);
        *asked = Some(Asked { at: now, answered_at });
        self.shared.wanted.notify_one();
        Some(answered_at)
    }

    /// Starts the task if it is not there: before the first request, or because the runtime it lived in has ended. Says
    /// whether there is a runtime at all.
    pub(crate) fn ensure_task(&self) -> bool {
        let Ok(runtime) = Handle::try_current() else { return false };
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.shared.task_lives.swap(true, Ordering::AcqRel) {
            self.shared.progress.send_modify(|progress| progress.fetching = true);
            *task = Some(runtime.spawn(keep_fresh(Life(Arc::clone(&self.shared)))));
        }
        true
    }
}

impl Drop for IssuerKeys {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}

/// What the task holds: dropped with it, also when its runtime ends or a fetch panics.
struct Life(Arc<Shared>);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.task_lives.store(false, Ordering::Release);
    }
}

/// The one task: fetch, pause, and again, sooner when a request asks for it.
async fn keep_fresh(life: Life) {
    let shared = &life.0;
    let (mut failures, mut fresh_at) = (0_usize, monotonic());
    loop {
        shared.progress.send_modify(|progress| progress.fetching = true);
        let fetched = shared.source.fetch().await;
        let failed = fetched.is_err();
        failures = if failed { failures + 1 } else { 0 };
        let pause = match fetched {
            Ok(fetched) => {
                fresh_at = monotonic();
                shared.accept(fetched)
            }
            Err(error) => shared.miss(&error, failures, fresh_at),
        };
        shared.progress.send_modify(|progress| {
            *progress = Progress { fetching: false, finished: progress.finished + 1, last_failed: failed };
        });
        tokio::select! {
            () = sleep(pause) => {}
            () = shared.wanted.notified() => {}
        }
    }
}

impl Shared {
    /// Takes the new set as a whole and says when to look again: well before it ends.
    fn accept(&self, fetched: Fetched) -> Duration {
        let life = fetched.life.unwrap_or(USUAL_LIFE).clamp(SHORTEST_LIFE, LONGEST_LIFE).min(self.limits.key_age);
        let (issuer, keys, life_seconds) = (&*self.issuer, fetched.keys.len(), life.as_secs());
        tracing::debug!(issuer, keys, life_seconds, "the issuer's keys are fresh");
        self.keys.store(Some(Arc::new(fetched.keys)));
        self.metrics.fetched(self.clock.now());
        *self.feed.lock().unwrap_or_else(PoisonError::into_inner) = Some(fetched.feed);
        (life * 3 / 4).max(SHORTEST_PAUSE)
    }

    /// Keeps the old set, unless it is too old by now, and says when to try again.
    fn miss(&self, error: &str, failures: usize, fresh_at: Instant) -> Duration {
        let (issuer, pause) = (&*self.issuer, pause_after(failures));
        self.metrics.failed();
        tracing::warn!(issuer, error, failures, pause_seconds = pause.as_secs(), "the issuer's keys cannot be had");
        if fresh_at.elapsed() >= self.limits.key_age && self.keys.swap(None).is_some() {
            let age_seconds = fresh_at.elapsed().as_secs();
            tracing::error!(issuer, age_seconds, "the issuer's keys are too old to be used any longer");
        }
        pause
    }
}

/// How long to pause after so many failed fetches in a row.
pub(crate) fn pause_after(failures: usize) -> Duration {
    let [.., longest] = PAUSES_AFTER_FAILURE;
    Duration::from_secs(PAUSES_AFTER_FAILURE.get(failures.saturating_sub(1)).copied().unwrap_or(longest))
}

#[cfg(test)]
mod tests;
