//! One connection: TLS if configured, then HTTP/1.1 or, when TLS agreed on it, HTTP/2.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::Watcher;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;

use super::idle::Idle;
use super::stalled::Progressing;
use crate::config::Config;
use crate::http::proxy::Peer;

/// Most bytes of a request's header section. What is longer gets 431.
const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Most requests at once on one HTTP/2 connection.
const MAX_STREAMS: u32 = 100;
/// How much of bodies a peer may send unasked, in bytes: one whole body a stream, and some streams at once.
const STREAM_WINDOW: u32 = 32 * 1024;
const CONNECTION_WINDOW: u32 = 256 * 1024;

#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    header_timeout: Duration,
}

impl Limits {
    pub(super) fn new(config: &Config) -> Self {
        Self { header_timeout: config.http.header_timeout.duration() }
    }
}

pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<TlsAcceptor>,
    router: Router,
    limits: Limits,
    watcher: Watcher,
) {
    // Answers are small and whole: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else { return http1(stream, peer, router, limits, watcher).await };
    match tokio::time::timeout(limits.header_timeout, tls.accept(stream)).await {
        Ok(Ok(stream)) if stream.get_ref().1.alpn_protocol() == Some(b"h2") => {
            http2(stream, peer, router, limits, watcher).await;
        }
        Ok(Ok(stream)) => http1(stream, peer, router, limits, watcher).await,
        Ok(Err(error)) => tracing::debug!(%error, "TLS could not be agreed on"),
        Err(_) => tracing::debug!("TLS was not agreed on in time"),
    }
}

async fn http1(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    watcher: Watcher,
) {
    let connection = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(MAX_HEADER_BYTES)
        .serve_connection(io(stream, limits), service(router, peer));
    log_end(watcher.watch(connection).await);
}

async fn http2(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    peer: SocketAddr,
    router: Router,
    limits: Limits,
    watcher: Watcher,
) {
    let idle = Idle::default();
    let router = idle.count(router);
    let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(MAX_HEADER_BYTES).unwrap_or(u32::MAX))
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(limits.header_timeout)
        .keep_alive_timeout(limits.header_timeout)
        .serve_connection(io(stream, limits), service(router, peer));
    tokio::select! {
        ended = watcher.watch(connection) => log_end(ended),
        () = idle.for_long(limits.header_timeout) => tracing::debug!("an idle HTTP/2 connection was closed"),
    }
}

fn io<S>(stream: S, limits: Limits) -> TokioIo<Progressing<S>> {
    TokioIo::new(Progressing::new(stream, limits.header_timeout))
}

/// The router with the peer's address attached to each request.
fn service(
    router: Router,
    peer: SocketAddr,
) -> TowerToHyperService<
    impl tower::Service<
        Request<Incoming>,
        Response = axum::response::Response,
        Error = std::convert::Infallible,
        Future: Send,
    > + Clone,
> {
    TowerToHyperService::new(router.map_request(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(Peer(peer));
        request
    }))
}

/// Clients hang up all the time; that is no fault of ours.
fn log_end(ended: Result<(), hyper::Error>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended early");
    }
}
