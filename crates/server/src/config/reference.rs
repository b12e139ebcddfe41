//! The table of all keys: what `config reference` prints and what unknown keys are compared with.

use std::borrow::Cow;

use super::{
    accounts, audit, clients, forward_auth, http, keys as keys_file, legacy, log, mail, metrics, passwords,
    revocations, roles, sessions, store, throttle, tls, tokens,
};

/// One key of the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Section and name, such as `http.listen`.
    pub path: &'static str,
    /// The default, as TOML writes it.
    pub default: &'static str,
    /// What it does, in one line.
    pub meaning: &'static str,
}

/// Every key, in the order of the reference.
#[must_use]
pub fn keys() -> Vec<Key> {
    let files = [
        super::KEYS,
        http::KEYS,
        tls::KEYS,
        store::KEYS,
        tokens::KEYS,
        legacy::KEYS,
        sessions::KEYS,
        clients::KEYS,
        roles::KEYS,
        revocations::KEYS,
        passwords::KEYS,
        accounts::KEYS,
        mail::KEYS,
        keys_file::KEYS,
        forward_auth::KEYS,
        throttle::KEYS,
        audit::KEYS,
        log::KEYS,
        metrics::KEYS,
    ];
    files.concat()
}

/// Sections in which each client or role has one of its own, by a name that anybody may choose.
const NAMED: [&str; 2] = ["clients", "roles"];

/// The known key of this path, in which a client or a role may have any name.
pub(super) fn find(path: &str) -> Option<Key> {
    let path = in_table(path);
    keys().into_iter().find(|key| key.path == path)
}

/// Whether keys stand below this path.
pub(super) fn is_section(path: &str) -> bool {
    let path = in_table(path);
    keys().iter().any(|key| key.path.strip_prefix(path.as_ref()).is_some_and(|rest| rest.starts_with('.')))
}

/// The path as the table has it: `clients.shop.idle_ttl` is `clients.NAME.idle_ttl` there.
fn in_table(path: &str) -> Cow<'_, str> {
    match named(path) {
        Some((section, name, "")) if !name.is_empty() => format!("{section}.{}", clients::NAME).into(),
        Some((section, name, key)) if !name.is_empty() => format!("{section}.{}.{key}", clients::NAME).into(),
        _ => path.into(),
    }
}

/// The section, the name and the key of a path in one of the sections with names.
fn named(path: &str) -> Option<(&str, &str, &str)> {
    let (section, rest) = path.split_once('.').filter(|(section, _)| NAMED.contains(section))?;
    let (name, key) = rest.split_once('.').unwrap_or((rest, ""));
    Some((section, name, key))
}

/// The known key nearest to `path`, when one is near enough to be meant.
pub(super) fn nearest(path: &str) -> Option<String> {
    let nearest = nearest_in_table(&in_table(path))?;
    Some(named(path).map_or(nearest.to_owned(), |(_, name, _)| nearest.replace(clients::NAME, name)))
}

fn nearest_in_table(path: &str) -> Option<&'static str> {
    let last = |path: &str| path.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |known: &str| {
        let whole = strsim::damerau_levenshtein(path, known);
        let name_only = strsim::damerau_levenshtein(&last(path), &last(known)) + 1;
        whole.min(name_only)
    };
    let sections = keys().into_iter().filter_map(|key| key.path.split_once('.').map(|(section, _)| section));
    let known = keys().into_iter().map(|key| key.path).chain(sections);
    let (distance, nearest) = known.map(|known| (distance(known), known)).min()?;
    let near_enough = distance <= 1 + path.len() / 4;
    near_enough.then_some(nearest)
}
