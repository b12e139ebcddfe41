//! `GET /api/token`: what the guard has read from the caller's access token, to show it. With cookies the page cannot see it itself.

use axum::Json;
use jotgate_guard::Auth;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::refused::Refused;

/// Header and claims as they stand in the token.
#[derive(Debug, Serialize)]
pub(crate) struct Token {
    header: Box<RawValue>,
    claims: Box<RawValue>,
}

pub(crate) async fn get(auth: Auth) -> Result<Json<Token>, Refused> {
    let header = serde_json::from_str(auth.header_json()).map_err(Refused::internal)?;
    let claims = auth.claims().map_err(Refused::internal)?;
    Ok(Json(Token { header, claims }))
}
