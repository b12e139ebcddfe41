//! Names of 16 bytes in memory, each with something about it, side by side in one block: a look-up touches one or two cache
//! lines, and takes no lock.
//!
//! Writers take turns. A place is filled once and never emptied: names are dropped, and room is made, by filling another
//! block and putting it in the place of this one, which readers that still look at it keep alive.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arc_swap::ArcSwap;

/// A name, in two halves that are not 0.
pub(super) type Name = [u64; 2];

/// What is kept about a name: something that fits in two numbers.
pub(super) trait Kept: Copy {
    fn to_numbers(self) -> [i64; 2];
    fn from_numbers(numbers: [i64; 2]) -> Self;
}

impl Kept for i64 {
    fn to_numbers(self) -> [i64; 2] {
        [self, 0]
    }

    fn from_numbers([value, _]: [i64; 2]) -> Self {
        value
    }
}

/// The names.
pub(super) struct Table {
    block: ArcSwap<Block>,
    /// How many there are, beside the block: most look-ups end with "there are none".
    count: AtomicUsize,
    /// Held by whoever writes.
    writer: Mutex<()>,
    /// Nobody can choose names that fall into one place.
    seed: u64,
}

struct Block {
    places: Box<[Place]>,
}

/// Empty while the first half of the name is 0, which is written last.
#[derive(Default)]
#[repr(align(32))]
struct Place {
    first: AtomicU64,
    second: AtomicU64,
    kept: [AtomicI64; 2],
}

/// The fewest places of a block that has any.
const FEWEST: usize = 16;

impl Default for Table {
    fn default() -> Self {
        let seed = RandomState::new().hash_one(0) | 1;
        let block = ArcSwap::from_pointee(Block::of(0));
        Self { block, count: AtomicUsize::new(0), writer: Mutex::default(), seed }
    }
}

impl Table {
    /// What is kept about a name.
    pub(super) fn get<V: Kept>(&self, name: Name) -> Option<V> {
        let block = self.block.load();
        block.find(self.seed, name).ok().map(Place::kept)
    }

    /// Keeps something about a name, joined with what was kept before.
    pub(super) fn put<V: Kept>(&self, name: Name, new: V, join: impl Fn(V, V) -> V) {
        let _turn = self.turn();
        let block = self.block.load();
        let known = self.count.load(Ordering::Relaxed);
        match block.find(self.seed, name) {
            Ok(place) => return place.keep(join(place.kept(), new)),
            Err(Some(place)) if block.has_room_beside(known) => place.fill(name, new),
            Err(_) => {
                let wider = block.copied(self.seed, known + known / 2 + 1, |_: V| true);
                wider.add(self.seed, name, new);
                self.block.store(Arc::new(wider));
            }
        }
        self.count.store(known + 1, Ordering::Release);
    }

    /// Drops the names about which this is not kept any longer.
    pub(super) fn retain<V: Kept>(&self, keep: impl Fn(V) -> bool) {
        let _turn = self.turn();
        let block = self.block.load();
        let staying = block.filled().filter(|place| keep(place.kept())).count();
        if staying < self.len() {
            self.block.store(Arc::new(block.copied(self.seed, staying, keep)));
            self.count.store(staying, Ordering::Release);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        // Whoever panicked in its turn has left a block that is whole: a place counts from its last write on.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Block {
    /// With room for so many names, and two thirds full then at the most.
    fn of(names: usize) -> Self {
        let places = if names == 0 { 0 } else { (names + names / 2 + 1).max(FEWEST) };
        Self { places: (0..places).map(|_| Place::default()).collect() }
    }

    /// The place of a name, or the empty one where it would be; none where there is none at all.
    fn find(&self, seed: u64, name: Name) -> Result<&Place, Option<&Place>> {
        let start = self.start(seed, name);
        for place in self.places[start..].iter().chain(&self.places[..start]) {
            match place.first.load(Ordering::Acquire) {
                0 => return Err(Some(place)),
                first if first == name[0] && place.second.load(Ordering::Relaxed) == name[1] => return Ok(place),
                _ => {}
            }
        }
        Err(None)
    }

    /// Where to begin to look: the hash as a fraction of all places.
    fn start(&self, seed: u64, [first, second]: Name) -> usize {
        let hash = (first.rotate_left(32) ^ second).wrapping_mul(seed).rotate_left(32).wrapping_mul(seed);
        let place = (u128::from(hash) * self.places.len() as u128) >> 64;
        // Below the number of places, always.
        usize::try_from(place).unwrap_or_default()
    }

    /// Adds a name that is not there, where there is room.
    fn add<V: Kept>(&self, seed: u64, name: Name, value: V) {
        if let Err(Some(place)) = self.find(seed, name) {
            place.fill(name, value);
        }
    }

    /// The names that are to be kept, in a block with room for so many.
    fn copied<V: Kept>(&self, seed: u64, room: usize, keep: impl Fn(V) -> bool) -> Self {
        let copy = Self::of(room);
        for place in self.filled().filter(|place| keep(place.kept())) {
            let name = [place.first.load(Ordering::Relaxed), place.second.load(Ordering::Relaxed)];
            copy.add(seed, name, place.kept::<V>());
        }
        copy
    }

    fn filled(&self) -> impl Iterator<Item = &Place> {
        self.places.iter().filter(|place| place.first.load(Ordering::Acquire) != 0)
    }

    /// Whether one more leaves a third of the places empty.
    fn has_room_beside(&self, names: usize) -> bool {
        names < self.places.len() / 3 * 2
    }
}

impl Place {
    fn fill<V: Kept>(&self, name: Name, value: V) {
        self.keep(value);
        self.second.store(name[1], Ordering::Relaxed);
        // What was written before is seen by whoever sees this.
        self.first.store(name[0], Ordering::Release);
    }

    fn kept<V: Kept>(&self) -> V {
        V::from_numbers([self.kept[0].load(Ordering::Acquire), self.kept[1].load(Ordering::Acquire)])
    }

    fn keep<V: Kept>(&self, value: V) {
        for (kept, number) in self.kept.iter().zip(value.to_numbers()) {
            kept.store(number, Ordering::Release);
        }
    }
}
