//! What a hundred thousand entries cost a verifier.

use anyhow::ensure;
use jotgate_wire::{Entry, RevocationSet, Subject, TokenFacts};
use serde_json::json;

use crate::chance::Chance;
use crate::measure::{Contender, in_turn, median, resident_mib};
use crate::report::{Goal, Row};

/// How long a name is.
const UUID_BYTES: usize = 36;
const ENTRIES: u64 = 100_000;
const MEBIBYTES: f64 = 10.0;
const NANOSECONDS: f64 = 100.0;

pub(super) fn measure() -> anyhow::Result<Vec<Row>> {
    let mut chance = Chance::new(7);
    // One after the other in one text, so that the processor has them at hand as after reading a token.
    let sessions: String = (0..ENTRIES).map(|_| uuid(&mut chance)).collect();
    let strangers: String = (0..ENTRIES).map(|_| uuid(&mut chance)).collect();
    let before = resident_mib(std::process::id())?;
    let set = RevocationSet::new();
    for (seq, sid) in (1..).zip(each(&sessions)) {
        set.apply(Entry { seq, subject: Subject::Sid(sid.to_owned()), forget_at: 1_800_004_200 });
    }
    let grown = resident_mib(std::process::id())? - before;
    ensure!(set.len() as u64 == ENTRIES, "{} of {ENTRIES} entries", set.len());
    let ended = look_up(&set, &sessions, true);
    let live = look_up(&set, &strangers, false);
    let memory = Row {
        id: "set.memory_of_10_mib".to_owned(),
        ratio: grown / MEBIBYTES,
        goal: Goal::AtMost(1.0),
        detail: json!({"entries": ENTRIES, "mib": grown}),
    };
    let lookup = Row {
        id: "set.lookup_of_100_ns".to_owned(),
        ratio: live.max(ended) / NANOSECONDS,
        goal: Goal::AtMost(1.0),
        detail: json!({"live_ns": live.round(), "ended_ns": ended.round()}),
    };
    Ok(vec![memory, lookup])
}

/// Nanoseconds for one token, of as many different ones as there are entries.
fn look_up(set: &RevocationSet, sids: &str, has_ended: bool) -> f64 {
    let mut sids = each(sids).cycle();
    let look = || {
        let token = TokenFacts { sid: sids.next(), sub: Some("u"), jti: Some("j"), kid: Some("k"), iat: Some(1) };
        assert_eq!(set.check(&token).is_some(), has_ended, "every entry is found, and no other");
    };
    let times = in_turn(&mut [Contender::new("lookup", look)], 21, 20_000);
    times.first().map(|times| median(times)).unwrap_or_default()
}

/// The names in a text of nothing but them.
fn each(sids: &str) -> impl Iterator<Item = &str> + Clone {
    (0..sids.len() / UUID_BYTES).filter_map(move |at| sids.get(at * UUID_BYTES..(at + 1) * UUID_BYTES))
}

/// A name of the usual form.
fn uuid(chance: &mut Chance) -> String {
    let (high, low) = (chance.below(1 << 48), chance.below(1 << 48));
    format!("{:08x}-{:04x}-7000-8000-{low:012x}", high >> 16, high & 0xffff)
}
