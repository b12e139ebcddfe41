//! The member names of one object, and whether one of them occurs twice.

use smallvec::SmallVec;

use super::text::Text;

/// Up to this many names a comparison of each with each is fastest; beyond it would not be linear.
const FEW: usize = 24;

#[derive(Default)]
pub(super) struct Names<'a> {
    all: SmallVec<[Text<'a>; 16]>,
    /// One bit for each kind of name seen, so that most names need no comparison at all.
    seen: u64,
    /// A name may have occurred before: it must be looked at again.
    suspect: bool,
}

impl<'a> Names<'a> {
    #[inline]
    pub(super) fn add(&mut self, name: Text<'a>) {
        let bit = name.plain().map_or(u64::MAX, kind);
        if self.seen & bit != 0 && !self.suspect {
            self.suspect = self.all.iter().any(|earlier| earlier.same(name)) || self.all.len() > FEW;
        }
        self.seen |= bit;
        self.all.push(name);
    }

    /// Whether all names mean different texts.
    #[inline]
    pub(super) fn all_different(&self) -> bool {
        !self.suspect || all_different(&self.all)
    }
}

/// A bit that depends on the length and the ends of a name.
#[inline]
fn kind(name: &str) -> u64 {
    let bytes = name.as_bytes();
    let (first, last) = (bytes.first().copied().unwrap_or_default(), bytes.last().copied().unwrap_or_default());
    let mixed = usize::from(first).wrapping_mul(7) ^ usize::from(last).wrapping_mul(29) ^ name.len();
    1_u64.rotate_left(u32::try_from(mixed & 63).unwrap_or_default())
}

#[cold]
fn all_different(names: &[Text<'_>]) -> bool {
    let mut meanings: Vec<_> = names.iter().map(|name| name.unescape()).collect();
    meanings.sort_unstable();
    let mut pairs = meanings.iter().zip(meanings.iter().skip(1));
    !pairs.any(|(one, next)| one == next)
}
