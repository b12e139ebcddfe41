//! E-mail addresses: parsed once, shown as they were typed, compared by a key.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

/// An e-mail address: a local part without quotes, and a domain name.
///
/// Two addresses are equal when their keys are, however they were typed.
#[derive(Clone)]
pub struct Email {
    display: Box<str>,
    key: Box<str>,
}

/// Why a text is not an e-mail address that we accept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// The address is empty.
    #[error("the address is empty")]
    Empty,
    /// The address is longer than 254 bytes.
    #[error("the address is longer than 254 bytes")]
    TooLong,
    /// The part before the @ is longer than 64 bytes.
    #[error("the part before the @ is longer than 64 bytes")]
    LocalTooLong,
    /// The address contains a space, a control character or an invisible character.
    #[error("the address contains a space, a control character or an invisible character")]
    Invisible,
    /// The address has no @.
    #[error("the address has no @")]
    NoAt,
    /// The address has more than one @.
    #[error("the address has more than one @")]
    SeveralAts,
    /// There is nothing before the @.
    #[error("there is nothing before the @")]
    NoLocal,
    /// There is nothing after the @.
    #[error("there is nothing after the @")]
    NoDomain,
    /// The part before the @ begins or ends with a dot, or has two dots in a row.
    #[error("the part before the @ begins or ends with a dot, or has two dots in a row")]
    Dots,
    /// The part before the @ contains a character that is not allowed there.
    #[error("the part before the @ contains a character that is not allowed there")]
    LocalCharacter,
    /// The part after the @ is not a domain name.
    #[error("the part after the @ is not a domain name")]
    Domain,
    /// The part after the @ is an IP address.
    #[error("the part after the @ is an IP address; a domain name is needed")]
    IpAddress,
    /// The part after the @ has no dot.
    #[error("the part after the @ has no dot; a full domain name is needed")]
    SingleLabel,
}

impl Email {
    /// Accepts `dot-string@domain` of RFC 5321 §4.1.2 with the characters beyond ASCII of RFC 6531, within the limits
    /// of RFC 5321 §4.5.3.1 (64 bytes before the @, 254 in all).
    ///
    /// Left out on purpose: quoted local parts and IP addresses, which are legal, hardly exist, and are a source of
    /// confusion between programs; and domains of one label, `localhost` excepted.
    pub fn parse(text: &str) -> Result<Self, InvalidEmail> {
        if text.is_empty() {
            return Err(InvalidEmail::Empty);
        }
        if text.len() > 254 {
            return Err(InvalidEmail::TooLong);
        }
        if text.chars().any(is_invisible) {
            return Err(InvalidEmail::Invisible);
        }
        let (local, domain) = split(text)?;
        let (local, domain) = (local_key(local)?, domain_key(domain)?);
        let key = format!("{local}@{domain}");
        if key.len() > 254 {
            return Err(InvalidEmail::TooLong);
        }
        Ok(Self { display: text.into(), key: key.into() })
    }

    /// What the keys of addresses that begin like this text begin with. A text that is cut in the middle of a domain name
    /// beyond ASCII has none of its own, and finds nothing.
    #[must_use]
    pub fn key_of_beginning(text: &str) -> String {
        let lower: String = text.nfkc().flat_map(char::to_lowercase).collect();
        let folded: String = lower.nfkc().collect();
        match folded.split_once('@') {
            Some((local, domain)) => {
                let ascii = idna::domain_to_ascii(domain).unwrap_or_else(|_| domain.to_owned());
                format!("{local}@{ascii}")
            }
            None => folded,
        }
    }

    /// An address that was parsed before and stored in both its forms.
    #[must_use]
    pub fn from_stored(display: &str, key: &str) -> Self {
        Self { display: display.into(), key: key.into() }
    }

    /// The address as it was typed, for showing and for sending to.
    #[must_use]
    pub fn display(&self) -> &str {
        &self.display
    }

    /// The address for comparing: the local part in NFKC and lower case, the domain as lower-case IDNA labels.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }
}

impl PartialEq for Email {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for Email {}

impl fmt::Debug for Email {
    /// Hides the address: it is personal data and does not belong into logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

fn split(text: &str) -> Result<(&str, &str), InvalidEmail> {
    let (local, domain) = text.split_once('@').ok_or(InvalidEmail::NoAt)?;
    if domain.contains('@') {
        return Err(InvalidEmail::SeveralAts);
    }
    Ok((local, domain))
}

/// Checked as it was typed and again as it is compared: NFKC turns a full-width `＠` or `．` into the plain one.
fn local_key(local: &str) -> Result<String, InvalidEmail> {
    check_local(local)?;
    let lower: String = local.nfkc().flat_map(char::to_lowercase).collect();
    let key: String = lower.nfkc().collect();
    check_local(&key)?;
    Ok(key)
}

fn check_local(local: &str) -> Result<(), InvalidEmail> {
    if local.is_empty() {
        return Err(InvalidEmail::NoLocal);
    }
    if local.len() > 64 {
        return Err(InvalidEmail::LocalTooLong);
    }
    if local.split('.').any(str::is_empty) {
        return Err(InvalidEmail::Dots);
    }
    if !local.chars().all(is_local) {
        return Err(InvalidEmail::LocalCharacter);
    }
    Ok(())
}

/// `atext` of RFC 5322 §3.2.3 and the dots between, and what RFC 6531 §3.3 adds.
fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c) || (!c.is_ascii() && !is_invisible(c))
}

fn domain_key(domain: &str) -> Result<String, InvalidEmail> {
    if domain.is_empty() {
        return Err(InvalidEmail::NoDomain);
    }
    if domain.starts_with('[') || is_ipv4(domain) {
        return Err(InvalidEmail::IpAddress);
    }
    let ascii = idna::domain_to_ascii_strict(domain).map_err(|_| InvalidEmail::Domain)?;
    match ascii.rsplit_once('.') {
        Some((_, "")) => Err(InvalidEmail::Domain),
        Some(_) if is_ipv4(&ascii) => Err(InvalidEmail::IpAddress),
        None if ascii != "localhost" => Err(InvalidEmail::SingleLabel),
        _ => Ok(ascii),
    }
}

/// Whether the last label is a number: no top-level domain is, but every IPv4 address ends so, in whatever notation.
fn is_ipv4(domain: &str) -> bool {
    domain.rsplit('.').next().is_some_and(|last| !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()))
}

/// White space, control characters, and the format characters with which two different addresses look alike.
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;
