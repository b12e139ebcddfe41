//! What the shop itself refuses, in the form of the guard's refusals (RFC 9457).

use std::fmt::Display;

use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde_json::json;

#[derive(Debug)]
pub(crate) struct Refused {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Refused {
    pub(crate) fn bad_request(detail: &str) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: "invalid_request", detail: detail.to_owned() }
    }

    pub(crate) fn not_found() -> Self {
        Self { status: StatusCode::NOT_FOUND, code: "not_found", detail: "there is nothing at this address".into() }
    }

    pub(crate) fn full() -> Self {
        let detail = "the shop has no room for further orders".into();
        Self { status: StatusCode::SERVICE_UNAVAILABLE, code: "overloaded", detail }
    }

    pub(crate) fn internal(error: impl Display) -> Self {
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, code: "internal_error", detail: error.to_string() }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let Self { status, code, detail } = self;
        let problem = json!({
            "type": format!("urn:jotgate:error:{code}"), "title": detail, "status": status.as_u16(), "detail": detail, "code": code,
        });
        (status, [(header::CONTENT_TYPE, "application/problem+json")], problem.to_string()).into_response()
    }
}
