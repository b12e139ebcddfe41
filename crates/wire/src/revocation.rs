//! What has ended before it expired: an entry, the signed document that carries entries, and the set of them that a
//! verifier keeps in memory.
//!
//! An entry in JSON has `seq`, what ends (`sid`, or `sub` with `issued_before`, or `jti`, or `kid`), and `forget_at`:
//! `{"seq":7,"sid":"0198…","forget_at":1800003600}`. One that ends nothing, two things or something unknown is refused: a
//! verifier that skipped it would go on taking tokens that have ended.

use serde::{Deserialize, Serialize};

mod document;
mod names;
mod set;
mod table;

pub use document::FeedDocument;
pub use set::{RevocationSet, TokenFacts};

/// The longest name that an entry may have, in bytes.
pub const MAX_NAME_BYTES: usize = 256;

/// Something has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Row", into = "Row")]
pub struct Entry {
    /// Its place in the issuer's order of ends, from 1.
    pub seq: u64,
    /// What has ended.
    pub subject: Subject,
    /// Seconds since 1970 from which on no token is left that it could matter to.
    pub forget_at: i64,
}

/// What an [`Entry`] ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A session, by its `sid`.
    Sid(String),
    /// The tokens of a person that were issued before a time.
    Sub {
        /// The person, by `sub`.
        sub: String,
        /// Seconds since 1970: tokens whose `iat` is below have ended, and those that have no `iat`.
        issued_before: i64,
    },
    /// One token, by its `jti`.
    Jti(String),
    /// Everything that a key has signed, by its `kid`.
    Kid(String),
}

impl Subject {
    fn name(&self) -> &str {
        match self {
            Self::Sid(name) | Self::Jti(name) | Self::Kid(name) | Self::Sub { sub: name, .. } => name,
        }
    }
}

/// An entry as JSON has it.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    seq: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    issued_before: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    kid: Option<String>,
    forget_at: i64,
}

impl From<Entry> for Row {
    fn from(entry: Entry) -> Self {
        let row = Self { seq: entry.seq, forget_at: entry.forget_at, ..Self::default() };
        match entry.subject {
            Subject::Sid(sid) => Self { sid: Some(sid), ..row },
            Subject::Sub { sub, issued_before } => Self { sub: Some(sub), issued_before: Some(issued_before), ..row },
            Subject::Jti(jti) => Self { jti: Some(jti), ..row },
            Subject::Kid(kid) => Self { kid: Some(kid), ..row },
        }
    }
}

impl TryFrom<Row> for Entry {
    type Error = &'static str;

    fn try_from(row: Row) -> Result<Self, Self::Error> {
        let subject = match (row.sid, row.sub, row.issued_before, row.jti, row.kid) {
            (Some(sid), None, None, None, None) => Subject::Sid(sid),
            (None, Some(sub), Some(issued_before), None, None) => Subject::Sub { sub, issued_before },
            (None, None, None, Some(jti), None) => Subject::Jti(jti),
            (None, None, None, None, Some(kid)) => Subject::Kid(kid),
            _ => return Err("an entry has to end one thing: `sid`, `sub` with `issued_before`, `jti` or `kid`"),
        };
        if subject.name().len() > MAX_NAME_BYTES {
            return Err("an entry has a name that is longer than any can be");
        }
        Ok(Self { seq: row.seq, subject, forget_at: row.forget_at })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_crosses_the_wire() {
        let cases = [
            (Subject::Sid("s1".into()), r#"{"seq":9,"sid":"s1","forget_at":2000}"#),
            (
                Subject::Sub { sub: "u1".into(), issued_before: 1000 },
                r#"{"seq":9,"sub":"u1","issued_before":1000,"forget_at":2000}"#,
            ),
            (Subject::Jti("j1".into()), r#"{"seq":9,"jti":"j1","forget_at":2000}"#),
            (Subject::Kid("k1".into()), r#"{"seq":9,"kid":"k1","forget_at":2000}"#),
        ];
        for (subject, json) in cases {
            let entry = Entry { seq: 9, subject, forget_at: 2000 };
            assert_eq!(serde_json::to_string(&entry).unwrap(), json);
            assert_eq!(serde_json::from_str::<Entry>(json).unwrap(), entry);
        }
    }

    #[test]
    fn an_entry_ends_exactly_one_thing_that_is_known() {
        let long = format!(r#"{{"seq":1,"sid":"{}","forget_at":1}}"#, "x".repeat(MAX_NAME_BYTES + 1));
        for json in [
            r#"{"seq":1,"forget_at":1}"#,
            r#"{"seq":1,"sid":"a","jti":"b","forget_at":1}"#,
            r#"{"seq":1,"sub":"a","forget_at":1}"#,
            r#"{"seq":1,"sid":"a","issued_before":1,"forget_at":1}"#,
            r#"{"seq":1,"client":"a","forget_at":1}"#,
            r#"{"seq":1,"sid":"a","client":"a","forget_at":1}"#,
            r#"{"seq":-1,"sid":"a","forget_at":1}"#,
            r#"{"seq":1,"sid":"a"}"#,
            long.as_str(),
        ] {
            assert!(serde_json::from_str::<Entry>(json).is_err(), "{json}");
        }
    }
}
