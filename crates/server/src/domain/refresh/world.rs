//! A small world around the rule, in which everything that can happen can be tried: tabs that share a cookie jar, requests
//! and answers on the way, losses, restarts, nodes whose clocks disagree, log-outs, and a thief.
//!
//! A token is named by how many generations it is behind the current one, and times count from the last rotation. So the
//! same situation later on is the same state, and a finite number of states stands for lives of any length.

use crate::domain::refresh::Decision;
use crate::domain::session::{EndReason, Ended, Session, sample};
use crate::domain::time::Timestamp;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// The current generation in every state: only differences matter.
const CURRENT: u64 = 10;
/// Tokens this far behind and further are all alike.
const FAR: u8 = 3;

/// How many generations a token is behind the current one.
pub(super) type Lag = u8;

/// What decides: the rule, or a wrong one to see that it is found out.
pub(super) type Rule = fn(&Session, u64, Timestamp, window: u8) -> Decision;

/// How large the world is. Times are in seconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// The retry window.
    pub(super) window: u8,
    /// How far the clocks of two nodes, or of one before and after a step, are apart at most.
    pub(super) skew: u8,
    /// In what time an honest tab has its answer, its retries included.
    pub(super) exchange: u8,
    /// For how long a tab that has got an access token does not refresh.
    pub(super) access_life: u8,
    /// Tabs that share the jar.
    pub(super) tabs: u8,
    /// Requests or answers of one exchange that are lost.
    pub(super) losses: u8,
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
        Self { age: 0, jar: 0, fresh: bounds.access_life, tabs, loot: 0, robbed: false, ended: false }
    }

    /// All that can happen now. What cannot is what makes the clients honest: they wait until their access token is old,
    /// and no exchange takes longer or loses more than the bounds say.
    pub(super) fn steps(&self, bounds: Bounds) -> Vec<Step> {
        if self.ended {
            return Vec::new();
        }
        let mut steps = vec![Step::LogOut];
        let tabs = || self.tabs.iter().enumerate();
        if tabs().all(|(_, tab)| tab.phase == Phase::Rest || tab.since < bounds.exchange) {
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
            Step::Receive(place) => next.receive(place, bounds),
            Step::Lose(place) => next.lose(place),
            Step::Retry(place) => next.retry(place),
            Step::Restart => next.restart(),
            Step::LogOut => next.end(rule, bounds)?,
            Step::Steal => next.loot |= 1 << self.jar,
            Step::Strike(lag, ahead) => next.strike(lag, ahead, rule, bounds)?,
        }
        next.tabs.sort_unstable();
        Ok(next)
    }

    fn pass(&mut self, bounds: Bounds) {
        self.age = (self.age + 1).min(bounds.window.cast_signed() + 1);
        self.fresh = self.fresh.saturating_sub(1);
        for tab in self.tabs.iter_mut().filter(|tab| tab.phase != Phase::Rest) {
            tab.since += 1;
        }
    }

    fn reach(&mut self, place: usize, ahead: u8, rule: Rule, bounds: Bounds) -> Result<(), Violation> {
        let given = self.present(self.tabs[place].token, ahead, rule, bounds)?;
        if !given && !self.robbed {
            return Err(Violation::HonestClientLoggedOut);
        }
        let tab = &mut self.tabs[place];
        *tab = Tab { phase: Phase::Answered, token: 0, ..*tab };
        Ok(())
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
        let given = self.present(lag, ahead, rule, bounds)?;
        if too_late && !self.ended {
            return Err(Violation::ThiefGotAway);
        }
        self.robbed |= lag == 0;
        self.loot |= u8::from(given);
        Ok(())
    }

    /// Presents a token. Tells whether the successor was given, which has lag 0 then.
    fn present(&mut self, lag: Lag, ahead: u8, rule: Rule, bounds: Bounds) -> Result<bool, Violation> {
        let presented = CURRENT - u64::from(lag);
        match self.decide(presented, ahead, rule, bounds) {
            Decision::Rotate { generation } if lag == 0 && generation == CURRENT + 1 => self.rotate(ahead),
            Decision::Replay { generation } if lag == 1 && generation == CURRENT => {}
            Decision::Rotate { .. } | Decision::Replay { .. } => return Err(Violation::ChainForked),
            Decision::Reuse => {
                self.end(rule, bounds)?;
                return Ok(false);
            }
            Decision::Overtaken | Decision::Refused(_) => return Ok(false),
        }
        Ok(true)
    }

    fn decide(&self, presented: u64, ahead: u8, rule: Rule, bounds: Bounds) -> Decision {
        let mut session = sample::any(NOW);
        session.generation = CURRENT;
        session.ended = self.ended.then_some(Ended { at: NOW, reason: EndReason::Reuse });
        let now = NOW.plus_seconds(i64::from(self.age) + i64::from(ahead));
        rule(&session, presented, now, bounds.window)
    }

    /// Everyone's tokens are one generation further behind.
    fn rotate(&mut self, ahead: u8) {
        let older = |lag: Lag| (lag + 1).min(FAR);
        self.age = -ahead.cast_signed();
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
            (0..=bounds.skew).all(|ahead| matches!(self.decide(presented, ahead, rule, bounds), Decision::Refused(_)))
        };
        let refuses_all = (CURRENT - u64::from(FAR)..=CURRENT + 1).all(refuses);
        if refuses_all { Ok(()) } else { Err(Violation::EndedSessionLives) }
    }
}
