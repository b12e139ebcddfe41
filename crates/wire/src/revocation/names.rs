//! Names in memory, each with something about it. Most are UUIDs, which have a table of their own.

use std::fmt;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering};

use papaya::{HashMap, Operation};

use super::table::{Kept, Name, Table};

/// Names of one kind. Reading takes no lock.
pub(super) struct Names<V> {
    uuids: Table,
    others: Others<V>,
    kept: PhantomData<V>,
}

/// Names that are no UUIDs.
struct Others<V> {
    names: HashMap<Box<str>, V>,
    /// Kept beside the map, whose own count is spread over several places: most look-ups end with "there are none".
    count: AtomicUsize,
}

impl<V> fmt::Debug for Names<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} names", self.len())
    }
}

impl<V> Default for Names<V> {
    fn default() -> Self {
        let others = Others { names: HashMap::new(), count: AtomicUsize::new(0) };
        Self { uuids: Table::default(), others, kept: PhantomData }
    }
}

impl<V: Kept> Names<V> {
    /// What is kept about a name.
    pub(super) fn get(&self, name: &str) -> Option<V> {
        if self.uuids.len() > 0
            && let Some(uuid) = uuid(name)
        {
            return self.uuids.get(uuid);
        }
        if self.others.len() == 0 { None } else { self.others.names.pin().get(name).copied() }
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

impl<V> Others<V> {
    fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }
}

impl<V: Copy> Others<V> {
    fn put(&self, name: Box<str>, new: V, join: impl Fn(V, V) -> V) {
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

/// The bytes of a UUID in its one usual form: lower case, with hyphens. Another form would be another name, and so is one
/// with a half of zeros, which the table has no place for.
fn uuid(name: &str) -> Option<Name> {
    const HYPHENS: [usize; 4] = [8, 13, 18, 23];
    // Where the digits of each half begin and end, in runs between the hyphens.
    const FIRST: [std::ops::Range<usize>; 3] = [0..8, 9..13, 14..18];
    const SECOND: [std::ops::Range<usize>; 2] = [19..23, 24..36];
    let text: &[u8; 36] = name.as_bytes().try_into().ok()?;
    if HYPHENS.iter().any(|place| text[*place] != b'-') {
        return None;
    }
    let (first, second) = (half(text, FIRST)?, half(text, SECOND)?);
    (first != 0 && second != 0).then_some([first, second])
}

/// The value of sixteen digits; nothing where one is none.
fn half(text: &[u8; 36], runs: impl IntoIterator<Item = std::ops::Range<usize>>) -> Option<u64> {
    let (mut value, mut seen) = (0, 0);
    for at in runs.into_iter().flatten() {
        let digit = digit(text[at]);
        seen |= digit;
        value = value << 4 | u64::from(digit & 15);
    }
    (seen <= 15).then_some(value)
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
    fn only_the_usual_form_of_a_uuid_is_kept_as_numbers() {
        let halves = [0x0198_abcd_ef00_7f01, 0x8002_0304_0506_0708];
        assert_eq!(uuid("0198abcd-ef00-7f01-8002-030405060708"), Some(halves));
        for other in [
            "0198ABCD-ef00-7f01-8002-030405060708",
            "0198abcdef007f018002030405060708",
            "0198abcd-ef00-7f01-8002-03040506070g",
            "0198abcd-ef00-7f01-8002-03040506070",
            "0198abcd-ef00-7f01-8002-0304050607080",
            "0198abcd_ef00-7f01-8002-030405060708",
            "{198abcd-ef00-7f01-8002-03040506070}",
            "00000000-0000-0000-8002-030405060708",
            "0198abcd-ef00-7f01-0000-000000000000",
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
    fn of_many_names_each_is_found_and_no_other_is() {
        let names = Names::default();
        let name = |number: u64| format!("0198abcd-ef00-7f01-8002-{:012x}", number * 7919);
        for number in 0..5000 {
            names.put(name(number), i64::try_from(number).unwrap(), i64::max);
            assert_eq!(names.get(&name(number)), Some(i64::try_from(number).unwrap()));
            assert_eq!(names.get(&name(number + 1)), None);
        }
        names.retain(|value| value % 3 == 0);
        assert_eq!(names.len(), 1667);
        for number in 0..5000 {
            assert_eq!(names.get(&name(number)).is_some(), number % 3 == 0, "{number}");
        }
    }

    #[test]
    fn what_has_been_put_is_found_while_others_write_and_forget() {
        let names = Names::default();
        let name = |writer: u64, number: u64| format!("0198abcd-ef00-7f0{writer}-8002-{number:012x}");
        std::thread::scope(|scope| {
            for writer in 1..4 {
                let names = &names;
                scope.spawn(move || {
                    for number in 0..2000 {
                        names.put(name(writer, number), 2, i64::max);
                        assert_eq!(names.get(&name(writer, number / 2)), Some(2));
                        if number % 100 == 0 {
                            names.put(name(9, number), 1, i64::max);
                            names.retain(|value| value > 1);
                        }
                    }
                });
            }
        });
        names.retain(|value| value > 1);
        assert_eq!(names.len(), 6000);
    }

    #[test]
    fn the_count_is_right_whoever_writes_at_once() {
        let names = Names::default();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for number in 0..500 {
                        names.put(format!("name {number}"), 1, i64::max);
                        names.put(format!("0198abcd-ef00-7f01-8002-{number:012x}"), 1, i64::max);
                    }
                    names.retain(|value| value > 1);
                });
            }
        });
        names.retain(|value| value > 1);
        assert_eq!(names.len(), 0);
    }
}
