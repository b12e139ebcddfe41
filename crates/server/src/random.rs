//! The one place that asks the system for randomness. Everything else is handed a generator.

use std::fmt::Debug;

use uuid::Uuid;

use crate::domain::time::Timestamp;

/// A source of unpredictable bytes.
pub trait Random: Debug + Send + Sync {
    /// Fills the buffer with unpredictable bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// The operating system's generator, by way of the cryptographic library.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    /// A process that gets no randomness must not go on: every secret it made would be a known one.
    fn fill(&self, bytes: &mut [u8]) {
        if aws_lc_rs::rand::fill(bytes).is_err() {
            std::process::abort();
        }
    }
}

/// A new id that sorts by time (`UUIDv7`, RFC 9562 §5.7).
pub(crate) fn uuid(random: &dyn Random, now: Timestamp) -> Uuid {
    let mut bytes = [0; 10];
    random.fill(&mut bytes);
    let millis = u64::try_from(now.millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &bytes).into_uuid()
}
