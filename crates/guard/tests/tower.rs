//! Around a service that has nothing to do with axum.
#![expect(clippy::unwrap_used, reason = "these are tests; what cannot be set up fails them")]

mod support;

use std::convert::Infallible;
use std::task::{Context, Poll};

use http::{Request, Response, header};
use http_body_util::{BodyExt, Full};
use jotgate_guard::Auth;
use support::{TestIssuer, claims, guard_with, key, token};
use tower::{Layer, Service, ServiceExt, service_fn};

type Body = Full<axum::body::Bytes>;

async fn hello(request: Request<()>) -> Result<Response<Body>, Infallible> {
    Ok(match Auth::of(request.extensions()) {
        Ok(auth) => Response::new(Body::from(auth.map_or("stranger", Auth::subject).to_owned())),
        Err(rejection) => rejection.into_response(),
    })
}

fn request(token: &str) -> Request<()> {
    Request::get("/").header(header::AUTHORIZATION, format!("bearer {token}")).body(()).unwrap()
}

#[tokio::test]
async fn any_service_can_be_guarded() {
    let key = key("k1");
    let service = guard_with(&key).build().unwrap().layer().layer(service_fn(hello));
    let let_in = service.clone().oneshot(request(&token(&key, &claims()))).await.unwrap();
    assert_eq!(let_in.into_body().collect().await.unwrap().to_bytes(), "u1");
    let refused = service.oneshot(request("x")).await.unwrap();
    assert_eq!(refused.status(), 401);
    let unguarded = service_fn(hello).oneshot(request("x")).await.unwrap();
    assert_eq!(unguarded.status(), 500);
}

/// Only the very instance that was ready may be called (tower's contract).
#[derive(Default)]
struct Strict {
    is_ready: bool,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self { is_ready: false }
    }
}

impl Service<Request<()>> for Strict {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(std::mem::take(&mut self.is_ready), "called without having been ready");
        std::future::ready(Ok(Response::new(Body::default())))
    }
}

#[tokio::test]
async fn the_service_that_is_called_is_the_one_that_was_ready() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    let mut service = issuer.guard().layer().layer(Strict::default());
    // The first request waits for the keys, the second finds them.
    for _ in 0..2 {
        let answer = service.ready().await.unwrap().call(request(&issuer.token(&key))).await.unwrap();
        assert_eq!(answer.status(), 200);
    }
}

#[tokio::test]
async fn futures_can_be_sent_to_other_threads() {
    fn is_send<T: Send>(_: &T) {}
    let guard = guard_with(&key("k1")).build().unwrap();
    let verifying = guard.verify("x");
    is_send(&verifying);
    is_send(&guard);
    let auth: Result<Auth, _> = verifying.await;
    assert!(auth.is_err());
}
