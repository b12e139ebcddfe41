//! `cargo run --release -p shop`: opens the shop and says where.
#![expect(clippy::print_stdout, reason = "a program for people at a terminal")]

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use clap::Parser;
use jotgate_guard::Clock;
use shop::{Elsewhere, Options, Shop};
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

/// An online shop that shows what JWT authentication does underneath
#[derive(Debug, Parser)]
#[command(
    after_help = "Nothing is configured and nothing is kept: data is in a temporary folder that is removed at the end.

With --issuer, accounts are at a server elsewhere. Its configuration has to name this shop, and grant what ordering needs:

  http.allowed_origins = [\"http://127.0.0.1:4401\"]
  [roles.customer]
  scopes = [\"orders:read\", \"orders:write\"]
  everyone = true

Cookies come to the shop only from a server on the same host; otherwise the page uses the bearer transport.

Examples:
  shop
  shop --issuer http://127.0.0.1:4400 --audience https://api.example.com"
)]
struct Args {
    /// Where to listen
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4401")]
    listen: SocketAddr,
    /// The issuer of an auth server elsewhere, in place of one in this process
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// What its tokens call this shop's API; the issuer unless said otherwise, as with a server that was told nothing else
    #[arg(long, value_name = "NAME", requires = "issuer")]
    audience: Option<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let filter = EnvFilter::new("warn,jotgate_guard=debug");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).init();
    ensure!(
        args.listen.ip().is_loopback(),
        "the shop speaks plain http, which is for this machine only; use 127.0.0.1"
    );
    let listener = TcpListener::bind(args.listen).await;
    let listener =
        listener.with_context(|| format!("cannot listen on {}; choose another with --listen", args.listen))?;
    let origin = format!("http://{}", listener.local_addr()?);
    let data = tempfile::Builder::new().prefix("jotgate-shop-").tempdir().context("no temporary folder can be made")?;
    let elsewhere =
        args.issuer.map(|issuer| Elsewhere { audience: args.audience.unwrap_or_else(|| issuer.clone()), issuer });
    let is_elsewhere = elsewhere.is_some();
    let shop = Shop::open(Options { origin: origin.clone(), elsewhere, clock: Clock::system() }, data.path()).await?;
    println!("The shop is open at {origin}");
    if !is_elsewhere {
        println!("{}", shop::welcome());
    }
    let service = shop.router.into_make_service_with_connect_info::<SocketAddr>();
    // Streams last as long as their readers like, so nothing waits for them at the end.
    tokio::select! {
        served = axum::serve(listener, service) => served.context("the shop cannot go on")?,
        signal = tokio::signal::ctrl_c() => signal.context("no signal can be waited for")?,
    }
    Ok(())
}
