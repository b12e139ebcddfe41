//! Scopes: what roles grant, and so what somebody may do.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

/// The scope of administrators of this server.
pub const ADMIN: &str = "jotgate:admin";

/// Whether a text is a scope: a `scope-token` of RFC 6749 §3.3, which has no space, no quote and no backslash in it.
#[must_use]
pub fn is_scope(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
}

/// Whether a scope is among those of a `scope` claim, which has spaces between them.
#[must_use]
pub fn has(scopes: &str, scope: &str) -> bool {
    scopes.split(' ').any(|granted| granted == scope)
}

/// What each role grants.
#[derive(Debug, Clone, Default)]
pub(crate) struct Grants {
    of_role: BTreeMap<String, Vec<String>>,
    everyone: BTreeSet<String>,
    /// The same as a claim is written.
    of_everyone: String,
}

impl Grants {
    /// `everyone` are the scopes that need no role.
    pub(crate) fn new(of_role: BTreeMap<String, Vec<String>>, everyone: BTreeSet<String>) -> Self {
        let of_everyone = joined(everyone.iter().map(String::as_str));
        Self { of_role, everyone, of_everyone }
    }

    /// The `scope` claim of somebody with these roles: each scope once, in order. A role that nobody configured grants nothing.
    pub(crate) fn of(&self, roles: &[String]) -> Cow<'_, str> {
        let mut granted = roles.iter().filter_map(|role| self.of_role.get(role)).flatten().peekable();
        if granted.peek().is_none() {
            return Cow::Borrowed(&self.of_everyone);
        }
        let all: BTreeSet<_> = granted.chain(&self.everyone).map(String::as_str).collect();
        Cow::Owned(joined(all))
    }

    /// The same for a session that was opened for these scopes only; for all when they are empty (RFC 6749 §3.3 lets a server
    /// grant less than it could).
    pub(crate) fn within(&self, roles: &[String], only: &str) -> Cow<'_, str> {
        let granted = self.of(roles);
        if only.is_empty() {
            return granted;
        }
        Cow::Owned(joined(granted.split(' ').filter(|scope| has(only, scope))))
    }

    /// The roles that grant a scope.
    pub(crate) fn roles_with(&self, scope: &str) -> Vec<String> {
        let granting = self.of_role.iter().filter(|(_, scopes)| scopes.iter().any(|granted| granted == scope));
        granting.map(|(role, _)| role.clone()).collect()
    }
}

fn joined<'a>(scopes: impl IntoIterator<Item = &'a str>) -> String {
    scopes.into_iter().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants() -> Grants {
        let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        let of_role = [("clerk", texts(&["orders:read", "orders:write"])), ("admin", texts(&[ADMIN, "orders:read"]))];
        let everyone = texts(&["profile"]).into_iter().collect();
        Grants::new(of_role.map(|(name, scopes)| (name.to_owned(), scopes)).into(), everyone)
    }

    fn check(roles: &[&str], only: &str, expected: &str) {
        let roles: Vec<_> = roles.iter().map(|role| (*role).to_owned()).collect();
        assert_eq!(grants().within(&roles, only), expected, "{roles:?} {only}");
    }

    #[test]
    fn roles_grant_their_scopes_each_once() {
        check(&[], "", "profile");
        check(&["nobody knows"], "", "profile");
        check(&["clerk"], "", "orders:read orders:write profile");
        check(&["clerk", "admin", "clerk"], "", "jotgate:admin orders:read orders:write profile");
    }

    #[test]
    fn a_session_for_less_has_less_and_never_more() {
        check(&["clerk"], "orders:read", "orders:read");
        check(&["clerk"], "orders:read jotgate:admin", "orders:read");
        check(&[], "orders:write", "");
        check(&["clerk"], "orders", "");
    }

    #[test]
    fn a_scope_is_there_whole_or_not_at_all() {
        assert!(has("a b:c", "b:c") && !has("a b:c", "b") && !has("", "a") && !has("a", ""));
        assert_eq!(grants().roles_with("orders:read"), ["admin", "clerk"]);
        assert_eq!(grants().roles_with("orders"), [""; 0]);
    }

    #[test]
    fn a_scope_is_a_word_of_printable_ascii() {
        for (text, expected) in [
            ("orders:write", true),
            ("~!#[]", true),
            ("", false),
            ("a b", false),
            ("a\"", false),
            ("a\\", false),
            ("é", false),
        ] {
            assert_eq!(is_scope(text), expected, "{text}");
        }
    }
}
