//! Encoded headers that a key has seen on tokens it verified. A token that begins with one of them, byte for byte,
//! needs no parsing of its header: everything that parsing would find is known.

use core::fmt;
use std::sync::{Arc, OnceLock};

use crate::jws::Header;

/// How many headers a key remembers. An issuer writes one or two.
const SLOTS: usize = 8;

/// Longer headers are parsed each time.
const MAX_LEN: usize = 512;

/// A list that only grows, up to a fixed length, and is read without a lock. Only a verified signature adds to it, so
/// that an outsider cannot fill it.
#[derive(Default)]
pub(crate) struct KnownHeaders([OnceLock<KnownHeader>; SLOTS]);

pub(crate) struct KnownHeader {
    /// The encoded header and the dot after it.
    prefix: Box<str>,
    pub(crate) header: Arc<Header>,
}

impl KnownHeaders {
    /// Finds the header that the token begins with, and returns it with the rest of the token after the dot.
    pub(crate) fn find<'t>(&self, token: &'t str) -> Option<(&KnownHeader, &'t str)> {
        let mut known = self.0.iter().map_while(OnceLock::get);
        known.find_map(|known| Some((known, token.strip_prefix(&*known.prefix)?)))
    }

    pub(crate) fn remember(&self, encoded: &str, header: &Arc<Header>) {
        if encoded.len() > MAX_LEN {
            return;
        }
        let prefix: Box<str> = [encoded, "."].concat().into();
        let mut entry = KnownHeader { prefix, header: Arc::clone(header) };
        for slot in &self.0 {
            match slot.set(entry) {
                Ok(()) => return,
                Err(back) if slot.get().is_some_and(|taken| taken.prefix == back.prefix) => return,
                Err(back) => entry = back,
            }
        }
    }
}

impl fmt::Debug for KnownHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} headers", self.0.iter().filter(|slot| slot.get().is_some()).count())
    }
}
