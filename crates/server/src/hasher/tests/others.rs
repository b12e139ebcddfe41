//! Which requests have a core kept for them, through the router of a whole server.

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;
use tower::ServiceExt;

use crate::hasher::workers::Workers;
use crate::{App, Config};

async fn ask(app: &App, method: Method, path: &str) {
    let body = Body::from(json!({"email": "ada@example.com", "password": "short"}).to_string());
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    app.router().oneshot(request.body(body).unwrap()).await.unwrap();
}

/// Each has a server of its own, whose workers nobody has used yet.
#[tokio::test]
async fn a_core_is_kept_for_all_that_hashes_no_password() {
    for (method, path, keeps) in [
        (Method::POST, "/v1/register", false),
        (Method::POST, "/v1/login", false),
        (Method::POST, "/v1/password/reset", false),
        (Method::POST, "/v1/refresh", true),
        (Method::GET, "/authz/forward-auth", true),
        (Method::GET, "/v1/me", true),
        (Method::GET, "/v1/login", true),
        (Method::GET, "/healthz", true),
        (Method::GET, "/nowhere", true),
    ] {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::new("https://auth.example.com").unwrap();
        data.path().clone_into(&mut config.base_dir);
        let mut app = App::open(config).await.unwrap();
        let hasher = &mut std::sync::Arc::get_mut(&mut app.inner).unwrap().hasher;
        hasher.pool.workers = Workers::new(2, true);
        ask(&app, method.clone(), path).await;
        let workers = &app.inner.hasher.pool.workers;
        let turns = std::iter::from_fn(|| workers.try_acquire()).collect::<Vec<_>>();
        assert_eq!(turns.len(), if keeps { 1 } else { 2 }, "{method} {path}");
    }
}
