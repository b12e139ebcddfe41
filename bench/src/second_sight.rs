//! A token that a guard has verified before, against its first sight.

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use anyhow::{Context as _, ensure};
use clap::Args;
use jotgate_guard::{Clock, Guard, GuardBuilder, Issuer};
use jotgate_jose::{Algorithm, jwt};
use jotgate_testkit::keys;
use serde_json::json;

use crate::measure::{Contender, in_turn, median, now, ratio, unix_now};
use crate::report::{Goal, Report, Row};
use crate::token::{AUDIENCE, ISSUER, claims};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Rounds, of which the medians are taken.
    #[arg(long, default_value_t = 201)]
    rounds: usize,
}

const CALLS: u32 = 200;
/// On each of two threads.
const CALLS_TOGETHER: u32 = 20_000;

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let mut rows = Vec::new();
    for algorithm in [Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        rows.extend(rows_of(algorithm, options)?);
    }
    Ok(Report::new("second-sight", rows))
}

fn rows_of(algorithm: Algorithm, options: &Options) -> anyhow::Result<Vec<Row>> {
    let key = keys::signing_key(algorithm);
    let token = jwt::sign(&key, "at+jwt", &claims(unix_now()))?;
    let builder = || Guard::builder().clock(Clock::system()).audience(AUDIENCE);
    let own = || builder().issuer(ISSUER).key(key.verifying_key());
    let others = ["https://one.example", "https://two.example"];
    let trust = |guard: GuardBuilder, name: &&str| guard.trust(Issuer::new(*name).key(key.verifying_key()));
    let (forgetful, remembering) = (own().cached_tokens(0).build()?, own().build()?);
    let several = others.iter().fold(own(), trust).build()?;
    for guard in [&forgetful, &remembering, &several] {
        ensure!(passes(guard, &token), "the token is refused");
    }
    let mut contenders = [
        Contender::new("first", || assert_passes(&forgetful, &token)),
        Contender::new("second", || assert_passes(&remembering, &token)),
        Contender::new("second of three issuers", || assert_passes(&several, &token)),
    ];
    let times = in_turn(&mut contenders, options.rounds, CALLS);
    let [first, second, of_three] = times.as_slice() else { return Ok(Vec::new()) };
    let together = (0..9).map(|_| together(&remembering, &token)).collect::<anyhow::Result<Vec<_>>>()?;
    let detail = json!({
        "first ns": median(first).round(), "second ns": median(second).round(), "of three issuers ns": median(of_three).round(),
        "two threads ns": median(&together).round(),
    });
    let name = algorithm.name().to_lowercase();
    // What RSA saves is less, because it verifies faster.
    let goal = Goal::AtMost(if algorithm == Algorithm::Rs256 { 0.02 } else { 0.01 });
    let row = |what: &str, ratio| Row { id: format!("{name}.{what}"), ratio, goal, detail: detail.clone() };
    Ok(vec![
        row("second_vs_first", ratio(second, first)),
        row("second_of_three_issuers_vs_first", ratio(of_three, first)),
        row("two_threads_on_one_token_vs_first", median(&together) / median(first)),
    ])
}

/// Polled by hand: what is measured shall not be a runtime.
fn passes(guard: &Guard, token: &str) -> bool {
    let verifying = pin!(guard.verify(token));
    matches!(verifying.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(_)))
}

fn assert_passes(guard: &Guard, token: &str) {
    assert!(black_box(passes(guard, black_box(token))), "the token is refused");
}

/// Nanoseconds for a token on each of two threads at once.
fn together(guard: &Guard, token: &str) -> anyhow::Result<f64> {
    let verify_all = || {
        let start = now();
        for _ in 0..CALLS_TOGETHER {
            assert_passes(guard, token);
        }
        start.elapsed().as_secs_f64() * 1e9 / f64::from(CALLS_TOGETHER)
    };
    thread::scope(|scope| {
        let both = [scope.spawn(verify_all), scope.spawn(verify_all)];
        let mut times = Vec::new();
        for thread in both {
            times.push(thread.join().ok().context("a thread panicked")?);
        }
        Ok(median(&times))
    })
}
