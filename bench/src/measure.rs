//! Medians, and the one clock of the benchmarks.

use std::time::{Duration, Instant};

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

/// The median over the rounds of how many times longer the first took than the second.
pub(crate) fn ratio(first: &[f64], second: &[f64]) -> f64 {
    median(&first.iter().zip(second).map(|(one, other)| one / other).collect::<Vec<_>>())
}
