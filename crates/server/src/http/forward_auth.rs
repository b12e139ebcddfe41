//! `GET /authz/forward-auth`: for Traefik and Caddy, and with the original path after it for Envoy.
//!
//! These proxies hand every answer but 2xx to the client, so a refusal is what a protected API would say, and a person is
//! sent to the log-in page.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};

use super::authz;
use super::error::ApiError;
use super::original::Original;
use super::requirement::Requirement;
use crate::app::App;

const PATH: &str = "/authz/forward-auth";

pub(crate) async fn get(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    authz::only_proxies(&parts, &app)?;
    let requirement = Requirement::parse(parts.uri.query())?;
    Ok(answer(&app, &Original::forwarded(&parts)?, &requirement))
}

/// Envoy's way: the query is the client's own, so nothing can be required in it.
pub(crate) async fn prefixed(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    authz::only_proxies(&parts, &app)?;
    Ok(answer(&app, &Original::prefixed(&parts, PATH)?, &Requirement::default()))
}

fn answer(app: &App, original: &Original<'_>, requirement: &Requirement) -> Response {
    match authz::verify(app, original, requirement) {
        Ok(granted) => granted,
        Err(refused) => match authz::login_page(app, original, &refused) {
            Some(page) => (StatusCode::FOUND, [(header::LOCATION, page)]).into_response(),
            None => refused.into_response(),
        },
    }
}
