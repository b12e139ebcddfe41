//! Metadata: what an application keeps with an account, as a JSON object. Administrators write the `app_metadata` of an account,
//! and its owner the `user_metadata`. Who reads an account reads both, so they are bounded.

use serde_json::{Map, Value};

/// A JSON object within the limits, as its text: a refresh reads it with the account and looks into it only when a claim is
/// made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metadata(Box<str>);

/// Why an object cannot be the metadata of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMetadata {
    /// More than [`Metadata::MAX_BYTES`] as JSON.
    #[error("would have more than {} bytes as JSON", Metadata::MAX_BYTES)]
    TooLarge,
    /// Objects and arrays in each other more than [`Metadata::MAX_DEPTH`] times.
    #[error("would be nested more than {} deep", Metadata::MAX_DEPTH)]
    TooDeep,
}

/// What is to become of metadata (RFC 7396).
#[derive(Clone, Debug, PartialEq)]
pub enum MetadataPatch {
    /// It is emptied.
    Clear,
    /// Members take the place of those of the same name; objects member by member, and `null` takes a member out.
    Merge(Map<String, Value>),
}

impl Default for Metadata {
    fn default() -> Self {
        Self("{}".into())
    }
}

impl Metadata {
    /// The most bytes that the object has as JSON without white space.
    pub const MAX_BYTES: usize = 8 * 1024;
    /// How deep objects and arrays are nested, the object itself counted.
    pub const MAX_DEPTH: usize = 8;

    /// Takes an object that is within the limits.
    pub fn new(members: Map<String, Value>) -> Result<Self, InvalidMetadata> {
        let object = Value::Object(members);
        if depth(&object) > Self::MAX_DEPTH {
            return Err(InvalidMetadata::TooDeep);
        }
        let text = object.to_string();
        if text.len() > Self::MAX_BYTES { Err(InvalidMetadata::TooLarge) } else { Ok(Self(text.into())) }
    }

    /// Metadata as it was stored; nothing is an empty object.
    #[must_use]
    pub fn from_stored(text: Option<&str>) -> Self {
        text.map_or_else(Self::default, |text| Self(text.into()))
    }

    /// The text to store; nothing for an empty object.
    #[must_use]
    pub fn to_store(&self) -> Option<&str> {
        (&*self.0 != "{}").then_some(&*self.0)
    }

    /// The members; none when what was stored is no object, which nobody but the owner of the database can have done.
    #[must_use]
    pub fn members(&self) -> Map<String, Value> {
        serde_json::from_str(&self.0).unwrap_or_default()
    }

    /// What it is after a change.
    pub fn patched(&self, patch: &MetadataPatch) -> Result<Self, InvalidMetadata> {
        match patch {
            MetadataPatch::Clear => Ok(Self::default()),
            MetadataPatch::Merge(members) => {
                // Merging follows the patch downwards, so its depth is judged first.
                if members.values().map(depth).max().unwrap_or(0) + 1 > Self::MAX_DEPTH {
                    return Err(InvalidMetadata::TooDeep);
                }
                let mut merged = self.members();
                merge(&mut merged, members);
                Self::new(merged)
            }
        }
    }
}

/// RFC 7396 §2.
fn merge(target: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => drop(target.remove(name)),
            Value::Object(inner) => {
                let member = target.entry(name.clone()).or_insert_with(|| Value::Object(Map::new()));
                if !member.is_object() {
                    *member = Value::Object(Map::new());
                }
                if let Value::Object(member) = member {
                    merge(member, inner);
                }
            }
            value => drop(target.insert(name.clone(), value.clone())),
        }
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(members) => members,
            other => panic!("{other}"),
        }
    }

    fn check(before: Value, patch: Value, expected: Value) {
        let metadata = Metadata::new(object(before)).unwrap();
        let patched = metadata.patched(&MetadataPatch::Merge(object(patch))).unwrap();
        assert_eq!(patched.members(), object(expected));
    }

    /// RFC 7396 Appendix A, as far as both sides are objects.
    #[test]
    fn a_patch_merges_as_rfc_7396_has_it() {
        check(json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"}));
        check(json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"}));
        check(json!({"a": "b"}), json!({"a": null}), json!({}));
        check(json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"}));
        check(json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"}));
        check(json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]}));
        check(json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}}));
        check(json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]}));
        check(json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1}));
        check(json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}}));
        check(json!({"a": "foo"}), json!({"a": {"b": 1}}), json!({"a": {"b": 1}}));
    }

    #[test]
    fn clearing_leaves_an_empty_object_which_is_not_stored() {
        let metadata = Metadata::new(object(json!({"a": 1}))).unwrap();
        assert_eq!(metadata.to_store(), Some("{\"a\":1}"));
        let cleared = metadata.patched(&MetadataPatch::Clear).unwrap();
        assert_eq!((cleared.to_store(), cleared.members().len()), (None, 0));
        assert_eq!(Metadata::from_stored(None), cleared);
    }

    #[test]
    fn size_and_depth_are_bounded_also_when_they_grow_by_merging() {
        let fits = "x".repeat(Metadata::MAX_BYTES - r#"{"a":""}"#.len());
        let full = Metadata::new(object(json!({"a": fits}))).unwrap();
        let more = MetadataPatch::Merge(object(json!({"b": 1})));
        assert_eq!(full.patched(&more), Err(InvalidMetadata::TooLarge));
        assert_eq!(Metadata::new(object(json!({"a": fits + "x"}))), Err(InvalidMetadata::TooLarge));
        let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({"a": inner}));
        assert!(Metadata::new(object(nested(8))).is_ok());
        assert_eq!(Metadata::new(object(nested(9))), Err(InvalidMetadata::TooDeep));
        let deep = MetadataPatch::Merge(object(nested(100)));
        assert_eq!(Metadata::default().patched(&deep), Err(InvalidMetadata::TooDeep));
        let arrays = (0..8).fold(json!([]), |inner, _| json!([inner]));
        assert_eq!(Metadata::new(object(json!({"a": arrays}))), Err(InvalidMetadata::TooDeep));
    }
}
