//! From an answered log-out to the first refusal at each of many verifiers, while all of them verify; the same across a cut of
//! the line to the server; and what a hundred thousand entries cost a verifier.

mod line;
mod set;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use clap::Args;
use jotgate_guard::{Auth, Guard, Stale};
use jotgate_server::SystemClock;
use serde_json::json;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use self::line::Line;
use crate::http::Connection;
use crate::measure::now;
use crate::report::{Goal, Report, Row};
use crate::site::Site;

const PASSWORD: &str = "a long enough pass phrase";
const PATIENCE: Duration = Duration::from_mins(1);
/// A verifier pauses for up to a second between two attempts to reach the server.
const AFTER_THE_CUT_SECONDS: f64 = 2.0;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Verifiers, each with a stream of its own.
    #[arg(long, default_value_t = 50)]
    verifiers: usize,
    /// Log-outs that are waited for at every verifier.
    #[arg(long, default_value_t = 100)]
    ends: usize,
    /// Verifications a second, of all verifiers together.
    #[arg(long, default_value_t = 5000)]
    rate: u32,
    /// Seconds for which the line to the server is cut.
    #[arg(long, default_value_t = 30)]
    cut: u64,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    ensure!(options.cut >= 12, "a verifier is stale after ten seconds; cut the line for at least 12");
    let mut rows = set::measure()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let line = runtime.block_on(Line::bind())?;
    let issuer = line.origin();
    // It has a runtime of its own, and begins and ends outside of this one.
    let site = Site::start(Arc::new(SystemClock), |config| {
        config.issuer = issuer;
        config.sessions.max_per_user = u32::MAX;
        config.tokens.audience = vec!["https://api.example.com".to_owned()];
    })?;
    rows.extend(runtime.block_on(measure(options, line, &site))?);
    Ok(Report::new("revoke", rows))
}

/// The server, the line to it, and those who verify.
struct World {
    line: Line,
    guards: Vec<Guard>,
    client: Connection,
    email: String,
}

async fn measure(options: &Options, line: Line, site: &Site) -> anyhow::Result<Vec<Row>> {
    line.open(site.address);
    let mut world = World::new(line, options.verifiers, site).await?;
    let steady = world.log_in().await?;
    let load = Load::start(&world.guards, &steady, options.rate);
    let told = world.told(options.ends).await?;
    let cut = world.cut(Duration::from_secs(options.cut)).await?;
    let (verified, seconds) = load.stop();
    let rate = verified / seconds;
    Ok(told_rows(&told, options, rate).into_iter().chain(cut.rows()).collect())
}

impl World {
    async fn new(line: Line, verifiers: usize, site: &Site) -> anyhow::Result<Self> {
        let mut client = Connection::open(site.address).await?;
        let email = "ada@example.com".to_owned();
        let answer = client.post("/v1/register", &json!({"email": email, "password": PASSWORD})).await?;
        ensure!(answer.status == 201, "registering was answered with {}", answer.status);
        let builder = || Guard::builder().issuer(line.origin()).audience("https://api.example.com");
        let guards = (0..verifiers).map(|_| builder().stale(Stale::Refuse).build()).collect::<Result<_, _>>()?;
        Ok(Self { line, guards, client, email })
    }

    async fn log_in(&mut self) -> anyhow::Result<String> {
        let body = json!({"email": self.email, "password": PASSWORD});
        let answer = self.client.post("/v1/login", &body).await?;
        ensure!(answer.status == 200, "logging in was answered with {}", answer.status);
        Ok(answer.text("access_token").to_owned())
    }

    /// Logs out; gives the time of the answer.
    async fn log_out(&mut self, token: &str) -> anyhow::Result<Instant> {
        let answer = self.client.post_as("/v1/logout", token, &json!({})).await?;
        ensure!(answer.status == 204, "logging out was answered with {}", answer.status);
        Ok(now())
    }

    /// Lets every verifier wait for the end of a token. Each gives the time of its first refusal.
    async fn watch(&self, token: &str) -> anyhow::Result<JoinSet<anyhow::Result<Instant>>> {
        let mut watching = JoinSet::new();
        for guard in &self.guards {
            let auth: Auth = guard.verify(token).await.map_err(|rejection| anyhow::anyhow!("{rejection}"))?;
            let (guard, token) = (guard.clone(), token.to_owned());
            watching.spawn(async move {
                timeout(PATIENCE, guard.ended(&auth)).await.context("an end did not arrive")?;
                let refused = now();
                ensure!(guard.verify(&token).await.is_err(), "a token that has ended passed");
                Ok(refused)
            });
        }
        Ok(watching)
    }

    /// Milliseconds from each answered log-out to the first refusal at each verifier.
    async fn told(&mut self, ends: usize) -> anyhow::Result<Vec<f64>> {
        let mut told = Vec::with_capacity(ends * self.guards.len());
        // The first one waits until all of them follow, and is not counted.
        for number in 0..=ends {
            let token = self.log_in().await?;
            let watching = self.watch(&token).await?;
            let answered = self.log_out(&token).await?;
            let refused = watching.join_all().await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
            if number > 0 {
                told.extend(refused.iter().map(|at| at.saturating_duration_since(answered).as_secs_f64() * 1e3));
            }
        }
        told.sort_by(f64::total_cmp);
        Ok(told)
    }

    async fn cut(&mut self, lasts: Duration) -> anyhow::Result<Cut> {
        let (token, probe) = (self.log_in().await?, self.log_in().await?);
        let watching = self.watch(&token).await?;
        self.line.cut();
        let begun = now();
        self.log_out(&token).await?;
        let stale = self.until_all_are_stale(&probe, begun).await?;
        sleep(lasts.saturating_sub(begun.elapsed())).await;
        self.line.mend();
        let mended = now();
        let refused = watching.join_all().await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
        let after: Vec<f64> = refused.iter().map(|at| at.saturating_duration_since(mended).as_secs_f64()).collect();
        let mut missed = 0;
        for guard in &self.guards {
            missed += usize::from(guard.verify(&token).await.is_ok());
        }
        Ok(Cut { stale, after: after.into_iter().fold(0.0, f64::max), missed, verifiers: self.guards.len() })
    }

    /// Seconds from the cut until the first and the last verifier refuse a good token because they do not know.
    async fn until_all_are_stale(&self, token: &str, begun: Instant) -> anyhow::Result<(f64, f64)> {
        let (mut first, mut fresh) = (None, self.guards.clone());
        while !fresh.is_empty() {
            ensure!(begun.elapsed() < PATIENCE, "a verifier that hears nothing is not stale");
            let mut rest = Vec::new();
            for guard in fresh {
                match guard.verify(token).await {
                    Ok(_) => rest.push(guard),
                    Err(rejection) => {
                        ensure!(rejection.code() == "revocations_stale", "refused with {}", rejection.code());
                        first.get_or_insert_with(|| begun.elapsed().as_secs_f64());
                    }
                }
            }
            fresh = rest;
            sleep(Duration::from_millis(20)).await;
        }
        Ok((first.unwrap_or_default(), begun.elapsed().as_secs_f64()))
    }
}

/// Verifications that go on meanwhile.
struct Load {
    task: JoinHandle<()>,
    verified: Arc<AtomicU64>,
    begun: Instant,
}

impl Load {
    fn start(guards: &[Guard], token: &str, rate: u32) -> Self {
        let verified = Arc::new(AtomicU64::new(0));
        let (guards, token, counted) = (guards.to_vec(), token.to_owned(), Arc::clone(&verified));
        let each_hundredth = rate.div_ceil(100);
        let task = tokio::spawn(async move {
            let mut turn = guards.iter().cycle();
            let mut beat = tokio::time::interval(Duration::from_millis(10));
            loop {
                beat.tick().await;
                for guard in turn.by_ref().take(each_hundredth as usize) {
                    // While the line is cut it is refused, which is work as well.
                    let _ = guard.verify(&token).await;
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            }
        });
        Self { task, verified, begun: now() }
    }

    /// Verifications, and the seconds they took.
    fn stop(self) -> (f64, f64) {
        self.task.abort();
        let verified = u32::try_from(self.verified.load(Ordering::Relaxed)).unwrap_or(u32::MAX);
        (f64::from(verified), self.begun.elapsed().as_secs_f64())
    }
}

fn told_rows(told: &[f64], options: &Options, rate: f64) -> Vec<Row> {
    let at = |hundredths: usize| told.get((told.len() * hundredths / 100).min(told.len() - 1)).copied();
    let (median, p99, worst) = (at(50).unwrap_or_default(), at(99).unwrap_or_default(), at(100).unwrap_or_default());
    let round = |value: f64| (value * 100.0).round() / 100.0;
    let detail = json!({
        "verifiers": options.verifiers, "ends": options.ends, "verifications_a_second": rate.round(),
        "median_ms": round(median), "p99_ms": round(p99), "worst_ms": round(worst),
    });
    vec![Row { id: "told.p99_of_250_ms".to_owned(), ratio: p99 / 250.0, goal: Goal::AtMost(1.0), detail }]
}

/// What came of a cut.
struct Cut {
    /// Seconds from the cut until the first and the last verifier knew that it does not know.
    stale: (f64, f64),
    /// Seconds from the mended line until the last verifier refused what had ended meanwhile.
    after: f64,
    missed: usize,
    verifiers: usize,
}

impl Cut {
    fn rows(&self) -> Vec<Row> {
        let (first, last) = self.stale;
        let detail = json!({"first_s": first, "last_s": last, "verifiers": self.verifiers});
        let stale = Row { id: "cut.stale_of_12_s".to_owned(), ratio: last / 12.0, goal: Goal::AtMost(1.0), detail };
        let (ratio, goal) = (self.after / AFTER_THE_CUT_SECONDS, Goal::AtMost(1.0));
        let detail = json!({"last_refusal_s": self.after, "of_it_pause_at_most_s": 1});
        let after = Row { id: "cut.refused_of_2_s_after".to_owned(), ratio, goal, detail };
        let missed = u32::try_from(self.missed).map_or(f64::INFINITY, f64::from);
        let detail = json!({"verifiers": self.verifiers});
        vec![stale, after, Row { id: "cut.missed".to_owned(), ratio: missed, goal: Goal::AtMost(0.0), detail }]
    }
}
