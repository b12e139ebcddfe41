//! `GET /.well-known/oauth-authorization-server` (RFC 8414) and `/.well-known/openid-configuration`: the same facts.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use jotgate_wire::IssuerMetadata;

use super::jwks::max_age;
use crate::app::App;

pub(crate) async fn get(State(app): State<App>) -> Response {
    let issuer = &app.config().issuer;
    let keyring = app.keyring();
    let metadata = IssuerMetadata {
        issuer: issuer.clone(),
        jwks_uri: format!("{issuer}/.well-known/jwks.json"),
        revocation_feed_uri: Some(format!("{issuer}/v1/revocations")),
        response_types_supported: Vec::new(),
        grant_types_supported: Vec::new(),
        subject_types_supported: vec!["public".into()],
        id_token_signing_alg_values_supported: keyring.algorithms().map(|algorithm| algorithm.name().into()).collect(),
    };
    let cache = [(header::CACHE_CONTROL, max_age(&app))];
    (cache, Json(metadata)).into_response()
}
