//! A small world around the rule, in which everything that can happen can be tried: tabs that share a cookie jar, requests
//! and answers on the way, losses, requests that wait in a server, restarts, nodes whose clocks disagree, log-outs, and a thief.
//!
//! A token is named by how many generations it is behind the current one, and times count from the last rotation. So the
//! same situation later on is the same state, and a finite number of states stands for lives of any length.

use std::time::Duration;

use crate::domain::refresh::Decision;
use crate::domain::session::{EndReason, Ended, Session, sample};
use crate::domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// The current generation in every state: only differences matter.
const CURRENT: u64 = 10;
/// Tokens this far behind and further are all alike.
const FAR: u8 = 3;

/// Waits this long and longer are all alike.
const LONGEST_WAIT: u8 = 4;

/// How many generations a token is behind the current one.
pub(super) type Lag = u8;

/// What decides: the rule, or a wrong one to see that it is found out.
pub(super) type Rule = fn(&Session, u64, Presented, window: u8) -> Decision;

/// When a token was presented, and how long ago that is when it is decided.
#[derive(Clone, Copy, Debug)]
pub(super) struct Presented {
    pub(super) at: Timestamp,
    pub(super) waited: Duration,
}

/// How large the world is. Times are in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The retry window.
    pub(super) window: u8,
    /// How far the clocks of two nodes, or of one before and after a step, are apart at most.
    pub(super) skew: u8,
    /// In what time an honest tab has its answer, its retries included. It begins anew for a tab that waits while its token is
    /// the current one: that may go on for as long as it likes, when a store does not answer.
    pub(super) exchange: u8,
    /// For how long a tab that has got an access token does not refresh.
    pub(super) access_life: u8,
    /// Tabs that share the jar.
    pub(super) tabs: u8,
    /// Requests or answers of one exchange that are lost.
    pub(super) losses: u8,
    /// Requests that wait in servers at once, for a store that does not answer, while their tabs have given them up.
    pub(super) held: u8,
    /// Whether a rotation is dated when its request came, and not when it happens: a fault, to see that it is found out.
    pub(super) backdated: bool,
    pub(super) thief: bool,
}

/// One situation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    /// Time since the last rotation, by the clock of the most backward node; not counted beyond the window.
    age: i8,
    /// The token in the jar.
    jar: Lag,
    /// How long the access token in the jar is still good.
    fresh: u8,
    /// The tabs, sorted, since it does not matter which is which.
    tabs: Vec<Tab>,
    /// The requests that wait in servers, sorted.
    held: Vec<Held>,
    /// Which tokens the thief has: a bit for each lag.
    loot: u8,
    /// Whether a thief has moved the chain on; from then on the owner may be logged out.
    robbed: bool,
    ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Tab {
    phase: Phase,
    /// The token that it sent, or that it is being sent.
    token: Lag,
    /// How long its exchange has been going on.
    since: u8,
    /// How many requests and answers were lost in it.
    losses: u8,
}

/// A request that waits, however long, to be decided in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Held {
    /// The token that it presents.
    token: Lag,
    /// How far ahead the clock of its server is.
    ahead: u8,
    /// By that clock, the time from the last rotation to its coming.
    came: i8,
    /// How long it has waited; not counted beyond [`LONGEST_WAIT`].
    waited: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Phase {
    Rest,
    /// Its request is on the way.
    Asked,
    /// The answer is on the way.
    Answered,
    /// Request or answer was lost.
    Waiting,
}

const REST: Tab = Tab { phase: Phase::Rest, token: 0, since: 0, losses: 0 };

/// Something that can happen. Tabs go by their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A second passes.
    Pass,
    /// A tab sends what the jar holds.
    Ask(usize),
    /// A request reaches a node whose clock is this far ahead.
    Reach(usize, u8),
    /// A request reaches such a node and waits there, and its tab gives it up.
    Hold(usize, u8),
    /// A request that waited is decided.
    Decide(usize),
    /// An answer reaches its tab.
    Receive(usize),
    /// A request or an answer is lost.
    Lose(usize),
    /// A tab whose answer does not come asks again, or takes what another tab got meanwhile.
    Retry(usize),
    /// The server is killed and starts again: whatever was on the way is lost.
    Restart,
    LogOut,
    /// The thief copies the jar.
    Steal,
    /// The thief presents a token to a node whose clock is this far ahead.
    Strike(Lag, u8),
}

/// What must never happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Violation {
    HonestClientLoggedOut,
    ChainForked,
    ThiefGotAway,
    EndedSessionLives,
}

impl World {
    pub(super) fn new(bounds: Bounds) -> Self {
        let tabs = vec![REST; usize::from(bounds.tabs)];
        let (jar, fresh) = (0, bounds.access_life);
        Self { age: 0, jar, fresh, tabs, held: Vec::new(), loot: 0, robbed: false, ended: false }
    }

    /// All that can happen now. What cannot is what makes the clients honest: they wait until their access token is old,
    /// and no exchange takes longer or loses more than the bounds say.
    pub(super) fn steps(&self, bounds: Bounds) -> Vec<Step> {
        if self.ended {
            return Vec::new();
        }
        let mut steps = vec![Step::LogOut];
        steps.extend((0..self.held.len()).map(Step::Decide));
        let tabs = || self.tabs.iter().enumerate();
        let may_wait = |tab: &Tab| tab.phase == Phase::Waiting && self.jar == 0;
        if tabs().all(|(_, tab)| tab.phase == Phase::Rest || may_wait(tab) || tab.since < bounds.exchange) {
            steps.push(Step::Pass);
        }
        let under_way = |tab: &Tab| matches!(tab.phase, Phase::Asked | Phase::Answered);
        if tabs().all(|(_, tab)| !under_way(tab) || tab.losses < bounds.losses) {
            steps.push(Step::Restart);
        }
        for (place, tab) in tabs() {
            match tab.phase {
                Phase::Rest if self.fresh == 0 => steps.push(Step::Ask(place)),
                Phase::Rest => {}
                Phase::Asked => steps.extend((0..=bounds.skew).map(|ahead| Step::Reach(place, ahead))),
                Phase::Answered => steps.push(Step::Receive(place)),
                Phase::Waiting => steps.push(Step::Retry(place)),
            }
            if under_way(tab) && tab.losses < bounds.losses {
                steps.push(Step::Lose(place));
                if tab.phase == Phase::Asked && self.held.len() < usize::from(bounds.held) {
                    steps.extend((0..=bounds.skew).map(|ahead| Step::Hold(place, ahead)));
                }
            }
        }
        if bounds.thief {
            steps.push(Step::Steal);
            let loot = (0..=FAR).filter(|lag| self.loot & 1 << lag != 0);
            steps.extend(loot.flat_map(|lag| (0..=bounds.skew).map(move |ahead| Step::Strike(lag, ahead))));
        }
        steps
    }

    /// The world after a step.
    pub(super) fn after(&self, step: Step, rule: Rule, bounds: Bounds) -> Result<Self, Violation> {
        let mut next = self.clone();
        match step {
            Step::Pass => next.pass(bounds),
            Step::Ask(place) => next.tabs[place] = Tab { phase: Phase::Asked, token: self.jar, ..REST },
            Step::Reach(place, ahead) => next.reach(place, ahead, rule, bounds)?,
            Step::Hold(place, ahead) => next.hold(place, ahead),
            Step::Decide(place) => next.decide_held(place, rule, bounds)?,
            Step::Receive(place) => next.receive(place, bounds),
            Step::Lose(place) => next.lose(place),
            Step::Retry(place) => next.retry(place),
            Step::Restart => next.restart(),
            Step::LogOut => next.end(rule, bounds)?,
            Step::Steal => next.loot |= 1 << self.jar,
            Step::Strike(lag, ahead) => next.strike(lag, ahead, rule, bounds)?,
        }
        next.tabs.sort_unstable();
        next.held.sort_unstable();
        Ok(next)
    }

    fn pass(&mut self, bounds: Bounds) {
        self.age = (self.age + 1).min(bounds.window.cast_signed() + 1);
        self.fresh = self.fresh.saturating_sub(1);
        let is_current = self.jar == 0;
        for tab in self.tabs.iter_mut().filter(|tab| tab.phase != Phase::Rest) {
            let begins_anew = tab.phase == Phase::Waiting && is_current;
            (tab.since, tab.losses) = if begins_anew { (0, 0) } else { (tab.since + 1, tab.losses) };
        }
        for held in &mut self.held {
            held.waited = (held.waited + 1).min(LONGEST_WAIT);
        }
    }

    fn reach(&mut self, place: usize, ahead: u8, rule: Rule, bounds: Bounds) -> Result<(), Violation> {
        let given = self.present(self.coming(self.tabs[place].token, ahead), rule, bounds)?;
        if !given && !self.robbed {
            return Err(Violation::HonestClientLoggedOut);
        }
        let tab = &mut self.tabs[place];
        *tab = Tab { phase: Phase::Answered, token: 0, ..*tab };
        Ok(())
    }

    /// What a request is when it comes.
    fn coming(&self, token: Lag, ahead: u8) -> Held {
        Held { token, ahead, came: self.age + ahead.cast_signed(), waited: 0 }
    }

    fn hold(&mut self, place: usize, ahead: u8) {
        self.held.push(self.coming(self.tabs[place].token, ahead));
        self.lose(place);
    }

    /// Nobody waits for the answer any more, so it may be any, as long as nothing ends.
    fn decide_held(&mut self, place: usize, rule: Rule, bounds: Bounds) -> Result<(), Violation> {
        let held = self.held.remove(place);
        self.present(held, rule, bounds)?;
        if self.ended && !self.robbed { Err(Violation::HonestClientLoggedOut) } else { Ok(()) }
    }

    /// An answer that was overtaken does not put an older token into the jar.
    fn receive(&mut self, place: usize, bounds: Bounds) {
        self.jar = self.jar.min(self.tabs[place].token);
        self.fresh = bounds.access_life;
        self.tabs[place] = REST;
    }

    /// The tab knows only that nothing has come. What it will send again is what is in the jar.
    fn lose(&mut self, place: usize) {
        let tab = &mut self.tabs[place];
        *tab = Tab { phase: Phase::Waiting, token: 0, losses: tab.losses + 1, ..*tab };
    }

    fn retry(&mut self, place: usize) {
        let renewed = self.fresh > 0;
        let tab = &mut self.tabs[place];
        *tab = if renewed { REST } else { Tab { phase: Phase::Asked, token: self.jar, ..*tab } };
    }

    fn restart(&mut self) {
        for place in 0..self.tabs.len() {
            if matches!(self.tabs[place].phase, Phase::Asked | Phase::Answered) {
                self.lose(place);
            }
        }
    }

    fn strike(&mut self, lag: Lag, ahead: u8, rule: Rule, bounds: Bounds) -> Result<(), Violation> {
        let too_late = lag > 1 || (lag == 1 && self.age + ahead.cast_signed() > bounds.window.cast_signed());
        let given = self.present(self.coming(lag, ahead), rule, bounds)?;
        if too_late && !self.ended {
            return Err(Violation::ThiefGotAway);
        }
        self.robbed |= lag == 0;
        self.loot |= u8::from(given);
        Ok(())
    }

    /// Presents a token. Tells whether the successor was given, which has lag 0 then.
    fn present(&mut self, request: Held, rule: Rule, bounds: Bounds) -> Result<bool, Violation> {
        let presented = CURRENT - u64::from(request.token);
        match self.decide(presented, request, rule, bounds) {
            Decision::Rotate { generation } if request.token == 0 && generation == CURRENT + 1 => {
                self.rotate(request, bounds);
            }
            Decision::Replay { generation } if request.token == 1 && generation == CURRENT => {}
            Decision::Rotate { .. } | Decision::Replay { .. } => return Err(Violation::ChainForked),
            Decision::Reuse => {
                self.end(rule, bounds)?;
                return Ok(false);
            }
            Decision::Overtaken | Decision::Refused(_) => return Ok(false),
        }
        Ok(true)
    }

    fn decide(&self, presented: u64, request: Held, rule: Rule, bounds: Bounds) -> Decision {
        let mut session = sample::any(NOW);
        session.generation = CURRENT;
        session.ended = self.ended.then_some(Ended { at: NOW, reason: EndReason::Reuse });
        let at = NOW.plus_seconds(i64::from(request.came));
        rule(&session, presented, Presented { at, waited: Duration::from_secs(request.waited.into()) }, bounds.window)
    }

    /// Everyone's tokens are one generation further behind.
    fn rotate(&mut self, by: Held, bounds: Bounds) {
        let older = |lag: Lag| (lag + 1).min(FAR);
        let ahead =
            if bounds.backdated { by.ahead.cast_signed() - by.waited.cast_signed() } else { by.ahead.cast_signed() };
        self.age = -ahead;
        for held in &mut self.held {
            held.token = older(held.token);
            held.came = held.ahead.cast_signed() - held.waited.cast_signed() - ahead;
        }
        self.jar = older(self.jar);
        for tab in self.tabs.iter_mut().filter(|tab| matches!(tab.phase, Phase::Asked | Phase::Answered)) {
            tab.token = older(tab.token);
        }
        let far = self.loot & 1 << FAR;
        self.loot = (self.loot << 1) & 0b1111 | far;
    }

    /// Ends the session; from then on nothing works, whatever is presented and whenever.
    fn end(&mut self, rule: Rule, bounds: Bounds) -> Result<(), Violation> {
        self.ended = true;
        let refuses = |presented| {
            let refused = |ahead| self.decide(presented, self.coming(0, ahead), rule, bounds);
            (0..=bounds.skew).all(|ahead| matches!(refused(ahead), Decision::Refused(_)))
        };
        let refuses_all = (CURRENT - u64::from(FAR)..=CURRENT + 1).all(refuses);
        if refuses_all { Ok(()) } else { Err(Violation::EndedSessionLives) }
    }
}
