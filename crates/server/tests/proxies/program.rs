//! A program without a guard: it believes the `Remote-*` headers, and repeats all that it was sent.

use axum::body::Bytes;
use axum::extract::Request;
use axum::routing::any;
use axum::{Json, Router};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Starts it; gives its port.
pub(crate) async fn start() -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let routes = Router::new().fallback(any(repeat));
    (port, tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() }))
}

async fn repeat(request: Request) -> Json<Value> {
    let (parts, body) = request.into_parts();
    let body: Bytes = body.collect().await.unwrap().to_bytes();
    let mut headers = Map::new();
    for name in parts.headers.keys() {
        let values =
            parts.headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        headers.insert(name.to_string(), values.collect::<Vec<_>>().into());
    }
    let body = String::from_utf8_lossy(&body).into_owned();
    Json(json!({"method": parts.method.as_str(), "uri": parts.uri.to_string(), "headers": headers, "body": body}))
}
