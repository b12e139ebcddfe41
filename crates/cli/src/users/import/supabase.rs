//! Supabase: the table `auth.users`, as CSV (`\copy auth.users to 'users.csv' csv header`) or as JSON
//! (`select row_to_json(users) from auth.users`). <https://supabase.com/docs/guides/auth/managing-user-data>

use jotgate_server::flows::Imported;

use super::fields::Fields;

pub(super) fn read(fields: &Fields) -> Result<Imported, String> {
    if fields.value("deleted_at").is_some() {
        return Err("was deleted there".to_owned());
    }
    if fields.flag("is_anonymous")? == Some(true) {
        return Err("is an anonymous user".to_owned());
    }
    let verified = ["email_confirmed_at", "confirmed_at"].iter().any(|name| fields.value(name).is_some());
    let metadata = fields.inner("raw_user_meta_data");
    let name = match &metadata {
        Some(metadata) => metadata.first_text(&["full_name", "name", "display_name"])?,
        None => None,
    };
    Ok(Imported {
        id: fields.uuid("id"),
        email: fields.email()?,
        email_verified: verified,
        name: name.map(str::to_owned),
        roles: Vec::new(),
        password_hash: fields.text("encrypted_password")?.map(str::to_owned),
        // Until when does not matter: whoever closed it can open it again.
        disabled: fields.value("banned_until").is_some(),
        created_at: fields.time("created_at")?,
    })
}
