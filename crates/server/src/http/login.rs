//! `POST /v1/login`.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use jotgate_wire::{LoginRequest, Transport};

use super::json::Json;
use super::{answer, cross_site, error::ApiError, input};
use crate::app::App;
use crate::flows::{self, Device, LogIn};

pub(crate) async fn post(
    State(app): State<App>,
    headers: HeaderMap,
    device: Device,
    Json(body): Json<LoginRequest>,
) -> Result<Response, ApiError> {
    if body.transport == Transport::Cookie {
        cross_site::check_if_browser(&headers, app.config())?;
    }
    let device = Device { name: input::device(body.device.as_deref())?, client: body.client_id, ..device };
    let login = LogIn { email: input::known_email(&body.email), password: input::known_password(&body.password) };
    let opened = flows::login(&app, login, device).await?;
    Ok(answer::tokens(StatusCode::OK, app.config(), body.transport, opened.grant, Some(&opened.user)))
}
