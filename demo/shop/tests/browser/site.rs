//! For each scenario a shop on a free port, a page of another origin, and a door to its clock.

use std::collections::HashMap;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::{Query, State};
use axum::response::Html;
use axum::routing::{get, post};
use jotgate_guard::Clock;
use serde::{Deserialize, Serialize};
use shop::{Options, Shop};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::line::Line;

/// Where a scenario finds everything.
#[derive(Debug, Serialize)]
pub(crate) struct Addresses {
    /// The shop's origin.
    shop: String,
    /// An origin that is another one for being on another port, and the same site, since sites do not know ports: it is sent the
    /// cookies, whatever their `SameSite` says.
    neighbour: String,
    /// The same page under another name: another site.
    stranger: String,
    /// Moves the shop's clock (`POST …/advance?seconds=61`) and breaks its line (`line.rs`).
    control: String,
}

/// All of them. They end with the runtime that they were opened in.
pub(crate) struct Sites {
    pub(crate) addresses: HashMap<&'static str, Addresses>,
    /// The shops' folders, which go with them.
    data: Vec<TempDir>,
}

impl Sites {
    pub(crate) async fn open(names: &[&'static str]) -> Self {
        let mut sites = Self { addresses: HashMap::new(), data: Vec::new() };
        for name in names {
            let data = tempfile::tempdir().unwrap();
            sites.addresses.insert(name, open(&data).await);
            sites.data.push(data);
        }
        sites
    }
}

async fn open(data: &TempDir) -> Addresses {
    let clock = Clock::manual(Clock::system().now());
    let (listener, origin) = listen().await;
    let options = Options { origin: origin.clone(), elsewhere: None, clock: clock.clone() };
    let shop = Shop::open(options, data.path()).await.unwrap();
    let line = Line::default();
    let router = line.to(shop.router.clone());
    tokio::spawn(async move {
        // What belongs to a shop ends with it, so it is kept here.
        let _shop = shop;
        axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await
    });
    let (listener, neighbour) = listen().await;
    let control = Router::new().route("/advance", post(advance)).with_state(clock).merge(line.control());
    let pages = Router::new().route("/", get(Html("<!doctype html><title>Another page</title><h1>Another page</h1>")));
    tokio::spawn(async move { axum::serve(listener, pages.merge(control)).await });
    let stranger = neighbour.replace("127.0.0.1", "localhost");
    Addresses { shop: origin, stranger, control: neighbour.clone(), neighbour }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    (listener, origin)
}

#[derive(Deserialize)]
struct Advance {
    seconds: i64,
}

async fn advance(State(clock): State<Clock>, Query(Advance { seconds }): Query<Advance>) {
    clock.set(clock.now() + seconds);
}
