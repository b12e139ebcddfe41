//! Accounts: registering, what an account shows of itself, changing it.

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::{SecretText, Transport};

/// `POST /v1/register`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RegisterRequest {
    /// As the person writes it; how it is compared is the server's rule.
    pub email: String,
    /// The password wanted.
    pub password: SecretText,
    /// A name to be called by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// How the tokens are to be given; [`Transport::Bearer`] when left out.
    #[serde(default)]
    pub transport: Transport,
    /// The client that registers, if it is not the server's usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// `PATCH /v1/me`: members that are left out stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateMeRequest {
    /// `Some(None)`, written `null`, removes the name.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub name: Option<Option<String>>,
    /// What the person keeps with the account: merged into what is there (RFC 7396); `null` empties it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub user_metadata: Option<Option<Map<String, Value>>>,
}

/// `POST /v1/password/change`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordChangeRequest {
    /// The password as it is.
    pub current_password: SecretText,
    /// The password wanted.
    pub new_password: SecretText,
}

/// `POST /v1/password/forgot` and `POST /v1/email/resend`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EmailRequest {
    /// As the person writes it.
    pub email: String,
}

/// `POST /v1/password/reset`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PasswordResetRequest {
    /// The token of the link in the mail.
    pub token: SecretText,
    /// The password wanted.
    pub new_password: SecretText,
}

/// `POST /v1/email/verify`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EmailVerifyRequest {
    /// The token of the link in the mail.
    pub token: SecretText,
}

/// `POST /v1/email/change`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct EmailChangeRequest {
    /// The address wanted.
    pub email: String,
    /// The password of the account.
    pub current_password: SecretText,
}

/// The answer 202: what is asked for happens when the link in a mail is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AcceptedBody {
    /// `verification_sent`.
    pub status: String,
}

/// An account as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserBody {
    /// `UUIDv7`.
    pub id: String,
    /// As the person wrote it.
    pub email: String,
    /// Whether the address has been shown to be theirs.
    pub email_verified: bool,
    /// A name to be called by.
    #[serde(default)]
    pub name: Option<String>,
    /// Roles that an administrator gave.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What the person keeps with the account.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub user_metadata: Map<String, Value>,
    /// RFC 3339, in UTC.
    pub created_at: String,
}

/// Tells a member that is `null` from one that is left out.
#[expect(clippy::option_option, reason = "left out and null are two different wishes (RFC 7396)")]
pub(crate) fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_with_an_unknown_member_is_refused_by_name() {
        let body = r#"{"email": "a@example.com", "password": "p", "role": "admin"}"#;
        let error = serde_json::from_str::<RegisterRequest>(body).unwrap_err().to_string();
        assert!(error.starts_with("unknown field `role`"), "{error}");
    }

    #[test]
    fn a_request_does_not_print_its_password() {
        let body = r#"{"email": "a@example.com", "password": "correct horse", "transport": "cookie"}"#;
        let request: RegisterRequest = serde_json::from_str(body).unwrap();
        assert_eq!(request.transport, Transport::Cookie);
        assert!(!format!("{request:?}").contains("horse"));
    }

    #[test]
    fn null_removes_and_nothing_leaves_alone() {
        let parse = |body| serde_json::from_str::<UpdateMeRequest>(body).unwrap().name;
        assert_eq!(parse("{}"), None);
        assert_eq!(parse(r#"{"name": null}"#), Some(None));
        assert_eq!(parse(r#"{"name": "Ada"}"#), Some(Some("Ada".to_owned())));
    }
}
