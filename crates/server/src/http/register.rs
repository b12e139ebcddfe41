//! `POST /v1/register`.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use jotgate_wire::{RegisterRequest, Transport};

use super::json::Json;
use super::{answer, cross_site, error::ApiError, input};
use crate::app::App;
use crate::config::Verification;
use crate::flows::{self, Device, Register};

pub(crate) async fn post(
    State(app): State<App>,
    headers: HeaderMap,
    device: Device,
    Json(body): Json<RegisterRequest>,
) -> Result<Response, ApiError> {
    if body.transport == Transport::Cookie {
        cross_site::check_if_browser(&headers, app.config())?;
    }
    let device = Device { client: body.client_id, ..device };
    let register = Register {
        email: input::email(&body.email)?,
        password: input::new_password("password", &body.password)?,
        name: input::name(body.name.as_deref())?,
    };
    if app.config().accounts.verification == Verification::Required {
        flows::register_unproven(&app, register, device).await?;
        return Ok(answer::verification_sent());
    }
    let opened = flows::register(&app, register, device).await?;
    Ok(answer::tokens(StatusCode::CREATED, app.config(), body.transport, opened.grant, Some(&opened.user)))
}
