//! Ends HTTP/2 connections that nobody uses. Hyper closes idle HTTP/1.1 connections by its header time-out, but keeps
//! HTTP/2 ones for as long as the peer answers pings.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::{self, Next};
use http_body_util::BodyExt;

/// How much a connection is used.
#[derive(Debug, Clone, Default)]
pub(super) struct Idle {
    begun: Arc<AtomicU64>,
    answered: Arc<AtomicU64>,
}

impl Idle {
    /// The router, with its requests counted.
    pub(super) fn count(&self, router: Router) -> Router {
        let idle = self.clone();
        router.layer(middleware::from_fn(move |request: Request, next: Next| {
            let idle = idle.clone();
            async move {
                idle.begun.fetch_add(1, Ordering::Relaxed);
                let answered = OnDrop(Arc::clone(&idle.answered));
                // An answer may be a stream, and a connection that carries one is not idle.
                next.run(request).await.map(|body| {
                    Body::new(body.map_frame(move |frame| {
                        let _held = &answered;
                        frame
                    }))
                })
            }
        }))
    }

    /// Done when no request has run or begun for that long, or up to twice as long.
    pub(super) async fn for_long(&self, limit: Duration) {
        let mut seen = None;
        loop {
            tokio::time::sleep(limit).await;
            let begun = self.begun.load(Ordering::Relaxed);
            let running = begun != self.answered.load(Ordering::Relaxed);
            if !running && seen == Some(begun) {
                return;
            }
            seen = Some(begun);
        }
    }
}

/// Counts a request as answered, also one that its client has cancelled.
struct OnDrop(Arc<AtomicU64>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_is_idle_only_when_nothing_runs_or_begins() {
        let idle = Idle::default();
        let limit = Duration::from_secs(10);
        assert!(tokio::time::timeout(Duration::from_secs(25), idle.for_long(limit)).await.is_ok());
        idle.begun.fetch_add(1, Ordering::Relaxed);
        assert!(tokio::time::timeout(Duration::from_secs(100), idle.for_long(limit)).await.is_err());
        idle.answered.fetch_add(1, Ordering::Relaxed);
        assert!(tokio::time::timeout(Duration::from_secs(25), idle.for_long(limit)).await.is_ok());
    }
}
