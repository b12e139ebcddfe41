//! The clock of server and guard: the system's, and ahead of it by what was jumped over.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jotgate_server::domain::time::Timestamp;
use jotgate_server::{Clock, SystemClock};

#[derive(Debug, Default)]
pub(super) struct Shared {
    ahead: AtomicI64,
}

impl Shared {
    pub(super) fn jump(&self, seconds: i64) {
        self.ahead.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// What has really passed.
    #[expect(clippy::unused_self, reason = "whoever asks has this clock at hand")]
    pub(super) fn real_millis(&self) -> i64 {
        SystemClock.now().millis()
    }

    /// The same time for a guard, kept up to date for as long as the runtime lives.
    pub(super) fn for_guard(self: &Arc<Self>) -> jotgate_guard::Clock {
        let time = jotgate_guard::Clock::manual(self.now().seconds());
        let (clock, shared) = (time.clone(), Arc::clone(self));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(20)).await;
                clock.set(shared.now().seconds());
            }
        });
        time
    }
}

impl Clock for Shared {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.real_millis() + self.ahead.load(Ordering::SeqCst))
    }
}
