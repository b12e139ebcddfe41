//! An axum route behind the guard against the same route unprotected: the same handler, the same requests with the same
//! header, and a client that does next to nothing.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, ensure};
use axum::Router;
use axum::routing::get;
use clap::Args;
use jotgate_guard::Guard;
use jotgate_jose::{Algorithm, SigningKey, jwt};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};

use crate::measure::{median, timed_async};
use crate::report::{Goal, Report, Row};

const ISSUER: &str = "https://auth.example.com";
const AUDIENCE: &str = "https://api.example.com";
const HOUR: i64 = 3600;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Rounds; each measures every route once, in turn.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Requests in one measurement.
    #[arg(long, default_value_t = 40_000)]
    requests: usize,
    /// Connections that send them.
    #[arg(long, default_value_t = 32)]
    connections: usize,
}

/// A served route and the bytes of a request to it.
struct Route {
    id: String,
    address: SocketAddr,
    request: Vec<u8>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let server = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let client = Builder::new_current_thread().enable_all().build()?;
    let mut routes = Vec::new();
    for algorithm in [Algorithm::Hs256, Algorithm::EdDsa, Algorithm::Es256, Algorithm::Rs256] {
        routes.push(server.block_on(protected(algorithm))?);
    }
    let open = server.block_on(serve("open".to_owned(), Router::new().route("/", get(handler)), &routes[0].request))?;
    let mut throughput = vec![Vec::new(); routes.len()];
    let mut open_throughput = Vec::new();
    for round in 0..=options.rounds {
        let warm_up = round == 0;
        for (route, measured) in routes.iter().zip(&mut throughput) {
            let (open, rate) = (rate(&client, &open, options)?, rate(&client, route, options)?);
            if !warm_up {
                measured.push(rate / open);
                open_throughput.push(open);
            }
        }
    }
    let rows = routes.iter().zip(&throughput).map(|(route, ratios)| row(route, ratios, median(&open_throughput)));
    Ok(Report::new("route", rows.collect()))
}

fn row(route: &Route, ratios: &[f64], open: f64) -> Row {
    let detail = json!({"open_requests_per_second": open.round(), "rounds": ratios.len()});
    Row { id: format!("route.{}.vs_open", route.id), ratio: median(ratios), goal: Goal::AtLeast(0.9), detail }
}

async fn handler() -> &'static str {
    "hello"
}

async fn protected(algorithm: Algorithm) -> anyhow::Result<Route> {
    let key = if algorithm.is_symmetric() {
        SigningKey::hmac(algorithm, b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_")?
    } else {
        SigningKey::generate(algorithm)?
    };
    let guard =
        Guard::builder().issuer(ISSUER).audience(AUDIENCE).algorithms([algorithm]).key(key.verifying_key()).build()?;
    let request = format!("GET / HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {}\r\n\r\n", token(&key)?);
    let app = Router::new().route("/", get(handler)).layer(guard.layer());
    serve(algorithm.name().to_lowercase(), app, request.as_bytes()).await
}

/// A token of about 550 bytes, as a real one is.
fn token(key: &SigningKey) -> anyhow::Result<String> {
    let now = i64::try_from(unix_now().as_secs())?;
    let claims = json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "0198f2a4-5c1e-7d3b-9a6f-2e8c4b7d1f05", "iat": now, "exp": now + HOUR,
        "jti": "0198f2a4-5c1e-7d3b-9a6f-2e8c4b7d1f06", "sid": "0198f2a4-5c1e-7d3b-9a6f-2e8c4b7d1f07", "client_id": "web",
        "scope": "orders:read orders:write", "auth_time": now, "email": "ada@example.com", "email_verified": true,
    });
    Ok(jwt::sign(key, "at+jwt", &claims)?)
}

#[expect(clippy::disallowed_methods, reason = "the guard under test reads the system clock too")]
fn unix_now() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

async fn serve(id: String, app: Router, request: &[u8]) -> anyhow::Result<Route> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    Ok(Route { id, address, request: request.to_vec() })
}

/// Requests a second over all connections.
fn rate(client: &Runtime, route: &Route, options: &Options) -> anyhow::Result<f64> {
    client.block_on(async {
        let mut connections = Vec::new();
        for _ in 0..options.connections {
            connections.push(Connection::open(route).await?);
        }
        let each = options.requests / options.connections;
        let running = async {
            let running: Vec<_> =
                connections.into_iter().map(|connection| tokio::spawn(connection.repeat(each))).collect();
            for task in running {
                task.await??;
            }
            anyhow::Ok(())
        };
        let took = timed_async(running).await?;
        Ok(f64::from(u32::try_from(each * options.connections)?) / took.as_secs_f64())
    })
}

/// A connection that sends one request after the other. All answers are alike, so the length of the first tells where
/// each one ends.
struct Connection {
    stream: TcpStream,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    async fn open(route: &Route) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(route.address).await?;
        stream.set_nodelay(true)?;
        let mut connection = Self { stream, request: route.request.clone(), answer: vec![0; 4096] };
        connection.stream.write_all(&connection.request).await?;
        let length = connection.stream.read(&mut connection.answer).await?;
        let text = String::from_utf8_lossy(&connection.answer[..length]).into_owned();
        ensure!(text.starts_with("HTTP/1.1 200 ") && text.ends_with("hello"), "the route {} answered {text}", route.id);
        connection.answer.truncate(length);
        Ok(connection)
    }

    async fn repeat(mut self, times: usize) -> anyhow::Result<()> {
        for _ in 0..times {
            self.stream.write_all(&self.request).await?;
            self.stream.read_exact(&mut self.answer).await.context("the connection was closed")?;
        }
        ensure!(self.answer.starts_with(b"HTTP/1.1 200 "), "an answer was not 200");
        Ok(())
    }
}
