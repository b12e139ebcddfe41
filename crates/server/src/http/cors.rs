//! CORS: by exact origin with credentials for the first-party API, for anyone without for published documents.

use std::time::Duration;

use axum::Router;
use http::{HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, Any, CorsLayer};

use crate::app::App;

/// How long a browser may remember a preflight answer.
const PREFLIGHT_AGE: Duration = Duration::from_mins(10);

/// Where no origin is configured there is nothing to allow, and no request pays for it.
pub(crate) fn configured(routes: Router<App>, origins: &[String]) -> Router<App> {
    if origins.is_empty() {
        return routes;
    }
    let origins = origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok());
    let cors = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers([header::AUTHORIZATION, header::CONTENT_TYPE])
        .expose_headers([HeaderName::from_static("x-request-id"), header::RETRY_AFTER, header::WWW_AUTHENTICATE])
        .max_age(PREFLIGHT_AGE);
    routes.layer(cors)
}

pub(crate) fn anyone() -> CorsLayer {
    CorsLayer::new().allow_origin(Any).allow_methods([Method::GET]).max_age(PREFLIGHT_AGE)
}
