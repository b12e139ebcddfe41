//! `GET /v1/admin/roles`.

use axum::Json;
use axum::extract::State;
use jotgate_wire::{RoleBody, RoleList};

use super::Administrator;
use crate::app::App;

pub(crate) async fn get(State(app): State<App>, _: Administrator) -> Json<RoleList> {
    let roles = app.config().roles.iter().map(|(name, role)| RoleBody {
        name: name.clone(),
        scopes: role.scopes.clone(),
        everyone: role.everyone,
    });
    Json(RoleList { roles: roles.collect() })
}
