//! Administration: accounts as administrators see and change them, and the audit trail. Lists go on where `next` says: sent back
//! as `cursor`, with the same filters.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::SecretText;
use crate::account::given;

/// An account as administrators see it: nothing of its password but whether there is one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountBody {
    /// `UUIDv7`.
    pub id: String,
    /// As the person wrote it.
    pub email: String,
    /// Whether the address has been shown to be theirs.
    pub email_verified: bool,
    /// A name to be called by.
    pub name: Option<String>,
    /// Roles that an administrator gave.
    pub roles: Vec<String>,
    /// What administrators keep with the account.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub app_metadata: Map<String, Value>,
    /// What the person keeps with it.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub user_metadata: Map<String, Value>,
    /// Whether the person can log in with a password.
    pub has_password: bool,
    /// Since when it is closed: RFC 3339, in UTC.
    pub disabled_at: Option<String>,
    /// RFC 3339, in UTC.
    pub created_at: String,
    /// RFC 3339, in UTC.
    pub updated_at: String,
}

/// `GET /v1/admin/users`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AccountsQuery {
    /// How the address begins; all accounts when left out.
    pub email: Option<String>,
    /// Accounts at once, 1 to 200; 50 when left out.
    pub limit: Option<u32>,
    /// Where to go on.
    pub cursor: Option<String>,
}

/// `GET /v1/admin/users`: the oldest account first, or with `email` in the order of the addresses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AccountPage {
    /// The accounts.
    pub users: Vec<AccountBody>,
    /// The cursor of the next page; nothing after the last one.
    pub next: Option<String>,
}

/// `POST /v1/admin/users`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct CreateAccountRequest {
    /// The address, which is also the name at log-in.
    pub email: String,
    /// The password; left out for a person who has to set one first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretText>,
    /// A name to be called by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whether the address counts as shown to be theirs.
    #[serde(default)]
    pub email_verified: bool,
    /// Roles.
    #[serde(default)]
    pub roles: Vec<String>,
    /// What administrators keep with the account.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub app_metadata: Map<String, Value>,
    /// What the person keeps with it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub user_metadata: Map<String, Value>,
}

/// `PATCH /v1/admin/users/{id}`: members that are left out stay as they are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct UpdateAccountRequest {
    /// `Some(None)`, written `null`, removes the name.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<String>))]
    pub name: Option<Option<String>>,
    /// All roles, in place of those that there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub roles: Option<Vec<String>>,
    /// Whether the address counts as shown to be theirs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// Merged into what is there (RFC 7396); `null` empties it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub app_metadata: Option<Option<Map<String, Value>>>,
    /// Merged into what is there (RFC 7396); `null` empties it.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[cfg_attr(feature = "openapi", schema(value_type = Option<Object>))]
    pub user_metadata: Option<Option<Map<String, Value>>>,
}

/// How many sessions were ended by what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct EndedBody {
    /// How many.
    pub sessions_ended: usize,
}

/// `GET /v1/admin/roles`: the roles of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleList {
    /// The roles, by name.
    pub roles: Vec<RoleBody>,
}

/// A role of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RoleBody {
    /// Its name.
    pub name: String,
    /// The scopes that it grants.
    pub scopes: Vec<String>,
    /// Whether everyone has them, and nobody has to be given the role.
    pub everyone: bool,
}

/// `GET /v1/admin/audit`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default, deny_unknown_fields)]
pub struct AuditQuery {
    /// Only what is about this account, by its id.
    pub user: Option<String>,
    /// Only this event.
    pub event: Option<String>,
    /// Only what they did: `anonymous`, `user`, `administrator`, `command_line`, `system`, or an account by its id.
    pub actor: Option<String>,
    /// Only what happened at this time (RFC 3339) or later.
    pub since: Option<String>,
    /// Lines at once, 1 to 200; 50 when left out.
    pub limit: Option<u32>,
    /// Where to go on.
    pub cursor: Option<String>,
}

/// `GET /v1/admin/audit`: the newest line first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    /// The lines.
    pub lines: Vec<AuditLine>,
    /// The cursor of the next page; nothing after the last one.
    pub next: Option<String>,
}

/// A line of the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditLine {
    /// `UUIDv7`.
    pub id: String,
    /// When: RFC 3339, in UTC.
    pub at: String,
    /// What, by its stable name.
    pub event: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// Why it was refused, by the code of the answer.
    pub code: Option<String>,
    /// Who: `anonymous`, `user`, `administrator`, `command_line` or `system`.
    pub actor: String,
    /// The account of a user or an administrator who did it.
    pub actor_id: Option<String>,
    /// The account that it is about.
    pub user_id: Option<String>,
    /// The session that it is about.
    pub session_id: Option<String>,
    /// What else it is about, such as the id of a key.
    pub target: Option<String>,
    /// The network address it came from.
    pub address: Option<String>,
    /// The `User-Agent` it came from.
    pub user_agent: Option<String>,
    /// The request, by the id that its answer had.
    pub request_id: Option<String>,
    /// What else there is to know, each by a stable name.
    #[cfg_attr(feature = "openapi", schema(value_type = Object))]
    pub detail: Map<String, Value>,
}
