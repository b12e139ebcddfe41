//! The shapes of bodies, as `jotgate_wire` has them.

use std::collections::BTreeMap;

use jotgate_wire::{
    AcceptedBody, AccountBody, AccountPage, AuditPage, CookieResponse, CreateAccountRequest, EmailChangeRequest,
    EmailRequest, EmailVerifyRequest, EndedBody, LoginRequest, LogoutRequest, PasswordChangeRequest,
    PasswordResetRequest, Problem, RefreshRequest, RegisterRequest, RoleList, SessionList, TokenResponse,
    UpdateAccountRequest, UpdateMeRequest, UserBody,
};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// Every shape, by its name, with those that it is made of.
pub(super) fn all() -> BTreeMap<String, Value> {
    let mut shapes = Shapes(BTreeMap::new());
    shapes.add::<RegisterRequest>();
    shapes.add::<LoginRequest>();
    shapes.add::<RefreshRequest>();
    shapes.add::<LogoutRequest>();
    shapes.add::<TokenResponse>();
    shapes.add::<CookieResponse>();
    shapes.add::<UserBody>();
    shapes.add::<UpdateMeRequest>();
    shapes.add::<SessionList>();
    shapes.add::<PasswordChangeRequest>();
    shapes.add::<EmailRequest>();
    shapes.add::<PasswordResetRequest>();
    shapes.add::<EmailVerifyRequest>();
    shapes.add::<EmailChangeRequest>();
    shapes.add::<AcceptedBody>();
    shapes.add::<AccountPage>();
    shapes.add::<AccountBody>();
    shapes.add::<CreateAccountRequest>();
    shapes.add::<UpdateAccountRequest>();
    shapes.add::<EndedBody>();
    shapes.add::<RoleList>();
    shapes.add::<AuditPage>();
    shapes.add::<Problem>();
    // What it is depends on the transport that was asked for.
    let tokens = json!({"anyOf": [reference("TokenResponse"), reference("CookieResponse")]});
    shapes.0.insert("Tokens".to_owned(), tokens);
    shapes.0
}

/// A shape by its name.
pub(super) fn reference(shape: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{shape}")})
}

struct Shapes(BTreeMap<String, Value>);

impl Shapes {
    fn add<T: ToSchema>(&mut self) {
        let mut parts = Vec::new();
        T::schemas(&mut parts);
        parts.push((T::name().into_owned(), T::schema()));
        self.0.extend(parts.into_iter().map(|(name, schema)| (name, json!(schema))));
    }
}
