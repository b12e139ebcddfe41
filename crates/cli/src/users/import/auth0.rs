//! Auth0: the export of password hashes that its support makes on request (`_id`, `email`, `email_verified`,
//! `passwordHash`, one object a line), or a bulk export of users, which has no hashes (`user_id`, `email`, `name`, `created_at`,
//! `blocked`). <https://auth0.com/docs/manage-users/user-migration/bulk-user-exports>

use jotgate_server::flows::Imported;

use super::fields::Fields;

pub(super) fn read(fields: &Fields) -> Result<Imported, String> {
    let email = fields.email()?;
    // Where nothing was given, Auth0 puts the address in place of the name.
    let name = fields.text("name")?.filter(|name| *name != email);
    Ok(Imported {
        id: None,
        email_verified: fields.flag("email_verified")?.unwrap_or_default(),
        name: name.map(str::to_owned),
        roles: Vec::new(),
        password_hash: fields.first_text(&["passwordHash", "password_hash"])?.map(str::to_owned),
        disabled: fields.flag("blocked")?.unwrap_or_default(),
        created_at: fields.time("created_at")?,
        email,
    })
}
