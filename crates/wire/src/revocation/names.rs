//! Names in memory, each with something about it. Most are UUIDs, which are kept as their 16 bytes.

use std::fmt;
use std::hash::Hash;
use std::sync::atomic::{AtomicUsize, Ordering};

use papaya::{HashMap, Operation};

/// Names of one kind. Reading takes no lock.
pub(super) struct Names<V> {
    uuids: Part<[u8; 16], V>,
    others: Part<Box<str>, V>,
}

struct Part<K, V> {
    names: HashMap<K, V>,
    /// Kept beside the map, whose own count is spread over several places: most lookups end with "there are none".
    count: AtomicUsize,
}

impl<V> fmt::Debug for Names<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} names", self.len())
    }
}

impl<V> Default for Names<V> {
    fn default() -> Self {
        Self { uuids: Part::default(), others: Part::default() }
    }
}

impl<K, V> Default for Part<K, V> {
    fn default() -> Self {
        Self { names: HashMap::new(), count: AtomicUsize::new(0) }
    }
}

impl<V: Copy> Names<V> {
    /// What is kept about a name.
    pub(super) fn get(&self, name: &str) -> Option<V> {
        if !self.uuids.is_empty()
            && let Some(uuid) = uuid(name)
        {
            return self.uuids.names.pin().get(&uuid).copied();
        }
        if self.others.is_empty() { None } else { self.others.names.pin().get(name).copied() }
    }

    /// Keeps something about a name, joined with what was kept before.
    pub(super) fn put(&self, name: String, new: V, join: impl Fn(V, V) -> V) {
        match uuid(&name) {
            Some(uuid) => self.uuids.put(uuid, new, join),
            None => self.others.put(name.into_boxed_str(), new, join),
        }
    }

    /// Drops the names about which this is not kept any longer.
    pub(super) fn retain(&self, keep: impl Fn(V) -> bool) {
        self.uuids.retain(&keep);
        self.others.retain(&keep);
    }
}

impl<V> Names<V> {
    pub(super) fn len(&self) -> usize {
        self.uuids.len() + self.others.len()
    }
}

impl<K, V> Part<K, V> {
    fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Hash + Eq, V: Copy> Part<K, V> {
    fn put(&self, name: K, new: V, join: impl Fn(V, V) -> V) {
        // Counted first: a reader that sees none must not overlook one that is there.
        self.count.fetch_add(1, Ordering::AcqRel);
        let mut known = false;
        self.names.pin().compute(name, |entry| {
            // It may be asked again when somebody else was faster.
            known = entry.is_some();
            Operation::<V, ()>::Insert(entry.map_or(new, |(_, before)| join(*before, new)))
        });
        if known {
            self.count.fetch_sub(1, Ordering::AcqRel);
        }
    }

    fn retain(&self, keep: impl Fn(V) -> bool) {
        let names = self.names.pin();
        for (name, value) in &names {
            // What is joined meanwhile stays.
            if !keep(*value) && names.remove_if(name, |_, now| !keep(*now)).is_ok_and(|removed| removed.is_some()) {
                self.count.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }
}

/// The bytes of a UUID in its one usual form: lower case, with hyphens. Another form would be another name.
fn uuid(name: &str) -> Option<[u8; 16]> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    // Where the two digits of each byte begin.
    const DIGITS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];
    let text: &[u8; 36] = name.as_bytes().try_into().ok()?;
    if HYPHENS.iter().any(|place| text[*place] != b'-') {
        return None;
    }
    let mut bytes = [0; 16];
    for (byte, at) in bytes.iter_mut().zip(DIGITS) {
        let (high, low) = (digit(text[at]), digit(text[at + 1]));
        if (high | low) > 15 {
            return None;
        }
        *byte = high << 4 | low;
    }
    Some(bytes)
}

/// The value of a lower-case hexadecimal digit; more than 15 for anything else.
fn digit(character: u8) -> u8 {
    match character {
        b'0'..=b'9' => character - b'0',
        b'a'..=b'f' => character - b'a' + 10,
        _ => 0xff,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_usual_form_of_a_uuid_is_kept_as_bytes() {
        let bytes = [0x01, 0x98, 0xab, 0xcd, 0xef, 0, 0x7f, 1, 0x80, 2, 3, 4, 5, 6, 7, 8];
        assert_eq!(uuid("0198abcd-ef00-7f01-8002-030405060708"), Some(bytes));
        for other in [
            "0198ABCD-ef00-7f01-8002-030405060708",
            "0198abcdef007f018002030405060708",
            "0198abcd-ef00-7f01-8002-03040506070g",
            "0198abcd-ef00-7f01-8002-03040506070",
            "0198abcd-ef00-7f01-8002-0304050607080",
            "0198abcd_ef00-7f01-8002-030405060708",
            "{198abcd-ef00-7f01-8002-03040506070}",
            "é198abcd-ef00-7f01-8002-03040506070",
            "",
        ] {
            assert_eq!(uuid(other), None, "{other}");
        }
    }

    #[test]
    fn names_of_both_forms_are_kept_and_counted() {
        let names = Names::default();
        let (one, other) = ("0198abcd-ef00-7f01-8002-030405060708", "0198ABCD-EF00-7F01-8002-030405060708");
        for (name, value) in [(one, 5), (other, 6), (one, 3), (one, 9)] {
            names.put(name.to_owned(), value, i64::max);
        }
        assert_eq!((names.get(one), names.get(other), names.get("x"), names.len()), (Some(9), Some(6), None, 2));
        names.retain(|value| value > 6);
        assert_eq!((names.get(one), names.get(other), names.len()), (Some(9), None, 1));
        names.retain(|_| false);
        assert_eq!((names.len(), names.get(one)), (0, None));
    }

    #[test]
    fn the_count_is_right_whoever_writes_at_once() {
        let names = Names::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..500 {
                        names.put(format!("name {number}"), 1, i64::max);
                    }
                    names.retain(|value| value > 1);
                });
            }
        });
        names.retain(|value| value > 1);
        assert_eq!(names.len(), 0);
    }
}
