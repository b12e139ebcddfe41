//! Which requests have a core kept for them, through the router of a whole server.

use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;
use tempfile::TempDir;
use tower::ServiceExt;

use crate::hasher::workers::Workers;
use crate::{App, Config};

async fn ask(app: &App, method: Method, path: &str) {
    let body = Body::from(json!({"email": "ada@example.com", "password": "short"}).to_string());
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    app.router().oneshot(request.body(body).unwrap()).await.unwrap();
}

async fn with_two_workers(configure: impl FnOnce(&mut Config)) -> (App, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let mut config = Config::new("https://auth.example.com").unwrap();
    data.path().clone_into(&mut config.base_dir);
    configure(&mut config);
    let mut app = App::open(config).await.unwrap();
    Arc::get_mut(&mut app.inner).unwrap().hasher.pool.workers = Workers::new(2, true);
    (app, data)
}

/// How many may hash now.
fn free(app: &App) -> usize {
    let workers = &app.inner.hasher.pool.workers;
    std::iter::from_fn(|| workers.try_acquire()).collect::<Vec<_>>().len()
}

/// Who finds no place among the requests that are served keeps nothing from anybody.
#[tokio::test]
async fn no_core_is_kept_for_who_is_not_served() {
    let (app, _data) = with_two_workers(|config| config.http.max_connections = 1).await;
    let place = app.inner.limits.admit();
    ask(&app, Method::GET, "/healthz").await;
    assert_eq!(free(&app), 2);
    drop(place);
    ask(&app, Method::GET, "/healthz").await;
    assert_eq!(free(&app), 1);
}

/// Each has a server of its own, whose workers nobody has used yet.
#[tokio::test]
async fn a_core_is_kept_for_all_that_hashes_no_password() {
    for (method, path, keeps) in [
        (Method::POST, "/v1/register", false),
        (Method::POST, "/v1/login", false),
        (Method::POST, "/v1/password/reset", false),
        (Method::OPTIONS, "/v1/login", false),
        (Method::POST, "/v1/refresh", true),
        (Method::GET, "/authz/forward-auth", true),
        (Method::GET, "/v1/me", true),
        (Method::GET, "/v1/login", true),
        (Method::GET, "/healthz", true),
        (Method::GET, "/nowhere", true),
    ] {
        let (app, _data) = with_two_workers(|_| ()).await;
        ask(&app, method.clone(), path).await;
        assert_eq!(free(&app), if keeps { 1 } else { 2 }, "{method} {path}");
    }
}
