//! Django: `manage.py dumpdata auth.user` (objects of `model`, `pk` and `fields`, as a list or with `--format jsonl`), or the
//! table `auth_user` as CSV. A user model of one's own is read by the same names of fields.
//! <https://docs.djangoproject.com/en/5.2/topics/serialization/>

use jotgate_server::flows::Imported;

use super::fields::Fields;

/// What stands before the random text in place of a hash when nobody may log in with a password
/// (`django.contrib.auth.hashers.UNUSABLE_PASSWORD_PREFIX`).
const UNUSABLE: char = '!';

pub(super) fn read(record: &Fields) -> Result<Imported, String> {
    let inner = record.inner("fields");
    let fields = inner.as_ref().unwrap_or(record);
    if !fields.names().any(|name| name == "password") {
        return Err("is not a user: it has no `password`".to_owned());
    }
    Ok(Imported {
        id: record.uuid("pk").or_else(|| fields.uuid("id")),
        email: fields.email()?,
        // Django itself does not prove addresses.
        email_verified: false,
        name: fields.full_name("first_name", "last_name")?,
        roles: Vec::new(),
        password_hash: fields.text("password")?.filter(|hash| !hash.starts_with(UNUSABLE)).map(str::to_owned),
        disabled: fields.flag("is_active")? == Some(false),
        created_at: fields.time("date_joined")?,
    })
}
