//! `GET /authz/auth-request`: for `auth_request` of nginx.
//!
//! nginx knows 2xx, 401 and 403, and makes 500 of everything else. A refused token or request is therefore 401 or 403 here;
//! what remains are faults of the configuration or of this server, and 500 is right for those. A redirect would be none, so
//! the log-in page stands in the `Location` of the 401, for nginx to send a person there.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::header;

use super::authz;
use super::error::ApiError;
use super::original::Original;
use super::requirement::Requirement;
use crate::app::App;

pub(crate) async fn get(State(app): State<App>, request: Request) -> Result<Response, ApiError> {
    let (parts, _) = request.into_parts();
    authz::only_proxies(&parts, &app)?;
    let requirement = Requirement::parse(parts.uri.query())?;
    let original = Original::of_subrequest(&parts)?;
    let refused = match authz::verify(&app, &original, &requirement) {
        Ok(granted) => return Ok(granted),
        Err(refused) => refused.challenged(),
    };
    let page = authz::login_page(&app, &original, &refused);
    Ok((page.map(|page| [(header::LOCATION, page)]), refused).into_response())
}
