//! What an issuer has ended, followed from its revocation feed: the set that requests read without a lock, and the one task
//! that keeps it fresh.
//!
//! - The task starts from documents and follows a stream; it resumes by number, reconnects with pauses that grow, and asks
//!   again and again where streams do not get through.
//! - Every document is verified with the issuer's keys and held against what was seen before ([`position`]). One that is not
//!   good changes nothing, and an old one that is sent again only fails to make anything fresh.
//! - How fresh it is follows from the newest good document's own time, and from the time that has passed since it came: a clock
//!   that is set back makes nothing fresh. What a request does when that is too long ago is its route's policy:
//!   [`Stale`](crate::Stale).
//! - Entries are kept until they can be forgotten, and no more than [`MOST_ENTRIES`] of them.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::{ArcSwap, Guard as Snapshot};
use jotgate_wire::RevocationSet;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use crate::Clock;
use crate::clock::monotonic;

mod events;
mod follow;
mod pause;
mod position;
mod remote;
mod verify;

pub(crate) use remote::Remote;
pub(crate) use verify::Trust;

/// Most entries of one issuer. An issuer that has more is not followed any further, and so becomes stale.
pub(crate) const MOST_ENTRIES: usize = 1_000_000;

/// The feed of one issuer. Dropping it ends the task.
pub(crate) struct Feed {
    shared: Arc<Shared>,
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What requests and the task share.
struct Shared {
    issuer: Arc<str>,
    remote: Remote,
    trust: Trust,
    clock: Clock,
    /// How old the newest good document may be, in seconds.
    stale_after: i64,
    set: ArcSwap<RevocationSet>,
    state: AtomicU8,
    /// The time up to which everything is known, in seconds since 1970.
    as_of: AtomicI64,
    /// The same in seconds since [`began_at`](Self::began_at), by a clock that never steps.
    steady_as_of: AtomicI64,
    began_at: Instant,
    /// Counts what the task has heard.
    heard: watch::Sender<u64>,
    task_lives: AtomicBool,
}

/// What is known of the issuer's feed. Once it was found it stays: an issuer cannot be made to forget it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nobody has said yet whether there is one.
    Unknown,
    /// The issuer has none.
    None,
    /// It has one.
    Found,
}

impl State {
    const ALL: [Self; 3] = [Self::Unknown, Self::None, Self::Found];
}

impl Feed {
    /// Begins to follow at once when called inside a runtime, otherwise at the first request.
    pub(crate) fn new(issuer: Arc<str>, remote: Remote, trust: Trust, clock: Clock, stale_after: Duration) -> Self {
        let shared = Arc::new(Shared {
            issuer,
            remote,
            trust,
            clock,
            stale_after: i64::try_from(stale_after.as_secs()).unwrap_or(i64::MAX),
            set: ArcSwap::from_pointee(RevocationSet::new()),
            state: AtomicU8::new(0),
            as_of: AtomicI64::new(i64::MIN),
            steady_as_of: AtomicI64::new(i64::MIN),
            began_at: monotonic(),
            heard: watch::Sender::new(0),
            task_lives: AtomicBool::new(false),
        });
        let feed = Self { shared, task: Mutex::new(None) };
        feed.ensure_task();
        feed
    }

    /// What has ended. Takes no lock, unless the task has to be started anew.
    pub(crate) fn set(&self) -> Snapshot<Arc<RevocationSet>> {
        if !self.shared.task_lives.load(Ordering::Relaxed) {
            self.ensure_task();
        }
        self.shared.set.load()
    }

    /// Whether too little is known of what has ended. Never of an issuer that has no feed, and always before that is known.
    pub(crate) fn is_stale(&self, now: i64) -> bool {
        match self.shared.state() {
            State::None => false,
            State::Unknown => true,
            State::Found => self.shared.age(now) > self.shared.stale_after,
        }
    }

    /// Whether the issuer is known to have one.
    pub(crate) fn is_found(&self) -> bool {
        self.shared.state() == State::Found
    }

    /// The time up to which everything is known, in seconds since 1970; nothing before the first document.
    pub(crate) fn as_of(&self) -> Option<i64> {
        Some(self.shared.as_of()).filter(|as_of| *as_of != i64::MIN)
    }

    /// Tells when something was heard.
    pub(crate) fn heard(&self) -> watch::Receiver<u64> {
        self.shared.heard.subscribe()
    }

    /// Waits until it is known what has ended, or that nobody can say; at most so long.
    pub(crate) async fn wait_for_first(&self, longest: Duration) {
        let mut heard = self.shared.heard.subscribe();
        // However it ends, the caller looks for itself.
        let _ = timeout(longest, heard.wait_for(|heard| *heard > 0)).await;
    }

    /// Starts the task if it is not there: before the first request, or because the runtime it lived in has ended.
    fn ensure_task(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.shared.task_lives.swap(true, Ordering::AcqRel) {
            *task = Some(runtime.spawn(follow::run(Life(Arc::clone(&self.shared)))));
        }
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(task) = self.task.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
    }
}

/// What the task holds: dropped with it, also when its runtime ends or it panics.
struct Life(Arc<Shared>);

impl Drop for Life {
    fn drop(&mut self) {
        self.0.task_lives.store(false, Ordering::Release);
    }
}

impl Shared {
    fn state(&self) -> State {
        State::ALL.get(usize::from(self.state.load(Ordering::Acquire))).copied().unwrap_or(State::Unknown)
    }

    /// That the issuer has none counts only as long as it was never found.
    fn set_state(&self, state: State) {
        if state == State::Found || self.state() != State::Found {
            self.state.store(state as u8, Ordering::Release);
        }
    }

    fn as_of(&self) -> i64 {
        self.as_of.load(Ordering::Acquire)
    }

    /// Everything up to `iat` is known; it is `now`, by the same clock.
    fn knows_all(&self, iat: i64, now: i64) {
        // An issuer whose clock is ahead must not seem fresh for longer than one whose clock is right.
        let as_of = iat.min(now);
        self.as_of.fetch_max(as_of, Ordering::AcqRel);
        self.steady_as_of.fetch_max(self.steady_now().saturating_sub(now.saturating_sub(as_of)), Ordering::AcqRel);
    }

    /// Seconds since everything was known, by whichever clock says more.
    fn age(&self, now: i64) -> i64 {
        let steady = self.steady_now().saturating_sub(self.steady_as_of.load(Ordering::Acquire));
        now.saturating_sub(self.as_of()).max(steady)
    }

    /// Seconds since this began, by a clock that never steps.
    fn steady_now(&self) -> i64 {
        i64::try_from(monotonic().duration_since(self.began_at).as_secs()).unwrap_or(i64::MAX)
    }

    fn was_heard(&self) {
        self.heard.send_modify(|heard| *heard += 1);
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (state, as_of) = (self.shared.state(), self.as_of());
        f.debug_struct("Feed").field("state", &state).field("as_of", &as_of).finish_non_exhaustive()
    }
}
