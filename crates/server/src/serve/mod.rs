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

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;

use crate::app::{App, StartError};
use connection::Limits;

/// After an accept that failed (too many open files, say), so that the loop does not spin.
const PAUSE_AFTER_FAILED_ACCEPT: Duration = Duration::from_millis(100);

/// A bound listener, ready to serve.
#[derive(Debug)]
pub struct Server {
    app: App,
    listener: TcpListener,
    tls: Option<Tls>,
}

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
        let listener = TcpListener::bind(address).await.map_err(|error| {
            StartError::Listen(format!("cannot listen on {address}: {error}; choose a free address (http.listen)"))
        })?;
        Ok(Self { app, listener, tls })
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
        let permits = Arc::new(Semaphore::new(usize::try_from(config.http.max_connections).unwrap_or(usize::MAX)));
        let router = self.app.site();
        let graceful = GracefulShutdown::new();
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = accept(&self.listener, &permits) => accepted,
                () = &mut stop => break,
            };
            let Some((stream, peer, permit)) = accepted else { continue };
            let watcher = graceful.watcher();
            let (router, tls) = (router.clone(), self.tls.as_ref().map(|tls| tls.0.clone()));
            tokio::spawn(async move {
                connection::serve(stream, peer, tls, router, limits, watcher).await;
                drop(permit);
            });
        }
        drop(self.listener);
        self.app.inner.revocations.live.close();
        let grace = config.http.shutdown_grace.duration();
        if tokio::time::timeout(grace, graceful.shutdown()).await.is_err() {
            tracing::warn!("some requests were not finished within http.shutdown_grace");
        }
        drop(jobs);
        self.app.close().await;
    }
}

/// The next connection and its place among those served at once.
async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, permit)),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(PAUSE_AFTER_FAILED_ACCEPT).await;
            None
        }
    }
}
