//! `GET /api/about`: what the page has to know before anything else.

use axum::Json;
use axum::extract::State;

use crate::About;

pub(crate) async fn get(State(about): State<About>) -> Json<About> {
    Json(about)
}
