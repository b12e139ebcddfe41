//! Requests at a real guard over HTTP while the real server changes its keys, the algorithm too: no good token may be refused.
//!
//! The guard fetches the key set as it always does, and waits in real time; each new key is published for as long as the set may be
//! kept. Only the 90 seconds after that, in which other servers and clocks may lag, are jumped over by the clock of both.

mod client;
mod clock;

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::ensure;
use axum::Router;
use axum::routing::get;
use clap::Args;
use jotgate_guard::Guard;
use jotgate_jose::Algorithm;
use jotgate_server::domain::key::KeyPurpose;
use jotgate_server::{App, Config, SystemRandom, flows};
use serde_json::json;
use tokio::runtime::Builder;
use tokio::task::JoinSet;

use crate::report::{Goal, Report, Row};
use crate::site::Site;
use client::{Client, Seen};
use clock::Shared;

/// What a verifier that asks no more than once a minute needs, and so the shortest that is safe.
const CACHE_LIFE: u32 = 60;
/// From the end of the cache life to the first signature, in seconds.
const NOTICED_AFTER: i64 = 90;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Requests a second, over all clients.
    #[arg(long, default_value_t = 2000)]
    rate: u32,
    /// Clients, each with a session of its own.
    #[arg(long, default_value_t = 8)]
    clients: u32,
    /// Changes of the key, of which every second changes the algorithm.
    #[arg(long, default_value_t = 2)]
    changes: u32,
    /// Seconds that a key is published before it signs; less than a minute is too short, and shows.
    #[arg(long, default_value_t = u64::from(CACHE_LIFE) + 1)]
    published: u64,
    /// Seconds after the last change.
    #[arg(long, default_value_t = 5)]
    after: u64,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let (seen, seconds) = measure(options)?;
    let rate = f64::from(u32::try_from(seen.requests)?) / seconds;
    let refused = f64::from(u32::try_from(seen.refused)?);
    let detail = json!({
        "requests": seen.requests, "changes": options.changes, "keys": seen.keys.len(), "algorithms": seen.algorithms(),
        "codes": seen.codes,
    });
    let row = |id: &str, ratio, goal, detail| Row { id: format!("rotate_keys.{id}"), ratio, goal, detail };
    let rows = vec![
        row("wrong_refusals", refused, Goal::AtMost(0.0), detail),
        row("rate_of_wanted", rate / f64::from(options.rate), Goal::AtLeast(0.95), json!({"per_second": rate.round()})),
    ];
    Ok(Report::new("rotate-keys", rows))
}

/// What the clients saw, and for how many seconds they looked.
fn measure(options: &Options) -> anyhow::Result<(Seen, f64)> {
    let clock = Arc::new(Shared::default());
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let issuer = format!("http://127.0.0.1:{port}");
    let site = Site::start(clock.clone(), |config| {
        config.issuer.clone_from(&issuer);
        config.http.listen = format!("127.0.0.1:{port}");
        config.keys.jwks_max_age.0 = CACHE_LIFE;
    })?;
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let api = protect(&issuer, &clock).await?;
        let (stop, stopped) = tokio::sync::watch::channel(false);
        let mut clients = JoinSet::new();
        for number in 0..options.clients {
            let client = Client::open(site.address, api, number).await?;
            clients.spawn(client.run(options.rate / options.clients, stopped.clone()));
        }
        let began = clock.real_millis();
        change_keys(options, &issuer, site.data(), &clock).await?;
        stop.send(true)?;
        let mut all = Seen::default();
        for seen in clients.join_all().await {
            all.add(seen?);
        }
        let millis = u32::try_from(clock.real_millis() - began)?;
        Ok((all, f64::from(millis) / 1000.0))
    })
}

/// An API behind a guard that knows nothing but the issuer's address.
async fn protect(issuer: &str, clock: &Arc<Shared>) -> anyhow::Result<SocketAddr> {
    let time = clock.for_guard();
    let guard = Guard::builder().issuer(issuer).audience(issuer).clock(time).build()?;
    let app = Router::new().route("/", get(async || "hello")).layer(guard.layer());
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(address)
}

/// As an operator does it, on another server of the same store: a next key, and when it may, it signs.
async fn change_keys(options: &Options, issuer: &str, data: &Path, clock: &Arc<Shared>) -> anyhow::Result<()> {
    for change in 0..options.changes {
        let algorithm = if change % 2 == 0 { Algorithm::EdDsa } else { Algorithm::Es256 };
        let app = App::open_with(config(issuer, data, algorithm)?, clock.clone(), Arc::new(SystemRandom)).await?;
        let next = flows::rotate_key(&app, KeyPurpose::Signing).await?;
        ensure!(next.is_new && !next.signs, "a key signs before anyone knows it: {next:?}");
        tokio::time::sleep(Duration::from_secs(options.published)).await;
        // A cache life that was cut short is jumped over, too, so that the measurement can be seen to fail.
        let missing = i64::from(CACHE_LIFE) - i64::try_from(options.published)?;
        clock.jump(NOTICED_AFTER + missing.max(0));
        let now = flows::rotate_key(&app, KeyPurpose::Signing).await?;
        ensure!(now.signs && now.kid == next.kid, "the next key does not sign: {now:?}");
        app.close().await;
    }
    tokio::time::sleep(Duration::from_secs(options.after)).await;
    Ok(())
}

fn config(issuer: &str, data: &Path, algorithm: Algorithm) -> anyhow::Result<Config> {
    let mut config = Config::new(issuer)?;
    data.clone_into(&mut config.base_dir);
    config.tokens.algorithm = algorithm;
    config.keys.jwks_max_age.0 = CACHE_LIFE;
    Ok(config.checked()?)
}

#[cfg(test)]
mod tests {
    use super::{Options, measure};

    /// Two keys that sign as soon as they are made: the guard may ask for one unknown key in half a minute, and not for two.
    #[test]
    fn keys_that_sign_too_early_are_found_out() {
        let hasty = Options { rate: 400, clients: 4, changes: 2, published: 0, after: 3 };
        let (seen, _) = measure(&hasty).unwrap();
        assert!(seen.refused > 0, "{seen:?}");
        assert!(seen.codes.keys().all(|code| code == "key_unknown"), "{seen:?}");
    }
}
