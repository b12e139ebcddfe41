//! The line between browser and shop, which breaks when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use http::header;
use serde::Deserialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum How {
    /// The connection ends without a word.
    Unanswered = 1,
    /// It ends after the head of an answer from which all that matters is missing.
    Cut = 2,
    /// The shop cannot answer at the moment, and says so.
    Busy = 3,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    /// How the next answer is to be lost, or 0.
    next: Arc<AtomicU8>,
    lost: Arc<AtomicUsize>,
}

impl Line {
    /// The shop at the other end of this line.
    pub(crate) fn to(&self, shop: Router) -> Router {
        shop.layer(middleware::from_fn_with_state(self.clone(), carry))
    }

    /// `POST /lose?how=unanswered|cut|busy`, and `GET /lost`.
    pub(crate) fn control(self) -> Router {
        Router::new().route("/lose", post(lose)).route("/lost", get(lost)).with_state(self)
    }
}

#[derive(Deserialize)]
struct Lose {
    how: How,
}

async fn lose(State(line): State<Line>, Query(Lose { how }): Query<Lose>) {
    line.next.store(how as u8, Ordering::SeqCst);
}

async fn lost(State(line): State<Line>) -> String {
    line.lost.load(Ordering::SeqCst).to_string()
}

/// Before an answer is lost the shop has done what it was asked for.
async fn carry(State(line): State<Line>, request: Request, next: Next) -> Response {
    let is_refresh = request.uri().path() == "/auth/v1/refresh";
    let how = if is_refresh { line.next.swap(0, Ordering::SeqCst) } else { 0 };
    if how == How::Busy as u8 {
        return Response::builder().status(503).header(header::RETRY_AFTER, 1).body(Body::empty()).unwrap();
    }
    let answer = next.run(request).await;
    if how == 0 {
        return answer;
    }
    line.lost.fetch_add(1, Ordering::SeqCst);
    if how == How::Cut as u8 {
        let cut =
            Response::builder().header(header::CONTENT_TYPE, "application/json").header(header::CONTENT_LENGTH, 500);
        return cut.body(Body::new(Broken)).unwrap();
    }
    // Without the hook's words: the task of the connection ends, and its socket with it.
    std::panic::resume_unwind(Box::new(()))
}

/// A body that breaks off after a few bytes.
struct Broken;

impl http_body::Body for Broken {
    type Data = axum::body::Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Self::Data>, Self::Error>>> {
        std::task::Poll::Ready(Some(Err(std::io::ErrorKind::ConnectionReset.into())))
    }
}
