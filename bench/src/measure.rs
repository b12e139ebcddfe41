//! Medians, the memory of a process, and the one clock of the benchmarks.

use std::time::{Duration, Instant};

use anyhow::Context;

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

/// The memory that a process holds, in MiB.
pub(crate) fn resident_mib(process: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("VmRSS is not told here")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024.0)
}
