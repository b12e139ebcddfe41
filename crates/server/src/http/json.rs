//! JSON request bodies, read strictly: the right content type, bounded, UTF-8, no unknown and no doubled members.
//!
//! A refusal never repeats a value: it may be a password.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, OptionalFromRequest, Request};
use http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use jotgate_wire::ErrorCode;
use serde::de::DeserializeOwned;

use super::error::ApiError;

/// Longest request body, in bytes. The longest honest one has a password of 256 characters and a name of 200.
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024;

/// A request body of that type.
#[derive(Debug)]
pub(crate) struct Json<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let (parts, body) = request.into_parts();
        require_json(&parts.headers)?;
        parse(&read(body).await?).map(Self)
    }
}

/// A body that may be left out altogether.
impl<T: DeserializeOwned, S: Sync> OptionalFromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Option<Self>, ApiError> {
        let (parts, body) = request.into_parts();
        let bytes = read(body).await?;
        if bytes.is_empty() {
            return Ok(None);
        }
        require_json(&parts.headers)?;
        parse(&bytes).map(Self).map(Some)
    }
}

/// Only `application/json`: the content types that a form can send cross-site are refused.
fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(ApiError::new(ErrorCode::UnsupportedMediaType, "send the body as `Content-Type: application/json`"))
}

pub(super) async fn read(body: Body) -> Result<Bytes, ApiError> {
    match Limited::new(body, MAX_BODY_BYTES).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.downcast_ref::<LengthLimitError>().is_some() => {
            Err(ApiError::new(ErrorCode::RequestTooLarge, format!("the body may have {MAX_BODY_BYTES} bytes at most")))
        }
        Err(_) => Err(ApiError::new(ErrorCode::InvalidRequest, "the body ended early")),
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| ApiError::new(ErrorCode::InvalidJson, "the body is not UTF-8"))?;
    // Serde takes an array for a struct, member by member; nobody means that.
    if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        return Err(not_an_object());
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(&mut deserializer).map_err(|error| refusal::<T>(&error, text))?;
    deserializer.end().map_err(|error| refusal::<T>(&error, text))?;
    Ok(value)
}

/// Names the field where serde does, and says what is wrong in words of our own.
fn refusal<T: DeserializeOwned>(error: &serde_json::Error, text: &str) -> ApiError {
    let said = error.to_string();
    let quoted = || said.split('`').nth(1).unwrap_or_default().chars().take(64).collect::<String>();
    if said.starts_with("unknown field") {
        let (name, known) = (quoted(), expected(&said));
        return ApiError::new(
            ErrorCode::UnknownField,
            format!("`{name}` is not known here; this request takes {known}"),
        )
        .field(&name, "is not known");
    }
    if said.starts_with("missing field") {
        let name = quoted();
        return ApiError::new(ErrorCode::MissingField, format!("`{name}` is missing")).field(&name, "is missing");
    }
    if said.starts_with("duplicate field") {
        let name = quoted();
        return ApiError::new(ErrorCode::InvalidJson, format!("`{name}` stands twice")).field(&name, "stands twice");
    }
    if said.starts_with("unknown variant") {
        let detail = format!("`transport` must be {}", expected(&said));
        return ApiError::new(ErrorCode::InvalidField, detail.clone()).field("transport", detail);
    }
    if error.is_data() {
        return wrong_type::<T>(text);
    }
    ApiError::new(
        ErrorCode::InvalidJson,
        format!("the body is not valid JSON (line {}, column {})", error.line(), error.column()),
    )
}

/// What serde would have taken: the names of our own members or values, which stand last.
fn expected(said: &str) -> &str {
    let list = said.rsplit_once(", expected ").map_or(said, |(_, list)| list);
    let list = list.split(" at line ").next().unwrap_or_default();
    list.strip_prefix("one of ").unwrap_or(list)
}

/// Serde does not say which member it was: the one that is wrong also when it is alone.
fn wrong_type<T: DeserializeOwned>(text: &str) -> ApiError {
    let Ok(serde_json::Value::Object(members)) = serde_json::from_str(text) else { return not_an_object() };
    let error = ApiError::new(ErrorCode::InvalidField, "a member has the wrong type or value");
    let wrong = members.into_iter().find_map(|(name, value)| {
        let alone = serde_json::Value::Object([(name.clone(), value)].into_iter().collect());
        let said = serde_json::from_value::<T>(alone).err()?.to_string();
        said.starts_with("invalid").then(|| (name, kind(expected(&said))))
    });
    match wrong {
        Some((name, kind)) => error.field(&name, format!("must be {kind}")),
        None => error,
    }
}

/// In the words of JSON.
fn kind(expected: &str) -> &'static str {
    match expected {
        "a string" => "a text",
        "a map" => "an object",
        "a sequence" => "an array",
        "a boolean" => "true or false",
        _ => "of another type",
    }
}

fn not_an_object() -> ApiError {
    ApiError::new(ErrorCode::InvalidJson, "the body must be a JSON object")
}
