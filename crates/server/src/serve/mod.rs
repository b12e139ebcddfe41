//! The listener: our own accept loop on hyper, with a time-out for headers, a cap on connections, TLS, and a stop that
//! finishes what was accepted.

mod connection;
mod idle;
mod stalled;
pub(crate) mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::app::{App, StartError};
use crate::http::metrics;
use connection::Limits;

/// After an accept that failed (too many open files, say), so that the loop does not spin.
const PAUSE_AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(100);

/// Those who read the metrics at once; there is hardly ever more than one.
const MAX_READERS: u32 = 16;

/// Writes down what a recorder has, in the text format of Prometheus.
pub(crate) type Render = Arc<dyn Fn() -> String + Send + Sync>;

/// A bound listener, ready to serve.
#[derive(Debug)]
pub struct Server {
    app: App,
    listener: TcpListener,
    tls: Option<Tls>,
    metrics: Option<Port>,
}

/// An address that is listened on, and what is there.
#[derive(Debug)]
struct Port {
    listener: TcpListener,
    tls: Option<Tls>,
    site: Router,
    permits: Arc<Semaphore>,
}

/// A connection, and its place among those served at once.
type Accepted = (TcpStream, SocketAddr, OwnedSemaphorePermit);

#[derive(Clone)]
struct Tls(TlsAcceptor);

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tls")
    }
}

impl Server {
    /// Binds the configured address and reads the certificate. From here on connections are accepted by the system and
    /// wait for [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// When the address cannot be bound, or certificate and key cannot be used.
    pub async fn bind(app: App) -> Result<Self, StartError> {
        let tls = tls::acceptor(app.config())?.map(Tls);
        let address = &app.config().http.listen;
        let listener = listen(address, "http.listen").await?;
        Ok(Self { app, listener, tls, metrics: None })
    }

    /// Answers `GET /metrics` on a listener of its own, if `metrics.listen` has one, with what `render` writes down of the recorder that
    /// the program has installed (the text format of Prometheus). It ends with the server.
    ///
    /// # Errors
    ///
    /// When that address cannot be bound.
    pub async fn with_metrics(
        mut self,
        render: impl Fn() -> String + Send + Sync + 'static,
    ) -> Result<Self, StartError> {
        if let Some(address) = &self.app.config().metrics.listen {
            let listener = listen(address, "metrics.listen").await?;
            crate::metrics::describe();
            let site = metrics::site(self.app.clone(), Arc::new(render));
            self.metrics = Some(Port::new(listener, None, site, MAX_READERS));
        }
        Ok(self)
    }

    /// The address where the metrics are, if they are anywhere.
    #[must_use]
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().and_then(|port| port.listener.local_addr().ok())
    }

    /// The address that is listened on, with the port the system chose when it was told 0.
    ///
    /// # Errors
    ///
    /// When the system does not say.
    pub fn local_address(&self) -> Result<SocketAddr, StartError> {
        self.listener.local_addr().map_err(|error| StartError::Listen(error.to_string()))
    }

    /// Serves until `stop` is done; then refuses new connections, ends the streams, finishes the requests it has accepted (up
    /// to `http.shutdown_grace`), and closes the store.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let jobs = self.app.start_jobs();
        let config = self.app.config();
        let limits = Limits::new(config);
        let main = Port::new(self.listener, self.tls, self.app.site(), config.http.max_connections);
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let (port, accepted) = tokio::select! {
                accepted = main.accept() => (Some(&main), accepted),
                accepted = accept_at(self.metrics.as_ref()) => (self.metrics.as_ref(), accepted),
                () = &mut stop => break,
            };
            let Some((port, (stream, peer, permit))) = port.zip(accepted) else { continue };
            let watcher = graceful.watcher();
            let (site, tls) = (port.site.clone(), port.tls.as_ref().map(|tls| tls.0.clone()));
            tokio::spawn(async move {
                connection::serve(stream, peer, tls, site, limits, watcher).await;
                drop(permit);
            });
        }
        drop((main, self.metrics));
        self.app.inner.revocations.live.close();
        let grace = config.http.shutdown_grace.duration();
        if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests were not finished within http.shutdown_grace");
        }
        drop(jobs);
        self.app.close().await;
    }
}

impl Port {
    fn new(listener: TcpListener, tls: Option<Tls>, site: Router, at_once: u32) -> Self {
        let permits = Arc::new(Semaphore::new(usize::try_from(at_once).unwrap_or(usize::MAX)));
        Self { listener, tls, site, permits }
    }

    /// The next connection.
    async fn accept(&self) -> Option<Accepted> {
        let permit = Arc::clone(&self.permits).acquire_owned().await.ok()?;
        match self.listener.accept().await {
            Ok((stream, peer)) => Some((stream, peer, permit)),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(PAUSE_AFTER_FAILED_ACCEPT).await;
                None
            }
        }
    }
}

/// The next connection of a port that there may be.
async fn accept_at(port: Option<&Port>) -> Option<Accepted> {
    match port {
        Some(port) => port.accept().await,
        None => std::future::pending().await,
    }
}

async fn listen(address: &str, key: &str) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| {
        StartError::Listen(format!("cannot listen on {address}: {error}; choose a free address ({key})"))
    })
}
