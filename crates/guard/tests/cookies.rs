//! Tokens in cookies, and the requests that other sites can make a browser send.
#![expect(clippy::unwrap_used, reason = "these are tests; what cannot be set up fails them")]

mod support;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use http::{Method, Request};
use jotgate_guard::{Auth, Guard};
use jotgate_jose::SigningKey;
use support::{claims, claims_with, guard_with, key, send, token};

const SHOP: &str = "https://shop.example.com";

async fn hello(auth: Option<Auth>) -> String {
    auth.map_or("stranger".to_owned(), |auth| auth.subject().to_owned())
}

fn app(guard: &Guard) -> Router {
    let required = Router::new().route("/hello", any(hello)).layer(guard.layer());
    required.merge(Router::new().route("/perhaps", any(hello)).layer(guard.optional()))
}

fn shop(key: &SigningKey) -> Router {
    app(&guard_with(key).cookie_origin(SHOP).build().unwrap())
}

fn request(method: Method, path: &str, headers: &[(&str, &str)]) -> Request<Body> {
    let request = headers
        .iter()
        .fold(Request::builder().method(method).uri(path), |request, (name, value)| request.header(*name, *value));
    request.body(Body::empty()).unwrap()
}

/// The body of what passes, and the status and code of what does not.
async fn outcome(app: &Router, request: Request<Body>) -> String {
    let answer = send(app, request).await;
    if answer.status == 200 { answer.body } else { format!("{} {}", answer.status, answer.code()) }
}

#[tokio::test]
async fn a_cookie_counts_where_that_was_configured() {
    let key = key("k1");
    let cookie = format!("theme=dark; __Host-jg_at={}", token(&key, &claims()));
    let with_cookie = || request(Method::GET, "/hello", &[("cookie", &cookie)]);
    assert_eq!(outcome(&shop(&key), with_cookie()).await, "u1");
    assert_eq!(outcome(&app(&guard_with(&key).build().unwrap()), with_cookie()).await, "401 token_missing");
    // Over plain http it has another name, and a page of the network could set that one: an https site does not read it.
    let bare = cookie.replace("__Host-", "");
    assert_eq!(outcome(&shop(&key), request(Method::GET, "/hello", &[("cookie", &bare)])).await, "401 token_missing");
    let on_loopback = app(&guard_with(&key).cookie_origin("http://127.0.0.1:4401").build().unwrap());
    assert_eq!(outcome(&on_loopback, request(Method::GET, "/hello", &[("cookie", &bare)])).await, "u1");
    assert_eq!(outcome(&on_loopback, with_cookie()).await, "401 token_missing");
}

#[tokio::test]
async fn what_changes_something_has_to_come_from_a_page_of_ours() {
    let key = key("k1");
    let (app, cookie) = (shop(&key), format!("__Host-jg_at={}", token(&key, &claims())));
    for (says, passes) in [
        (&[("origin", SHOP)][..], true),
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("origin", SHOP), ("sec-fetch-site", "same-origin")], true),
        (&[], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")], false),
        (&[("origin", "https://evil.example"), ("sec-fetch-site", "same-origin")], false),
        (&[("origin", "null")], false),
    ] {
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::from_bytes(b"BUY").unwrap()] {
            for path in ["/hello", "/perhaps"] {
                let headers = [says, &[("cookie", cookie.as_str())]].concat();
                let expected = if passes { "u1" } else { "403 cross_site_request" };
                assert_eq!(outcome(&app, request(method.clone(), path, &headers)).await, expected, "{method} {says:?}");
            }
        }
        // What changes nothing is answered, and the browser keeps the answer from the other site.
        let headers = [says, &[("cookie", cookie.as_str())]].concat();
        assert_eq!(outcome(&app, request(Method::GET, "/hello", &headers)).await, "u1", "{says:?}");
        // Except that nothing keeps it when it is a WebSocket.
        let headers = [says, &[("cookie", cookie.as_str()), ("upgrade", "websocket")]].concat();
        let expected = if passes { "u1" } else { "403 cross_site_request" };
        assert_eq!(outcome(&app, request(Method::GET, "/hello", &headers)).await, expected, "{says:?}");
    }
}

/// Another site cannot make a browser send a token in this header, so it is asked for no origin; the cookie does not matter then.
#[tokio::test]
async fn the_header_wins_over_the_cookie() {
    let key = key("k1");
    let (app, cookie) = (shop(&key), format!("__Host-jg_at={}", token(&key, &claims())));
    let bearer = format!("Bearer {}", token(&key, &claims_with(&serde_json::json!({"sub": "u2"}))));
    let both = [("authorization", bearer.as_str()), ("cookie", cookie.as_str()), ("origin", "https://evil.example")];
    assert_eq!(outcome(&app, request(Method::POST, "/hello", &both)).await, "u2");
    let bad = [("authorization", "Bearer x"), ("cookie", cookie.as_str()), ("origin", SHOP)];
    assert_eq!(outcome(&app, request(Method::POST, "/hello", &bad)).await, "401 token_malformed");
    // Another scheme is somebody else's: a proxy in front may ask for one of its own.
    let basic = [("authorization", "Basic dTpw"), ("cookie", cookie.as_str())];
    assert_eq!(outcome(&app, request(Method::GET, "/hello", &basic)).await, "u1");
}

#[tokio::test]
async fn two_cookies_are_refused_and_a_bad_one_is_not_taken_for_none() {
    let key = key("k1");
    let (app, good) = (shop(&key), format!("__Host-jg_at={}", token(&key, &claims())));
    for (cookie, expected) in [
        (format!("{good}; __Host-jg_at=planted"), "400 invalid_request"),
        (format!("__Host-jg_at=planted; {good}"), "400 invalid_request"),
        (format!("{good}; {good}"), "400 invalid_request"),
        ("__Host-jg_at=planted".to_owned(), "401 token_malformed"),
        (format!("__host-jg_at=planted; {good}"), "u1"),
        ("__Host-jg_at=".to_owned(), "stranger"),
        (String::new(), "stranger"),
    ] {
        assert_eq!(outcome(&app, request(Method::GET, "/perhaps", &[("cookie", &cookie)])).await, expected, "{cookie}");
    }
}

#[tokio::test]
async fn an_origin_has_to_be_one() {
    let key = key("k1");
    for origin in ["https://shop.example.com/", "http://shop.example.com", "*"] {
        let said = guard_with(&key).cookie_origin(origin).build().unwrap_err().to_string();
        assert!(said.contains(origin) && said.contains("cookies"), "{said}");
    }
}
