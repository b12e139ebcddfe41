//! What a proxy demands of a token beyond that it is good: `?scope=a b` (each of them), `?role=a b` (one of them).
//!
//! A parameter that stands twice has to be met twice. One that is not known is refused: a requirement that is spelt wrong
//! must not open a door.

use jotgate_wire::ErrorCode;
use url::form_urlencoded::parse;

use super::error::ApiError;
use crate::domain::scope;
use crate::tokens::check::Visitor;

/// What a token must grant.
#[derive(Debug, Default)]
pub(super) struct Requirement {
    scopes: Vec<String>,
    /// Of each list the person must have one.
    roles: Vec<Vec<String>>,
}

impl Requirement {
    /// Of the query of the proxy's own question, which no client has a hand in.
    pub(super) fn parse(query: Option<&str>) -> Result<Self, ApiError> {
        let mut requirement = Self::default();
        for (name, value) in parse(query.unwrap_or_default().as_bytes()) {
            let words: Vec<_> = value.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
            match &*name {
                "scope" | "role" if words.is_empty() => return Err(empty(&name)),
                "scope" => requirement.scopes.extend(words),
                "role" => requirement.roles.push(words),
                _ => return Err(unknown(&name)),
            }
        }
        Ok(requirement)
    }

    /// Scopes and roles compare as whole words.
    pub(super) fn is_met_by(&self, visitor: &Visitor) -> bool {
        let has_one = |wanted: &Vec<String>| wanted.iter().any(|role| visitor.roles.contains(role));
        self.scopes.iter().all(|wanted| scope::has(&visitor.scope, wanted)) && self.roles.iter().all(has_one)
    }
}

/// A variable of the proxy that is not set must not open a door either.
fn empty(name: &str) -> ApiError {
    tracing::warn!(name, "a proxy demands nothing by name: the parameter is there and says no scope or role");
    ApiError::new(ErrorCode::InvalidRequest, "a demand names no scope or role").field(name, "is empty")
}

fn unknown(name: &str) -> ApiError {
    let name: String = name.chars().take(64).collect();
    tracing::warn!(
        name,
        "a proxy demands something unknown; forward authentication takes `scope` and `role` (Caddy: end the `uri` in `?`, or \
         the client's own query is added to it)"
    );
    ApiError::new(ErrorCode::InvalidRequest, "the query takes `scope` and `role`").field(&name, "is not known")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_and_one_of_the_roles() {
        let visitor = Visitor {
            subject: "ada".into(),
            scope: "orders:read orders:write".into(),
            email: None,
            email_verified: false,
            name: None,
            roles: vec!["clerk".into(), "night shift".into()],
        };
        for (query, expected) in [
            ("", true),
            ("scope=orders:read", true),
            ("scope=orders:read%20orders:write", true),
            ("scope=orders:read+admin", false),
            ("scope=orders", false),
            ("scope=orders:read&scope=admin", false),
            ("role=admin+clerk", true),
            ("role=admin&role=clerk", false),
            ("role=Clerk", false),
            ("role=clerk&scope=orders:write", true),
        ] {
            let requirement = Requirement::parse(Some(query)).unwrap();
            assert_eq!(requirement.is_met_by(&visitor), expected, "{query}");
        }
        assert!(Requirement::parse(None).unwrap().is_met_by(&visitor));
    }

    #[test]
    fn what_is_spelt_wrong_is_refused() {
        for query in ["scopes=a", "SCOPE=a", "role=a&x=1", "a", "scope=", "scope=%20", "role=", "scope=a&scope="] {
            assert!(Requirement::parse(Some(query)).is_err(), "{query}");
        }
    }
}
