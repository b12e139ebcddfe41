//! Problem details (RFC 9457): the body of every refusal.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{ErrorCode, VerificationCode};

/// The media type of a [`Problem`].
pub const PROBLEM_JSON: &str = "application/problem+json";

/// What was wrong, for programs (`code`) and for people (`title`, `detail`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// `urn:jotgate:error:<code>`.
    #[serde(rename = "type")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub kind: Cow<'static, str>,
    /// The short text of the code's row.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub title: Cow<'static, str>,
    /// The HTTP status again.
    pub status: u16,
    /// What was wrong with this request in particular. Never what an outsider should not learn.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub detail: Cow<'static, str>,
    /// The stable code.
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub code: Cow<'static, str>,
    /// Names this request in the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// What is wrong with each input field, where it is a matter of fields.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub fields: BTreeMap<String, String>,
}

impl Problem {
    /// A problem with the texts of its code, whose title also serves as detail.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Self::of_row(code.as_str(), code.status(), code.title())
    }

    /// What a protected API says of a refused token: the code and no more.
    #[must_use]
    pub fn verification(code: VerificationCode) -> Self {
        Self::of_row(code.as_str(), code.status(), code.title())
    }

    fn of_row(code: &'static str, status: u16, title: &'static str) -> Self {
        Self {
            kind: format!("urn:jotgate:error:{code}").into(),
            title: title.into(),
            status,
            detail: title.into(),
            code: code.into(),
            request_id: None,
            fields: BTreeMap::new(),
        }
    }

    /// Says what was wrong with this request in particular.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = detail.into();
        self
    }

    /// Names the request.
    #[must_use]
    pub fn with_request_id(mut self, request_id: impl Into<String>) -> Self {
        self.request_id = Some(request_id.into());
        self
    }

    /// Adds what is wrong with one input field.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>, what: impl Into<String>) -> Self {
        self.fields.insert(field.into(), what.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_has_the_members_of_the_contract() {
        let problem = Problem::new(ErrorCode::WeakPassword).with_request_id("r1").with_field("password", "too short");
        let expected = json!({
            "type": "urn:jotgate:error:weak_password",
            "title": "the password is too weak",
            "status": 422,
            "detail": "the password is too weak",
            "code": "weak_password",
            "request_id": "r1",
            "fields": {"password": "too short"},
        });
        assert_eq!(serde_json::to_value(&problem).unwrap(), expected);
        assert_eq!(serde_json::from_value::<Problem>(expected).unwrap(), problem);
    }

    #[test]
    fn members_that_do_not_apply_are_left_out() {
        let problem = serde_json::to_value(Problem::verification(VerificationCode::TokenExpired)).unwrap();
        let members: Vec<_> = problem.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(members, ["code", "detail", "status", "title", "type"]);
    }
}
