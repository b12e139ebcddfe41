//! Medians, the memory of a process, and the one clock of the benchmarks.

use std::time::{Duration, Instant};

use anyhow::Context;

/// The present, for measuring.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; this is its one clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The present for tokens, in seconds since 1970. Peers read the system's clock themselves, so that no other time will do.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time; this is its one clock")]
pub(crate) fn unix_now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default()
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

/// The time that a process has spent on processors so far, its own and the system's for it, in seconds.
pub(crate) fn cpu_seconds(process: u32) -> anyhow::Result<f64> {
    let mut nanoseconds = 0;
    for task in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let spent = std::fs::read_to_string(task?.path().join("schedstat"))?;
        nanoseconds += spent.split(' ').next().context("schedstat is empty")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds).as_secs_f64())
}

/// Something to measure, by name.
pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    run: Box<dyn FnMut() + 'a>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(name: &'static str, run: impl FnMut() + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// Runs the contenders in turn, in many short rounds, so that a busy machine disturbs single rounds and not their median.
pub(crate) fn in_turn(contenders: &mut [Contender<'_>], rounds: usize, calls: u32) -> Vec<Vec<f64>> {
    let mut times = vec![Vec::with_capacity(rounds); contenders.len()];
    for round in 0..=rounds {
        for (contender, times) in contenders.iter_mut().zip(&mut times) {
            let start = now();
            for _ in 0..calls {
                (contender.run)();
            }
            // The first round only warms up.
            if round > 0 {
                times.push(start.elapsed().as_secs_f64() * 1e9 / f64::from(calls));
            }
        }
    }
    times
}

/// The median over the rounds of how many times longer `measured` took than `reference`.
pub(crate) fn ratio(measured: &[f64], reference: &[f64]) -> f64 {
    median(&measured.iter().zip(reference).map(|(this, that)| this / that).collect::<Vec<_>>())
}
