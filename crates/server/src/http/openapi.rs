//! `GET /openapi.json`: what this server takes and answers, in the words of OpenAPI 3.1.
//!
//! The calls are the table in `operations.rs`, which a test holds against the router; the shapes are those of `jotgate_wire`;
//! the refusals are made of its table of codes, so that status and code agree with what is answered.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use jotgate_wire::{ErrorCode, PROBLEM_JSON, TokenCookie, VerificationCode};
use serde_json::{Map, Value, json};

use crate::app::App;

mod operation;
mod operations;
mod shapes;
#[cfg(test)]
mod tests;

use operation::{Access, Answer, Content, Kind, Operation, Parameter};
use operations::OPERATIONS;

/// What any request with a body may be refused for.
const OF_A_BODY: &[ErrorCode] = &[
    ErrorCode::InvalidRequest,
    ErrorCode::InvalidJson,
    ErrorCode::UnknownField,
    ErrorCode::MissingField,
    ErrorCode::InvalidField,
    ErrorCode::RequestTooLarge,
    ErrorCode::UnsupportedMediaType,
];
/// What any request that may be proven by a token is refused for: two headers, and a cookie that another site has sent.
const OF_A_TOKEN: &[ErrorCode] = &[ErrorCode::InvalidRequest, ErrorCode::CrossSiteRequest];
/// What any request may be refused for.
const OF_ALL: &[ErrorCode] = &[
    ErrorCode::RequestTimeout,
    ErrorCode::HeadersTooLarge,
    ErrorCode::InternalError,
    ErrorCode::Overloaded,
    ErrorCode::StoreUnavailable,
];

pub(crate) async fn get(State(app): State<App>) -> Response {
    let fields = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "public, max-age=300")];
    (fields, document(&app.config().issuer).to_string()).into_response()
}

/// The description of a server with this issuer.
#[must_use]
pub fn document(issuer: &str) -> Value {
    let over_https = issuer.starts_with("https://");
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Jotgate",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Log in, refresh, log out, and tell verifiers what has ended. Every refusal has a stable `code`.",
            "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
        },
        "servers": [{"url": issuer}],
        "paths": paths(),
        "components": {
            "schemas": shapes::all(),
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": TokenCookie::Access.name(over_https)},
                "refreshCookie": {"type": "apiKey", "in": "cookie", "name": TokenCookie::Refresh.name(over_https)},
            },
        },
    })
}

fn paths() -> Value {
    let mut paths: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for operation in OPERATIONS {
        paths.entry(operation.path).or_default().insert(operation.method.to_owned(), described(operation));
    }
    json!(paths)
}

fn described(operation: &Operation) -> Value {
    let mut described = json!({
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "responses": responses(operation),
    });
    if !operation.parameters.is_empty() {
        described["parameters"] = operation.parameters.iter().map(parameter).collect();
    }
    if let Some(body) = operation.body {
        let content = json!({"application/json": {"schema": shapes::reference(body.shape)}});
        described["requestBody"] = json!({"required": body.required, "content": content});
    }
    let ways = operation.access.ways();
    if !ways.is_empty() {
        described["security"] = ways.iter().map(|way| way.map_or(json!({}), |name| json!({name: []}))).collect();
    }
    described
}

fn parameter(parameter: &Parameter) -> Value {
    let schema = match parameter.kind {
        Kind::Text => json!({"type": "string"}),
        Kind::Id => json!({"type": "string", "format": "uuid"}),
        Kind::Time => json!({"type": "string", "format": "date-time"}),
        Kind::Number { least, most } => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::OneOf(values) => json!({"type": "string", "enum": values}),
    };
    let (place, required) = if parameter.in_path { ("path", true) } else { ("query", false) };
    json!({"name": parameter.name, "in": place, "required": required, "description": parameter.meaning, "schema": schema})
}

fn responses(operation: &Operation) -> Value {
    let mut responses: BTreeMap<String, Value> = BTreeMap::new();
    for answer in operation.answers {
        responses.insert(answer.status.to_string(), answered(answer));
    }
    for (status, codes) in refusals(operation) {
        responses.insert(status.to_string(), refused(status, &codes));
    }
    json!(responses)
}

fn answered(answer: &Answer) -> Value {
    let mut response = json!({"description": answer.meaning});
    let (media_type, said) = match answer.content {
        Content::Nothing => return response,
        Content::Json(shape) => ("application/json", json!({"schema": shapes::reference(shape)})),
        Content::Object(media_type) => (media_type, json!({"schema": {"type": "object"}})),
        // What is not JSON has no schema.
        Content::Text(media_type) => (media_type, json!({})),
    };
    response["content"] = json!({media_type: said});
    response
}

/// Code and title of each refusal, by status.
fn refusals(operation: &Operation) -> BTreeMap<u16, BTreeMap<&'static str, &'static str>> {
    let mut refusals: BTreeMap<u16, BTreeMap<_, _>> = BTreeMap::new();
    let with_body = if operation.body.is_some() { OF_A_BODY } else { &[] };
    let with_token = if operation.access == Access::Anyone { &[] } else { OF_A_TOKEN };
    let as_administrator: &[_] =
        if operation.access == Access::Administrator { &[ErrorCode::InsufficientScope] } else { &[] };
    for code in [operation.refusals, with_body, with_token, as_administrator, OF_ALL].concat() {
        refusals.entry(code.status()).or_default().insert(code.as_str(), code.title());
    }
    for code in VerificationCode::ALL.iter().filter(|code| operation.access.may_refuse(**code)) {
        refusals.entry(code.status()).or_default().insert(code.as_str(), code.title());
    }
    refusals
}

fn refused(status: u16, codes: &BTreeMap<&str, &str>) -> Value {
    let lines: Vec<String> = codes.iter().map(|(code, title)| format!("`{code}`: {title}")).collect();
    let mut response = json!({
        "description": lines.join("; "),
        "content": {PROBLEM_JSON: {"schema": shapes::reference("Problem")}},
    });
    let named = match status {
        401 => ("WWW-Authenticate", "string", "RFC 6750 §3, where a token is what is missing."),
        429 | 503 => ("Retry-After", "integer", "Seconds after which another try is worth it."),
        _ => return response,
    };
    let (name, kind, meaning) = named;
    response["headers"] = json!({name: {"description": meaning, "schema": {"type": kind}}});
    response
}
