//! Sessions: logging in, refreshing, logging out, and what a session shows of itself.

use serde::{Deserialize, Serialize};

use crate::{SecretText, UserBody};

/// How every refresh token of ours begins, and no signed token can.
pub const REFRESH_TOKEN_PREFIX: &str = "jgr_";

/// How a client gets its tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// In the body, to be sent as `Authorization: Bearer …`.
    #[default]
    Bearer,
    /// As `HttpOnly` cookies, for browsers.
    Cookie,
}

/// `POST /v1/login`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// As the person writes it.
    pub email: String,
    /// As the person writes it.
    pub password: SecretText,
    /// How the tokens are to be given; [`Transport::Bearer`] when left out.
    #[serde(default)]
    pub transport: Transport,
    /// What the person calls this device, shown in the list of sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The client that logs in, if it is not the server's usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
}

/// `POST /v1/refresh`. With the cookie transport the body is empty or has no token.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RefreshRequest {
    /// The refresh token, where it does not come as a cookie.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<SecretText>,
}

/// `POST /v1/logout`. With an access token, or with a cookie, the body is empty or has no token.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LogoutRequest {
    /// The refresh token, where neither an access token nor a cookie is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<SecretText>,
}

/// Which sessions a log-out ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum LogoutScope {
    /// This session.
    #[default]
    Local,
    /// All sessions of the person but this one.
    Others,
    /// All sessions of the person.
    Global,
}

/// The query of `POST /v1/logout`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct LogoutQuery {
    /// [`LogoutScope::Local`] when left out.
    #[serde(default)]
    pub scope: LogoutScope,
}

/// Tokens in the bearer transport.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TokenResponse {
    /// Always `Bearer` (RFC 6749 §5.1).
    pub token_type: String,
    /// A signed JWT.
    pub access_token: SecretText,
    /// Seconds for which the access token is good.
    pub expires_in: i64,
    /// Opaque, good for one refresh.
    pub refresh_token: SecretText,
    /// Seconds for which the refresh token is good.
    pub refresh_expires_in: i64,
    /// `UUIDv7`.
    pub session_id: String,
    /// How often the session has been refreshed; it tells apart what a client had before and has now.
    pub generation: u64,
    /// Who logged in; left out in the answer to a refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserBody>,
}

/// The body in the cookie transport; the tokens are cookies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CookieResponse {
    /// Seconds for which the access token is good.
    pub expires_in: i64,
    /// Seconds for which the refresh token is good.
    pub refresh_expires_in: i64,
    /// `UUIDv7`.
    pub session_id: String,
    /// How often the session has been refreshed; it tells apart what a client had before and has now.
    pub generation: u64,
    /// Who logged in; left out in the answer to a refresh.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserBody>,
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionBody {
    /// `UUIDv7`.
    pub id: String,
    /// What the person called the device, or what it called itself.
    #[serde(default)]
    pub device: Option<String>,
    /// The network address of the log-in.
    #[serde(default)]
    pub address: Option<String>,
    /// RFC 3339, in UTC.
    pub created_at: String,
    /// The last log-in or refresh; RFC 3339, in UTC.
    pub last_used_at: String,
    /// Whether it is the session that asks.
    pub current: bool,
}

/// `GET /v1/sessions`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SessionList {
    /// Live sessions, the last used first.
    pub sessions: Vec<SessionBody>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tokens_have_the_members_of_the_contract_and_do_not_print() {
        let body = json!({
            "token_type": "Bearer", "access_token": "eyJ0", "expires_in": 600,
            "refresh_token": "jgr_0", "refresh_expires_in": 2_592_000, "session_id": "0198", "generation": 3,
        });
        let response: TokenResponse = serde_json::from_value(body.clone()).unwrap();
        assert_eq!(serde_json::to_value(&response).unwrap(), body);
        let printed = format!("{response:?}");
        assert!(!printed.contains("eyJ0") && !printed.contains("jgr_0"), "{printed}");
    }

    #[test]
    fn scopes_of_a_log_out_are_written_small() {
        for (text, scope) in
            [("local", LogoutScope::Local), ("others", LogoutScope::Others), ("global", LogoutScope::Global)]
        {
            assert_eq!(serde_json::from_value::<LogoutScope>(json!(text)).unwrap(), scope);
        }
    }

    #[test]
    fn an_empty_object_is_a_refresh_by_cookie() {
        assert!(serde_json::from_str::<RefreshRequest>("{}").unwrap().refresh_token.is_none());
        assert!(serde_json::from_str::<RefreshRequest>(r#"{"token": "x"}"#).is_err());
    }
}
