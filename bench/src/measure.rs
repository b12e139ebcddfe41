//! Medians, and the one clock of the benchmarks.

use std::time::{Duration, Instant};

/// The present, for measuring.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; this is its one clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// How long a future takes, unless it fails.
pub(crate) async fn timed_async(run: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<Duration> {
    let start = now();
    run.await?;
    Ok(start.elapsed())
}

/// The middle value; the upper of the two middle ones for an even number. 0 for none.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}
