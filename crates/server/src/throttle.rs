//! Slows down guessing, and whatever else must not be done without end: after a few failures each further try has to wait,
//! longer each time.
//!
//! A try is counted three ways: for the account from this network, for the account from anywhere, and for the network whatever the
//! account. What each allows stands in one table ([`Act::limits`]). Known and unknown accounts are treated alike.
//!
//! - A try counts from its start, so fifty at once are fifty tries. Only what failed stays counted, and is forgiven with time: every wait
//!   has a ceiling, and nobody is locked out for good.
//! - What there was too much to do for is no try: who was told to come back soon has not used one up.
//! - A success makes its own account and network start anew, and takes nothing back of what failed elsewhere.
//! - Whoever has logged in from a network before is held to the first count alone when they come from there: strangers cannot keep a
//!   person out by guessing, however many and patient they are ([`Refused::for_strangers`]).
//! - The counters are in memory, bounded in number, and shared with other servers on the same store about once a second
//!   (`jobs/share_tries.rs`). The names in them are MACs.

mod memory;

use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::hmac;

use crate::config;
use crate::domain::subnet::Subnet;
use crate::domain::throttle::{Limit, Tries};
use crate::domain::time::Timestamp;
use crate::metrics;
use crate::store::tries::{StoredTries, TriesChange};
use memory::Memory;

pub(crate) use memory::Name;

/// What is tried. Each is counted by itself, so that strangers who guess at log-in keep nobody from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Logging in: by address, and by network.
    LogIn,
    /// Changing the password, by who they are.
    ChangePassword,
    /// Changing the address, by who they are.
    ChangeEmail,
    /// Wanting an address, by that address, whoever they are.
    WantEmail,
    /// Being told of what happened to an account, by what it is and by the address.
    Notice,
    /// Registering, by network.
    Register,
    /// Registering where a mail goes to the address, by address and by network.
    RegisterUnproven,
    /// Asking for a link that sets a new password, by address and by network.
    Forgot,
    /// Asking for a link that proves an address, by address and by network.
    Resend,
    /// Setting a new password by such a link, by whose it is and by network.
    Reset,
}

/// What an act allows, each way of counting; nothing where a way does not count.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// For the account from one network.
    each: Option<Limit>,
    /// For the account from all networks together.
    account: Option<Limit>,
    /// For the network, whatever the account.
    network: Option<Limit>,
}

impl Act {
    /// Its name among the metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::LogIn => "log_in",
            Self::ChangePassword => "change_password",
            Self::ChangeEmail => "change_email",
            Self::WantEmail => "want_email",
            Self::Notice => "notice",
            Self::Register => "register",
            Self::RegisterUnproven => "register_unproven",
            Self::Forgot => "forgot",
            Self::Resend => "resend",
            Self::Reset => "reset",
        }
    }

    /// NIST SP 800-63B-4 §3.2.2 asks for at most 100 failures in a row, and names waits of up to an hour that grow, and networks from
    /// which the person has logged in before, as ways to spare them the lock-out (OWASP ASVS 5.0 §6.1.1). By this table an account that
    /// is attacked from everywhere takes some 50 guesses on the first day and 24 on each one after it.
    const fn limits(self) -> Limits {
        const QUARTER: u32 = 900;
        const NONE: Limits = Limits { each: None, account: None, network: None };
        const fn limit(free: u32, longest: u32) -> Limit {
            Limit { free, longest }
        }
        match self {
            Self::LogIn => {
                Limits { each: Some(limit(5, QUARTER)), account: Some(limit(20, 3600)), network: Some(limit(100, 60)) }
            }
            // Whoever has an account may have written somebody else's address on it, or want that: both send mail there.
            Self::ChangePassword | Self::ChangeEmail | Self::WantEmail | Self::Notice => {
                Limits { account: Some(limit(5, QUARTER)), ..NONE }
            }
            Self::Register => Limits { network: Some(limit(100, 60)), ..NONE },
            // Whoever asks for mail to somebody else's address must not fill their mailbox, from however many networks.
            Self::RegisterUnproven | Self::Forgot | Self::Resend | Self::Reset => {
                Limits { account: Some(limit(5, QUARTER)), network: Some(limit(100, 60)), ..NONE }
            }
        }
    }
}

/// Who tries.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Who<'a> {
    /// Whose account it is about, by a name that all its spellings share; nothing when the text can be nobody's.
    pub(crate) account: Option<&'a str>,
    /// Where it comes from; nothing where the server is not told. Then all seem to come from one place.
    pub(crate) network: Option<Subnet>,
}

/// A try has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused {
    /// Seconds.
    pub(crate) wait: u32,
    /// Whether only a stranger has to: somebody who has logged in to the account from this network before does not
    /// ([`Throttle::admit_known`]).
    pub(crate) for_strangers: bool,
}

/// Counters of recent tries.
#[derive(Debug)]
pub(crate) struct Throttle {
    enabled: bool,
    key: hmac::Key,
    recent: Mutex<Memory>,
}

/// One admitted try. It has failed unless it says otherwise before it is dropped.
#[derive(Debug)]
#[must_use = "what is dropped has failed"]
pub(crate) struct Attempt<'a> {
    throttle: &'a Throttle,
    held: [Option<Held>; 3],
}

/// One way in which a try is counted.
#[derive(Debug, Clone, Copy)]
struct Held {
    name: Name,
    limit: Limit,
    /// When the one before it was admitted.
    last: Timestamp,
    /// Whether a success makes it start anew.
    is_own: bool,
    now: Timestamp,
}

impl Throttle {
    /// All servers on a store must have the same key.
    pub(crate) fn new(config: &config::Throttle, key: &[u8]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, key);
        Self { enabled: config.enabled, key, recent: Mutex::default() }
    }

    /// Admits a try, or says how long to wait.
    pub(crate) fn admit(&self, act: Act, who: Who<'_>, now: Timestamp) -> Result<Attempt<'_>, Refused> {
        self.admit_by(act.limits(), act, who, now).inspect_err(|_| metrics::throttled(act))
    }

    /// The same for something that is counted by account alone.
    pub(crate) fn admit_act(&self, act: Act, whose: &str, now: Timestamp) -> Result<Attempt<'_>, u32> {
        self.admit(act, Who { account: Some(whose), network: None }, now).map_err(|refused| refused.wait)
    }

    /// The same for somebody who has logged in to this account from this network before. All is counted; what strangers did is not
    /// held against them.
    pub(crate) fn admit_known(&self, act: Act, who: Who<'_>, now: Timestamp) -> Result<Attempt<'_>, Refused> {
        let own = Limits { account: None, network: None, ..act.limits() };
        self.admit_by(own, act, who, now).inspect_err(|_| metrics::throttled(act))
    }

    fn admit_by(&self, held_to: Limits, act: Act, who: Who<'_>, now: Timestamp) -> Result<Attempt<'_>, Refused> {
        let mut held = [None; 3];
        if !self.enabled {
            return Ok(Attempt { throttle: self, held });
        }
        let counted = self.counted(act, who);
        let mut recent = self.recent();
        let check = |counted: Option<(Name, Limit)>, holds: Option<Limit>| match (counted, holds) {
            (Some((name, limit)), Some(_)) => recent.check(name, limit, now),
            _ => Ok(()),
        };
        let [each, account, network] = counted;
        check(each, held_to.each).map_err(|wait| Refused { wait, for_strangers: false })?;
        let strange = [check(account, held_to.account), check(network, held_to.network)];
        if let Some(wait) = strange.into_iter().filter_map(Result::err).max() {
            return Err(Refused { wait, for_strangers: each.is_some() && who.network.is_some() });
        }
        // Where there is no count of their own the account's is: nobody else tries to change this password.
        let own = usize::from(each.is_none());
        for (way, (place, counted)) in held.iter_mut().zip(counted).enumerate() {
            *place = counted.map(|(name, limit)| {
                let last = recent.begin(name, limit, now);
                Held { name, limit, last, is_own: way == own, now }
            });
        }
        drop(recent);
        Ok(Attempt { throttle: self, held })
    }

    /// The counters that a try is counted in.
    fn counted(&self, act: Act, who: Who<'_>) -> [Option<(Name, Limit)>; 3] {
        let limits = act.limits();
        // Behind a proxy that is not configured everyone comes from this machine, and must not wait for everyone.
        let network = who.network.filter(|network| !network.is_here()).map(|network| network.to_string());
        let from = who.network.map_or_else(String::new, |network| network.to_string());
        let name = |way: &str, parts: [Option<&str>; 2]| {
            parts[0].map(|first| self.name(act, [way, first, parts[1].unwrap_or("")]))
        };
        [
            name("each", [who.account, Some(&from)]).zip(limits.each),
            name("account", [who.account, None]).zip(limits.account),
            name("network", [network.as_deref(), None]).zip(limits.network),
        ]
    }

    /// No part can run into the next: each ends with a byte that text does not have.
    fn name(&self, act: Act, parts: [&str; 3]) -> Name {
        let mut mac = hmac::Context::with_key(&self.key);
        mac.update(format!("{act:?}").as_bytes());
        for part in parts {
            mac.update(&[0xFF]);
            mac.update(part.as_bytes());
        }
        let mut name = Name::default();
        let tag = mac.sign();
        name.iter_mut().zip(tag.as_ref()).for_each(|(byte, of_tag)| *byte = *of_tag);
        name
    }

    /// What has changed since it was last asked, of the counters that other servers should know; the most pressing first, and at most
    /// so many.
    pub(crate) fn take_changes(&self, most: usize) -> Vec<TriesChange> {
        self.recent().take_changes(most)
    }

    /// Takes such changes back that could not be shared.
    pub(crate) fn give_back(&self, changes: &[TriesChange]) {
        self.recent().give_back(changes);
    }

    /// Takes in what all servers together have counted.
    pub(crate) fn take_in(&self, stored: &[StoredTries]) {
        self.recent().take_in(stored);
    }

    fn recent(&self) -> MutexGuard<'_, Memory> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt<'_> {
    /// The password was right: this account starts anew from this network.
    pub(crate) fn succeeded(mut self) {
        let mut recent = self.throttle.recent();
        for held in self.held.iter_mut().filter_map(Option::take) {
            recent.end(held.name);
            if held.is_own {
                recent.clear(held.name, held.now);
            }
        }
    }

    /// The password was not looked at after all: nothing was tried, so nothing is counted. Else a flood of tries that cost nothing could
    /// drive the counters of others out.
    pub(crate) fn not_tried(mut self) {
        let mut recent = self.throttle.recent();
        for held in self.held.iter_mut().filter_map(Option::take) {
            recent.end(held.name);
            recent.forget_last(held.name, held.now, held.last);
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        let mut held = self.held.iter_mut().filter_map(Option::take).peekable();
        if held.peek().is_none() {
            return;
        }
        let mut recent = self.throttle.recent();
        for held in held {
            recent.end(held.name);
            recent.failed(held.name, held.limit, held.now);
        }
    }
}

/// What is shared of one counter.
impl From<&StoredTries> for Tries {
    fn from(stored: &StoredTries) -> Self {
        stored.tries
    }
}

#[cfg(test)]
mod tests;
