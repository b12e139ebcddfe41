//! Which form a key file has, told by its content and not by its name.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// A key file, taken apart as far as its form goes.
#[derive(Debug)]
pub(super) enum Form<'a> {
    /// One JWK.
    Jwk(Jwk<'a>),
    /// A JWK Set: its text and the entries in it.
    Set { json: &'a str, entries: Vec<Jwk<'a>> },
    /// PEM blocks.
    Pem(Vec<PemBlock<'a>>),
    /// DER.
    Der(&'a [u8]),
}

/// One JWK.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jwk<'a> {
    /// Its text.
    pub(super) json: &'a str,
    /// Whether it has what signs: private members, or an HMAC secret.
    pub(super) can_sign: bool,
}

/// One PEM block.
#[derive(Debug, Clone, Copy)]
pub(super) struct PemBlock<'a> {
    /// Its text, with the lines that begin and end it.
    pub(super) text: &'a str,
    /// Whether it holds a private key.
    pub(super) can_sign: bool,
}

#[derive(Deserialize)]
struct Members<'a> {
    #[serde(borrow)]
    keys: Option<Vec<&'a RawValue>>,
    kty: Option<String>,
    d: Option<IgnoredAny>,
    #[serde(rename = "priv")]
    seed: Option<IgnoredAny>,
}

impl<'a> Form<'a> {
    /// Tells the form, or says why there is none.
    pub(super) fn of(bytes: &'a [u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map(str::trim_start);
        match text {
            Ok(text) if text.starts_with('{') => json(text),
            Ok(text) if text.contains("-----BEGIN ") => Ok(pem(text)),
            Ok("") => Err("it is empty".to_owned()),
            _ if bytes.first() == Some(&0x30) => Ok(Self::Der(bytes)),
            _ => Err("it is neither a JWK, a JWK Set, PEM nor DER".to_owned()),
        }
    }
}

fn json(text: &str) -> Result<Form<'_>, String> {
    let text = text.trim_end();
    let members = members(text)?;
    match members.keys {
        Some(entries) => {
            let entries = entries.into_iter().map(|entry| jwk(entry.get()));
            Ok(Form::Set { json: text, entries: entries.collect::<Result<_, _>>()? })
        }
        None => jwk(text).map(Form::Jwk),
    }
}

fn jwk(json: &str) -> Result<Jwk<'_>, String> {
    let members = members(json)?;
    let is_symmetric = members.kty.as_deref() == Some("oct");
    Ok(Jwk { json, can_sign: members.d.is_some() || members.seed.is_some() || is_symmetric })
}

/// What serde says of a fault may quote the text, and the text may be a secret: only the place is told.
fn members(json: &str) -> Result<Members<'_>, String> {
    serde_json::from_str(json).map_err(|error| {
        format!("it is not a JWK or a JWK Set (JSON object expected; line {}, column {})", error.line(), error.column())
    })
}

fn pem(text: &str) -> Form<'_> {
    const BEGIN: &str = "-----BEGIN ";
    let starts: Vec<_> = text.match_indices(BEGIN).map(|(at, _)| at).collect();
    let ends = starts.iter().copied().skip(1).chain([text.len()]);
    let blocks = starts.iter().zip(ends).filter_map(|(start, end)| text.get(*start..end));
    let blocks: Vec<_> = blocks
        .map(|text| PemBlock {
            text: text.trim_end(),
            can_sign: text.lines().next().is_some_and(|l| l.contains("PRIVATE KEY")),
        })
        .collect();
    Form::Pem(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_are_told_by_content() {
        assert!(matches!(Form::of(b" {\"kty\":\"EC\"}\n"), Ok(Form::Jwk(Jwk { can_sign: false, .. }))));
        assert!(matches!(Form::of(b"{\"kty\":\"EC\",\"d\":\"x\"}"), Ok(Form::Jwk(Jwk { can_sign: true, .. }))));
        assert!(matches!(Form::of(b"{\"kty\":\"AKP\",\"priv\":\"x\"}"), Ok(Form::Jwk(Jwk { can_sign: true, .. }))));
        assert!(matches!(Form::of(b"{\"kty\":\"oct\"}"), Ok(Form::Jwk(Jwk { can_sign: true, .. }))));
        assert!(
            matches!(Form::of(b"{\"keys\":[{\"kty\":\"EC\"}]}"), Ok(Form::Set { entries, .. }) if entries.len() == 1)
        );
        assert!(matches!(Form::of(b"\x30\x82\xff"), Ok(Form::Der(_))));
        let two =
            b"# a comment\n-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n-----BEGIN PRIVATE KEY-----\n";
        let Ok(Form::Pem(blocks)) = Form::of(two) else { panic!("PEM") };
        assert_eq!(blocks.iter().map(|block| block.can_sign).collect::<Vec<_>>(), [false, true]);
    }

    #[test]
    fn what_is_no_key_says_so_without_quoting_it() {
        for bytes in
            [&b""[..], b"hunter2 is my secret", b"{\"k\": hunter2", b"[]", b"{\"keys\":[\"hunter2\"]}", b"{\"keys\":7}"]
        {
            let said = Form::of(bytes).unwrap_err();
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}
