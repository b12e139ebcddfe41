//! `GET /metrics`, on a listener of its own: the text format of Prometheus, version 0.0.4.

use axum::Router;
use axum::routing::get;
use http::header;

use crate::app::App;
use crate::serve::Render;

const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The whole site of that listener.
pub(crate) fn site(app: App, render: Render) -> Router {
    let answer = move || async move {
        app.observe();
        ([(header::CONTENT_TYPE, FORMAT), (header::CACHE_CONTROL, "no-store")], render())
    };
    Router::new().route("/metrics", get(answer))
}
