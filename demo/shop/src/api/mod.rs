//! The shop's API. Products are for everybody; the rest is behind the guard.

pub(crate) mod about;
mod orders;
mod products;
mod token;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use jotgate_guard::Guard;

use crate::refused::Refused;
use orders::Orders;

/// Longest request body, in bytes.
const MAX_BODY_BYTES: usize = 8 * 1024;

pub(crate) fn router(guard: &Guard) -> Router {
    let members = Router::new()
        .route("/token", get(token::get))
        .route("/orders", get(orders::get).post(orders::post).delete(orders::delete))
        .with_state(Orders::default())
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(guard.layer());
    Router::new().route("/products", get(products::get)).merge(members).fallback(async || Refused::not_found())
}
