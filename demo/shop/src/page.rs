//! The page: files that are part of the program, and the headers that keep a browser from doing with them what nobody meant.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderName, HeaderValue, header};

use crate::About;

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JS: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

macro_rules! files {
    ($($path:literal $file:literal $kind:ident)*) => {
        /// Path, content type and content of each file.
        const FILES: &[(&str, &str, &str)] = &[$(($path, $kind, include_str!(concat!("../web/", $file)))),*];
    };
}

files! {
    "/"               "index.html"     HTML
    "/style.css"      "style.css"      CSS
    "/underneath.css" "underneath.css" CSS
    "/app.js"         "app.js"         JS
    "/account.js"     "account.js"     JS
    "/cart.js"        "cart.js"        JS
    "/dom.js"         "dom.js"         JS
    "/feed.js"        "feed.js"        JS
    "/jotgate.js"     "jotgate.js"     JS
    "/underneath.js"  "underneath.js"  JS
    "/icon.svg"       "icon.svg"       SVG
}

pub(crate) fn router() -> Router {
    FILES.iter().fold(Router::new(), |router, (path, kind, content)| {
        let answer =
            move || async move { ([(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "no-cache")], *content) };
        router.route(path, get(answer))
    })
}

/// No script but the page's own files and none in the page itself, nobody's frame, and no answer kept that depends on who asks.
pub(crate) fn around(router: Router, about: &About) -> Router {
    let headers = headers(about);
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let headers = headers.clone();
        async move { with(&headers, next.run(request).await) }
    }))
}

fn with(headers: &[(HeaderName, HeaderValue)], response: Response) -> Response {
    let mut response = response.into_response();
    for (name, value) in headers {
        response.headers_mut().entry(name).or_insert_with(|| value.clone());
    }
    response
}

/// What an answer has unless it says otherwise; the auth server says otherwise for its own.
fn headers(about: &About) -> Vec<(HeaderName, HeaderValue)> {
    let ask = about.foreign_origin().map(|origin| format!(" {origin}")).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'{ask}; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    );
    let fixed = [
        ("cache-control", "no-store"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=()"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
    ];
    let fixed = fixed.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    let policy = HeaderValue::from_str(&policy).ok().map(|policy| (header::CONTENT_SECURITY_POLICY, policy));
    policy.into_iter().chain(fixed).collect()
}
