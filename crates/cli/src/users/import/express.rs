//! A hand-written application: `mongoexport` of its users, or its table as CSV or JSON, by the usual names of the columns.
//! Others are passed over. Roles are not taken: what they allow there is not what they allow here.

use jotgate_server::flows::Imported;

use super::fields::Fields;

const EMAIL: &[&str] = &["email", "emailAddress", "email_address", "mail"];
const HASH: &[&str] = &[
    "password_hash",
    "passwordHash",
    "hashed_password",
    "hashedPassword",
    "password_digest",
    "passwordDigest",
    "hash",
    "password",
];
const NAME: &[&str] = &["name", "full_name", "fullName", "display_name", "displayName"];
const VERIFIED: &[&str] = &[
    "email_verified",
    "emailVerified",
    "is_verified",
    "isVerified",
    "is_email_verified",
    "isEmailVerified",
    "verified",
];
const DISABLED: &[&str] = &["disabled", "is_disabled", "isDisabled", "blocked", "banned"];
const ENABLED: &[&str] = &["enabled", "active", "is_active", "isActive"];
const CREATED: &[&str] = &["created_at", "createdAt", "created", "date_created", "dateCreated"];

pub(super) fn read(fields: &Fields) -> Result<Imported, String> {
    let first_last = || match fields.full_name("firstName", "lastName")? {
        None => fields.full_name("first_name", "last_name"),
        name => Ok(name),
    };
    let name = fields.first_text(NAME)?.map_or_else(first_last, |name| Ok(Some(name.to_owned())))?;
    let disabled = fields.first_flag(DISABLED)?.unwrap_or_default() || fields.first_flag(ENABLED)? == Some(false);
    Ok(Imported {
        id: fields.uuid("id").or_else(|| fields.uuid("_id")).or_else(|| fields.uuid("uuid")),
        email: fields.first_text(EMAIL)?.ok_or("has no e-mail address")?.trim().to_owned(),
        email_verified: verified(fields)?,
        name,
        roles: Vec::new(),
        password_hash: fields.first_text(HASH)?.map(str::to_owned),
        disabled,
        created_at: fields.first_time(CREATED)?,
    })
}

/// A flag, or the time when it happened.
fn verified(fields: &Fields) -> Result<bool, String> {
    let when = fields.first_time(&["email_verified_at", "emailVerifiedAt", "verified_at", "verifiedAt"])?;
    Ok(when.is_some() || fields.first_flag(VERIFIED)?.unwrap_or_default())
}
