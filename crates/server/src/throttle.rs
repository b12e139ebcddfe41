//! Slows down guessing: after a few wrong passwords for one address, each further try has to wait, longer each time.
//!
//! A try counts from its start, so fifty at once are fifty tries. The wait has a ceiling: nobody is locked out for good.
//! Known and unknown addresses are treated alike. The counters live in this process, are bounded in number, and the
//! addresses in them are hashed under a key of the process.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::config;
use crate::domain::throttle::{Tries, admit};
use crate::domain::time::Timestamp;

/// Addresses remembered at once. Those with the fewest tries are forgotten first, and of these the oldest; each one cost
/// the attacker a password hash.
const MAX_REMEMBERED: usize = 100_000;

/// Counters of recent tries by address.
#[derive(Debug)]
pub(crate) struct Throttle {
    enabled: bool,
    hasher: RandomState,
    recent: Mutex<HashMap<u64, Tries>>,
}

/// What is tried besides log-in; each is counted by itself, so that strangers who guess at log-in keep nobody from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Changing the password, by who they are.
    ChangePassword,
    /// Changing the address, by who they are.
    ChangeEmail,
    /// Registering where mail goes to the address, by address.
    Register,
    /// Asking for a link that sets a new password, by address.
    Forgot,
    /// Asking for a link that proves an address, by address.
    Resend,
    /// Setting a new password by such a link, by whose it is.
    Reset,
}

impl Act {
    const fn name(self) -> &'static str {
        match self {
            Self::ChangePassword => "change password",
            Self::ChangeEmail => "change email",
            Self::Register => "register",
            Self::Forgot => "forgot",
            Self::Resend => "resend",
            Self::Reset => "reset",
        }
    }
}

/// One admitted try.
#[derive(Debug)]
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    key: Option<u64>,
    before: Option<Tries>,
}

impl Throttle {
    pub(crate) fn new(config: &config::Throttle) -> Self {
        Self { enabled: config.enabled, hasher: RandomState::new(), recent: Mutex::default() }
    }

    /// Admits a try for that address, or says how many seconds to wait.
    pub(crate) fn admit(&self, address: Option<&str>, now: Timestamp) -> Result<Attempt<'_>, u32> {
        let Some(key) = address.filter(|_| self.enabled).map(|address| self.hasher.hash_one(address)) else {
            return Ok(Attempt { throttle: self, key: None, before: None });
        };
        let mut recent = self.recent();
        if recent.len() >= MAX_REMEMBERED && !recent.contains_key(&key) {
            forget_half(&mut recent);
        }
        let before = recent.get(&key).copied();
        let tries = admit(before.unwrap_or_default(), now)?;
        recent.insert(key, tries);
        Ok(Attempt { throttle: self, key: Some(key), before })
    }

    /// The same for something else than log-in.
    pub(crate) fn admit_act(&self, act: Act, whose: &str, now: Timestamp) -> Result<Attempt<'_>, u32> {
        self.admit(Some(&format!("{} {whose}", act.name())), now)
    }

    fn recent(&self) -> MutexGuard<'_, HashMap<u64, Tries>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// The password was right: this address starts anew.
    pub(crate) fn succeeded(self) {
        if let Some(key) = self.key {
            self.throttle.recent().remove(&key);
        }
    }

    /// The password was not looked at after all: nothing was tried, so nothing is counted. Else a flood of tries that cost
    /// nothing could drive the counters of others out.
    pub(crate) fn not_tried(self) {
        match (self.key, self.before) {
            (Some(key), Some(before)) => drop(self.throttle.recent().insert(key, before)),
            (Some(key), None) => drop(self.throttle.recent().remove(&key)),
            (None, _) => {}
        }
    }
}

fn forget_half(recent: &mut HashMap<u64, Tries>) {
    let mut order: Vec<_> = recent.values().map(|tries| (tries.count, tries.last)).collect();
    let middle = order.len() / 2;
    let (_, median, _) = order.select_nth_unstable(middle);
    let median = *median;
    recent.retain(|_, tries| (tries.count, tries.last) > median);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn throttle(enabled: bool) -> Throttle {
        Throttle::new(&config::Throttle { enabled })
    }

    #[test]
    fn a_success_starts_its_own_address_anew_and_no_other() {
        let throttle = throttle(true);
        for _ in 0..4 {
            throttle.admit(Some("a"), at(0)).unwrap();
            throttle.admit(Some("b"), at(0)).unwrap();
        }
        throttle.admit(Some("a"), at(0)).unwrap().succeeded();
        assert!(throttle.admit(Some("b"), at(0)).is_ok());
        assert_eq!(throttle.admit(Some("b"), at(0)).unwrap_err(), 1);
        assert!(throttle.admit(Some("a"), at(0)).is_ok());
    }

    #[test]
    fn what_was_not_tried_is_not_counted() {
        let throttle = throttle(true);
        for _ in 0..5 {
            throttle.admit(Some("a"), at(0)).unwrap();
        }
        throttle.admit(Some("a"), at(1)).unwrap().not_tried();
        assert!(throttle.admit(Some("a"), at(1)).is_ok());
        throttle.admit(Some("b"), at(1)).unwrap().not_tried();
        assert_eq!(throttle.recent().len(), 1);
    }

    #[test]
    fn a_flood_of_addresses_forgets_those_tried_least() {
        let throttle = throttle(true);
        for _ in 0..5 {
            throttle.admit(Some("victim"), at(0)).unwrap();
        }
        for number in 0..=MAX_REMEMBERED {
            throttle.admit(Some(&number.to_string()), at(1)).unwrap();
        }
        assert!(throttle.admit(Some("victim"), at(0)).is_err());
    }

    #[test]
    fn switched_off_it_admits_everything() {
        let throttle = throttle(false);
        assert!((0..1000).all(|_| throttle.admit(Some("a"), at(0)).is_ok()));
        assert!(throttle.recent().is_empty());
    }

    #[test]
    fn the_number_remembered_is_bounded_and_the_newest_stay() {
        let throttle = throttle(true);
        for number in 0..=i64::try_from(MAX_REMEMBERED).unwrap() {
            throttle.admit(Some(&number.to_string()), at(number)).unwrap();
        }
        let recent = throttle.recent();
        assert!(recent.len() <= MAX_REMEMBERED / 2 + 1, "{}", recent.len());
        assert!(recent.contains_key(&throttle.hasher.hash_one(MAX_REMEMBERED.to_string().as_str())));
    }
}
