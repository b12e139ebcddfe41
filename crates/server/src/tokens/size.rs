//! How large access tokens become. They travel with every request, and programs in the way take headers of 4 or 8 KiB in all: what
//! grows with roles and claims of the operator's own is noticed before it is refused somewhere.

use crate::domain::user::UserId;
use crate::metrics::large_token;

/// Above this a token is large, in bytes.
const LARGE: usize = 3 * 1024;

/// Counts a token if it is large, and says so in the log if `may_log`, which is asked only then.
pub(crate) fn watch(token: &str, user: UserId, may_log: impl FnOnce() -> bool) {
    if token.len() <= LARGE {
        return;
    }
    large_token();
    if may_log() {
        tracing::warn!(
            %user,
            bytes = token.len(),
            "an access token is larger than 3 KiB, which some servers will refuse in a header: map less into `tokens.claims`, or give fewer roles"
        );
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use metrics::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit, with_local_recorder,
    };
    use uuid::Uuid;

    use super::*;

    /// Keeps the one counter.
    #[derive(Default)]
    struct Kept(Arc<AtomicU64>);

    impl Recorder for Kept {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            assert_eq!(key.name(), "jotgate_large_access_tokens_total");
            Counter::from_arc(Arc::clone(&self.0))
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn a_token_of_more_than_3_kib_is_counted_and_asked_about() {
        let (kept, mut asked) = (Kept::default(), 0);
        let user = UserId::new(Uuid::from_u128(1));
        for bytes in [100, LARGE, LARGE + 1, 2 * LARGE] {
            let may_log = || {
                asked += 1;
                true
            };
            with_local_recorder(&kept, || watch(&"x".repeat(bytes), user, may_log));
        }
        assert_eq!((kept.0.load(Ordering::SeqCst), asked), (2, 2));
    }
}
