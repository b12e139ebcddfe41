//! Our own form: the members that `jotgate users import --help` names, and no others.

use jotgate_server::flows::Imported;
use serde_json::Value;

use super::fields::Fields;

const MEMBERS: [&str; 8] =
    ["id", "email", "email_verified", "name", "roles", "password_hash", "disabled", "created_at"];

pub(super) fn read(fields: &Fields) -> Result<Imported, String> {
    // A member that is passed over in silence may be the one that mattered.
    if let Some(unknown) = fields.names().find(|name| !MEMBERS.contains(name)) {
        return Err(format!("`{unknown}` is not a member of an account; there are {}", MEMBERS.join(", ")));
    }
    let id = fields.uuid("id");
    if id.is_none() && fields.value("id").is_some() {
        return Err("`id` is not a UUID".to_owned());
    }
    Ok(Imported {
        id,
        email: fields.email()?,
        email_verified: fields.flag("email_verified")?.unwrap_or_default(),
        name: fields.text("name")?.map(str::to_owned),
        roles: roles(fields)?,
        password_hash: fields.text("password_hash")?.map(str::to_owned),
        disabled: fields.flag("disabled")?.unwrap_or_default(),
        created_at: fields.time("created_at")?,
    })
}

/// A list, or in CSV words with spaces between.
fn roles(fields: &Fields) -> Result<Vec<String>, String> {
    const WRONG: &str = "`roles` is not a list of texts";
    match fields.value("roles") {
        None => Ok(Vec::new()),
        Some(Value::String(text)) => Ok(text.split_whitespace().map(str::to_owned).collect()),
        Some(Value::Array(roles)) => {
            let role = |role: &Value| role.as_str().map(str::to_owned).ok_or_else(|| WRONG.to_owned());
            roles.iter().map(role).collect()
        }
        Some(_) => Err(WRONG.to_owned()),
    }
}
