//! What a client is told while the store fails, through the router of a whole server.

use axum::body::Body;
use http::{HeaderMap, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tempfile::TempDir;
use tower::ServiceExt;

use super::faults::Run;
use crate::store::sql::sql;
use crate::{App, Config};

struct Site {
    app: App,
    data: TempDir,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Site {
    async fn open() -> Self {
        Self::open_in(tempfile::tempdir().unwrap()).await
    }

    async fn open_in(data: TempDir) -> Self {
        let mut config = Config::new("https://auth.example.com").unwrap();
        data.path().clone_into(&mut config.base_dir);
        (config.passwords.memory_kib, config.passwords.iterations) = (8 * 1024, 1);
        Self { app: App::open(config).await.unwrap(), data }
    }

    async fn ask(&self, method: &str, path: &str, access_token: &str, body: Value) -> Answer {
        let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        let request = if access_token.is_empty() {
            request
        } else {
            request.header(header::AUTHORIZATION, format!("Bearer {access_token}"))
        };
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let response = self.app.router().oneshot(request.body(body).unwrap()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        self.ask("POST", path, "", body).await
    }

    async fn register(&self, name: &str) -> Answer {
        let email = format!("{name}@example.com");
        self.post("/v1/register", json!({"email": email, "password": "a long enough pass phrase"})).await
    }

    async fn refresh(&self, token: &str) -> Answer {
        self.post("/v1/refresh", json!({"refresh_token": token})).await
    }
}

impl Answer {
    fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_else(|| panic!("no {member} in {self:?}"))
    }

    #[track_caller]
    fn unavailable(&self) {
        assert_eq!((self.status, self.text("code")), (503, "store_unavailable"), "{self:?}");
        assert!(self.headers.contains_key(header::RETRY_AFTER), "{self:?}");
        assert!(self.text("detail").ends_with("nothing was changed"), "{self:?}");
    }
}

#[tokio::test]
async fn while_the_database_cannot_be_written_to_nothing_is_answered_as_done() {
    let site = Site::open().await;
    let ada = site.register("ada").await;
    let (access, refresh) = (ada.text("access_token"), ada.text("refresh_token"));
    site.app.inner.store.write(Run(sql!("PRAGMA query_only = ON"))).await.unwrap();
    site.refresh(refresh).await.unavailable();
    site.register("eve").await.unavailable();
    site.post("/v1/login", json!({"email": "ada@example.com", "password": "a long enough pass phrase"}))
        .await
        .unavailable();
    site.post("/v1/logout", json!({"refresh_token": refresh})).await.unavailable();
    site.ask("POST", "/v1/logout?scope=global", access, Value::Null).await.unavailable();
    let change = json!({"current_password": "a long enough pass phrase", "new_password": "another long pass phrase"});
    site.ask("POST", "/v1/password/change", access, change).await.unavailable();
    let ready = site.ask("GET", "/readyz", "", Value::Null).await;
    assert_eq!((ready.status, ready.text("code")), (503, "store_unavailable"));
    assert!(ready.headers.contains_key(header::RETRY_AFTER), "{ready:?}");
    for (path, token) in
        [("/v1/me", access), ("/v1/sessions", access), ("/healthz", ""), ("/.well-known/jwks.json", "")]
    {
        assert_eq!(site.ask("GET", path, token, Value::Null).await.status, 200, "{path} needs no change");
    }
    site.app.close().await;
    let site = Site::open_in(site.data).await;
    assert_eq!(site.refresh(refresh).await.status, 200, "nobody was logged out");
    assert_eq!(site.register("eve").await.status, 201, "the address was not taken by half an account");
}

#[tokio::test]
async fn a_full_database_refuses_what_does_not_fit_and_nothing_else() {
    let site = Site::open().await;
    let ada = site.register("ada").await;
    site.app.inner.store.write(Run(sql!("PRAGMA max_page_count = 1"))).await.unwrap();
    let mut registered = 0;
    let refused = loop {
        let name = format!("user-{registered}");
        match site.register(&name).await {
            answer if answer.status == 201 => registered += 1,
            answer => {
                answer.unavailable();
                break name;
            }
        }
        assert!(registered < 1000, "it is never full");
    };
    assert_eq!(site.refresh(ada.text("refresh_token")).await.status, 200, "a refresh takes no room");
    let ready = site.ask("GET", "/readyz", "", Value::Null).await;
    assert_eq!((ready.status, ready.text("code")), (503, "store_unavailable"), "most changes fail");
    site.app.inner.store.write(Run(sql!("PRAGMA max_page_count = 100000"))).await.unwrap();
    assert_eq!(site.register(&refused).await.status, 201, "it recovers by itself");
}
