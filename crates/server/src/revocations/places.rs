//! Who may follow the feed: so many in all, and so many of one network, so that nobody can take every place alone.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The places of those who follow.
#[derive(Debug)]
pub(crate) struct Places {
    /// Most of all networks together.
    all: u32,
    /// Most of one network.
    each: u32,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: u32,
    of: HashMap<IpAddr, u32>,
}

/// A place. It is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    places: Arc<Places>,
    network: Option<IpAddr>,
}

impl Places {
    pub(crate) fn new(all: u32, each: u32) -> Self {
        Self { all, each, taken: Mutex::default() }
    }

    /// A place for somebody at an address, if there is one. Whose address is not known counts among all alone.
    pub(crate) fn take(self: &Arc<Self>, address: Option<IpAddr>) -> Option<Place> {
        let network = address.map(network);
        let mut taken = self.taken();
        if taken.all >= self.all {
            return None;
        }
        if let Some(network) = network {
            let of_network = taken.of.entry(network).or_default();
            if *of_network >= self.each {
                return None;
            }
            *of_network += 1;
        }
        taken.all += 1;
        Some(Place { places: Arc::clone(self), network })
    }

    /// The lock is held for a look or a change, and never across a wait.
    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.all -= 1;
        if let Some(network) = self.network
            && let Some(of_network) = taken.of.get_mut(&network)
        {
            *of_network -= 1;
            if *of_network == 0 {
                taken.of.remove(&network);
            }
        }
    }
}

/// One customer has an address of version 4, and of version 6 at least a network of 64 bits (RFC 6177 §2).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(places: &Arc<Places>, address: &str) -> Option<Place> {
        places.take(Some(address.parse().unwrap()))
    }

    #[test]
    fn one_network_leaves_places_to_the_others() {
        let places = Arc::new(Places::new(5, 2));
        let (first, second) = (take(&places, "192.0.2.1"), take(&places, "::ffff:192.0.2.1"));
        assert!(first.is_some() && second.is_some() && take(&places, "192.0.2.1").is_none());
        let other = [take(&places, "2001:db8::1"), take(&places, "2001:db8::ffff:2")];
        assert!(other.iter().all(Option::is_some) && take(&places, "2001:db8:0:0:5::").is_none());
        let unknown = places.take(None);
        assert!(
            unknown.is_some() && places.take(None).is_none() && take(&places, "192.0.2.2").is_none(),
            "all are taken"
        );
        drop(first);
        assert!(take(&places, "192.0.2.1").is_some());
        drop((second, other, unknown));
        let taken = places.taken();
        assert_eq!((taken.all, taken.of.len()), (0, 0), "nothing is kept of those who have left");
    }

    #[test]
    fn whoever_comes_at_once_gets_no_more_than_there_are() {
        let places = Arc::new(Places::new(50, 20));
        let take = |number: usize| {
            let places = Arc::clone(&places);
            std::thread::spawn(move || {
                let address = IpAddr::from([192, 0, 2, u8::try_from(number % 4).unwrap()]);
                (0..30).filter_map(|_| places.take(Some(address))).collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..8).map(take).collect();
        let held: Vec<Vec<Place>> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        assert_eq!((held.iter().map(Vec::len).sum::<usize>(), places.taken().all), (50, 50));
        drop(held);
        assert_eq!(places.taken().all, 0);
    }
}
