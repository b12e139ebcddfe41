//! A strict reader for DER (X.690): definite lengths, shortest form, low tag numbers. No recursion.

use crate::key::KeyError;

pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// A place in DER text. Each method reads one element and moves on.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(&'a [u8]);

pub(super) type Read<T> = Result<T, KeyError>;

const MALFORMED: KeyError = KeyError::new("the key is not well-formed DER");

impl<'a> Reader<'a> {
    pub(super) const fn new(der: &'a [u8]) -> Self {
        Self(der)
    }

    /// Reads an element of this tag and returns its content.
    pub(super) fn read(&mut self, tag: u8) -> Read<&'a [u8]> {
        self.read_if(tag)?.ok_or(MALFORMED)
    }

    /// Reads an element if it has this tag.
    pub(super) fn read_if(&mut self, tag: u8) -> Read<Option<&'a [u8]>> {
        match self.0.split_first() {
            Some((found, rest)) if *found == tag => {
                let (len, rest) = length(rest)?;
                let (content, rest) = rest.split_at_checked(len).ok_or(MALFORMED)?;
                self.0 = rest;
                Ok(Some(content))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn sequence(&mut self) -> Read<Self> {
        self.read(SEQUENCE).map(Self)
    }

    /// Reads an integer that is not negative, without its leading zero.
    pub(super) fn unsigned(&mut self) -> Read<&'a [u8]> {
        match self.read(INTEGER)? {
            [0] => Ok(&[]),
            [0, rest @ ..] if rest.first().is_some_and(|byte| byte & 0x80 != 0) => Ok(rest),
            number @ [first, ..] if *first != 0 && first & 0x80 == 0 => Ok(number),
            _ => Err(MALFORMED),
        }
    }

    /// Reads a bit string of whole bytes.
    pub(super) fn bits(&mut self) -> Read<&'a [u8]> {
        whole_bytes(self.read(BIT_STRING)?)
    }

    pub(super) const fn finish(self) -> Read<()> {
        if self.0.is_empty() { Ok(()) } else { Err(MALFORMED) }
    }
}

/// The bytes of a bit string's content, which begins with the number of unused bits: none, for keys.
pub(super) fn whole_bytes(content: &[u8]) -> Read<&[u8]> {
    content.strip_prefix(&[0]).ok_or(MALFORMED)
}

/// Reads a length in its shortest form, of at most two bytes after the first: no key is longer than 64 KiB.
fn length(der: &[u8]) -> Read<(usize, &[u8])> {
    match der {
        [short @ 0..=0x7F, rest @ ..] => Ok((usize::from(*short), rest)),
        [0x81, long @ 0x80..=0xFF, rest @ ..] => Ok((usize::from(*long), rest)),
        [0x82, high @ 1..=0xFF, low, rest @ ..] => Ok((usize::from(u16::from_be_bytes([*high, *low])), rest)),
        _ => Err(MALFORMED),
    }
}
