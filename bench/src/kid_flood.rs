//! A flood of tokens with random key ids: what it costs the issuer, and what it costs good tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::ensure;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::routing::get;
use clap::Args;
use jotgate_guard::{Guard, KeySet};
use jotgate_jose::{Algorithm, SigningKey, jwt};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tower::ServiceExt;

use crate::measure::{median, now, unix_now};
use crate::report::{Goal, Report, Row};
use crate::token::AUDIENCE;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Rounds; each measures good tokens without the flood and within it.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Seconds of one measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Tokens with a random key id in a second.
    #[arg(long, default_value_t = 5000)]
    flood: u64,
}

/// Good tokens in a second; each is verified anew.
const GOOD: u64 = 2000;
const COOL_DOWN_SECONDS: f64 = 30.0;

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    Builder::new_multi_thread().worker_threads(2).enable_all().build()?.block_on(measure(options))
}

async fn measure(options: &Options) -> anyhow::Result<Report> {
    let key = SigningKey::generate(Algorithm::EdDsa)?.with_kid("good");
    let issuer = Issuer::start(&key).await?;
    let guard = Guard::builder().issuer(&issuer.url).audience(AUDIENCE).cached_tokens(0).build()?;
    let app = Router::new().route("/", get(async || "hello")).layer(guard.layer());
    let good = token(&key, &issuer.url, "good")?;
    let stranger = SigningKey::generate(Algorithm::EdDsa)?;
    let random = (0..5000).map(|number| token(&stranger, &issuer.url, &format!("{number:016x}")));
    let random: Arc<[String]> = random.collect::<anyhow::Result<_>>()?;
    ensure!(status(&app, &good).await == 200 && status(&app, &random[0]).await == 401, "the guard is not ready");
    let (start, mut ratios, mut calm, mut flooded) = (now(), Vec::new(), Vec::new(), Vec::new());
    let refused = Arc::new(AtomicU64::new(0));
    for round in 0..=options.rounds {
        let without = p99(&app, &good, options.seconds).await?;
        let flood = tokio::spawn(flood(app.clone(), Arc::clone(&random), Arc::clone(&refused), options.flood));
        let within = p99(&app, &good, options.seconds).await?;
        flood.abort();
        if round > 0 {
            ratios.push(within / without);
            calm.push(without);
            flooded.push(within);
        }
    }
    let cool_downs = (start.elapsed().as_secs_f64() / COOL_DOWN_SECONDS).ceil();
    // One fetch at the start is not the flood's.
    let fetches = f64::from(u32::try_from(issuer.fetches.load(Ordering::SeqCst))?) - 1.0;
    let measured_seconds = options.seconds * (u64::try_from(options.rounds)? + 1);
    let detail = json!({
        "without µs": median(&calm).round(), "within µs": median(&flooded).round(), "rounds": ratios.len(),
        "refused in a second": refused.load(Ordering::SeqCst) / measured_seconds,
    });
    Ok(Report::new(
        "kid-flood",
        vec![
            Row { id: "good.p99_vs_without".to_owned(), ratio: median(&ratios), goal: Goal::AtMost(1.2), detail },
            Row {
                id: "fetches_in_a_cool_down".to_owned(),
                ratio: fetches / cool_downs,
                goal: Goal::AtMost(1.0),
                detail: json!({"fetches": fetches, "cool-downs": cool_downs}),
            },
        ],
    ))
}

/// The 99th percentile of good requests, in microseconds.
async fn p99(app: &Router, good: &str, seconds: u64) -> anyhow::Result<f64> {
    let mut times = Vec::new();
    let mut ticks = ticks();
    for _ in 0..seconds * 1000 {
        ticks.tick().await;
        for _ in 0..GOOD / 1000 {
            let start = now();
            ensure!(status(app, good).await == 200, "a good token was refused");
            times.push(start.elapsed().as_secs_f64() * 1e6);
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() * 99 / 100])
}

async fn flood(app: Router, random: Arc<[String]>, refused: Arc<AtomicU64>, rate: u64) {
    let (mut ticks, mut running) = (ticks(), JoinSet::new());
    let mut tokens = (0..random.len()).cycle();
    loop {
        ticks.tick().await;
        for place in tokens.by_ref().take(usize::try_from(rate / 1000).unwrap_or_default()) {
            let (app, random, refused) = (app.clone(), Arc::clone(&random), Arc::clone(&refused));
            running.spawn(async move {
                if status(&app, &random[place]).await == 401 {
                    refused.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        while running.try_join_next().is_some() {}
    }
}

fn ticks() -> tokio::time::Interval {
    let mut ticks = interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    ticks
}

async fn status(app: &Router, token: &str) -> u16 {
    let request = Request::get("/").header(AUTHORIZATION, format!("Bearer {token}")).body(Body::empty());
    match request {
        Ok(request) => app.clone().oneshot(request).await.map_or(0, |answer| answer.status().as_u16()),
        Err(_) => 0,
    }
}

fn token(key: &SigningKey, issuer: &str, kid: &str) -> anyhow::Result<String> {
    let (key, now) = (key.clone().with_kid(kid), unix_now());
    let claims = json!({"iss": issuer, "aud": AUDIENCE, "sub": "ada", "iat": now, "exp": now + 3600, "sid": "s1", "scope": "orders:read"});
    Ok(jwt::sign(&key, "at+jwt", &claims)?)
}

/// An issuer that counts how often it is asked for its keys.
struct Issuer {
    url: String,
    fetches: Arc<AtomicUsize>,
}

impl Issuer {
    async fn start(key: &SigningKey) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let metadata = json!({"issuer": url, "jwks_uri": format!("{url}/keys")}).to_string();
        let keys = KeySet::new([key.verifying_key()])?.to_json()?;
        let fetches = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&fetches);
        let answer = async move || {
            counted.fetch_add(1, Ordering::SeqCst);
            keys
        };
        let app = Router::new()
            .route("/.well-known/openid-configuration", get(async || metadata))
            .route("/keys", get(answer));
        tokio::spawn(async move { axum::serve(listener, app).await });
        Ok(Self { url, fetches })
    }
}
