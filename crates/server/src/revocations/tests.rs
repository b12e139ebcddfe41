//! The feed against its promises: complete from any number, signed once for all, live, bounded.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jotgate_jose::{Algorithm, jwt};
use jotgate_wire::{FeedDocument, Subject as Ended};
use tempfile::TempDir;

use super::documents::Signed;
use super::live::Events;
use super::{Course, Revocations};
use crate::clock::Clock;
use crate::config::{Config, Seconds};
use crate::domain::revocation::{Revocation, Subject};
use crate::domain::time::Timestamp;
use crate::flows;
use crate::random::SystemRandom;
use crate::store::conformance::revocations::{Append, PutBack};
use crate::store::revocations::{Feed, FeedEntry};
use crate::{App, Jobs};

const NOW: i64 = 1_800_000_000;
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl ManualClock {
    fn advance(&self, millis: i64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

/// One or several servers on one database.
struct Place {
    data: TempDir,
    clock: Arc<ManualClock>,
}

impl Place {
    fn new() -> Self {
        Self { data: tempfile::tempdir().unwrap(), clock: Arc::new(ManualClock(AtomicI64::new(NOW * 1000))) }
    }

    async fn open(&self) -> App {
        let mut config = Config::new("https://auth.example.com").unwrap();
        config.base_dir = self.data.path().to_owned();
        config.revocations.heartbeat = Seconds(1);
        config.revocations.max_streams = 20;
        App::open_with(config, self.clock.clone(), Arc::new(SystemRandom)).await.unwrap()
    }

    async fn running(&self) -> (App, Jobs) {
        let app = self.open().await;
        let jobs = app.start_jobs();
        until(|| app.inner.revocations.live.is_open()).await;
        (app, jobs)
    }
}

async fn until(done: impl Fn() -> bool) {
    let waiting = async {
        while !done() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

async fn end(app: &App, names: impl IntoIterator<Item = String>) {
    let subjects = names.into_iter().map(Subject::Token).collect();
    app.end(Append { subjects, forget_at: super::forget_at(app.now()) }).await.unwrap();
}

/// What a document says to whoever has the keys.
fn read(app: &App, jwt: &str) -> FeedDocument {
    let policy = jwt::Policy::builder()
        .issuer("https://auth.example.com")
        .audience(FeedDocument::AUDIENCE)
        .algorithms([Algorithm::EdDsa])
        .token_type(FeedDocument::TYPE)
        .max_token_bytes(FeedDocument::MAX_BYTES)
        .build();
    let verified = jwt::verify::<FeedDocument>(jwt, app.keyring().verifying().as_ref(), &policy, app.now().seconds());
    let document = verified.unwrap().into_claims();
    assert!(document.is_consistent(), "{document:?}");
    document
}

async fn document(app: &App, after: u64) -> (Arc<Signed>, FeedDocument) {
    let signed = app.revocations_after(after).await.unwrap();
    let document = read(app, std::str::from_utf8(&signed.jwt()).unwrap());
    (signed, document)
}

/// The numbers that one finds who asks from a number on until there are no more.
async fn ask_from(app: &App, mut after: u64) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    loop {
        let (_, document) = document(app, after).await;
        assert!(document.after <= after, "nothing is left out");
        found.extend(document.entries.iter().map(|entry| entry.seq).filter(|seq| *seq > after));
        if document.reaches_the_head() {
            return found;
        }
        assert!(document.upto > after, "it goes on");
        after = document.upto;
    }
}

fn event(app: &App, bytes: &Bytes) -> FeedDocument {
    let text = std::str::from_utf8(bytes).unwrap();
    let (id, data) = text.strip_prefix("id: ").and_then(|rest| rest.split_once("\ndata: ")).unwrap();
    let document = read(app, data.strip_suffix("\n\n").unwrap());
    assert_eq!(id, document.upto.to_string());
    document
}

async fn next(app: &App, events: &mut Events) -> Option<FeedDocument> {
    let bytes = tokio::time::timeout(PATIENCE, events.recv()).await.unwrap();
    bytes.map(|bytes| event(app, &bytes))
}

fn numbered(numbers: std::ops::Range<u32>) -> impl Iterator<Item = String> {
    numbers.map(|number| format!("token {number}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_asks_from_any_number_on_finds_all_that_follow() {
    let place = Place::new();
    let app = place.open().await;
    assert!(ask_from(&app, 0).await.is_empty());
    end(&app, numbered(0..1300)).await;
    for after in [0, 1, 511, 512, 513, 1023, 1024, 1299, 1300] {
        assert_eq!(ask_from(&app, after).await, (after + 1..=1300).collect(), "{after}");
    }
    let (_, beyond) = document(&app, 5000).await;
    assert_eq!((beyond.after, beyond.upto, beyond.head, beyond.entries.len()), (1300, 1300, 1300, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_questions_is_a_handful_of_signatures() {
    let place = Place::new();
    let app = place.open().await;
    end(&app, numbered(0..1300)).await;
    let mut made = Vec::new();
    for after in (0..1400).chain([u64::MAX]) {
        let (signed, _) = document(&app, after).await;
        if !made.iter().any(|known| Arc::ptr_eq(known, &signed)) {
            made.push(signed);
        }
    }
    assert_eq!(made.len(), 4, "three of entries, and one that says that there are no more");
    place.clock.advance(999);
    assert!(Arc::ptr_eq(&made[3], &document(&app, 1300).await.0));
    place.clock.advance(1);
    let (signed, fresh) = document(&app, 1300).await;
    assert!(!Arc::ptr_eq(&made[3], &signed) && fresh.iat == NOW + 1, "it is never older than a second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_is_in_the_next_answer() {
    let place = Place::new();
    let app = place.open().await;
    for number in 0..5_u32 {
        assert_eq!(ask_from(&app, u64::from(number)).await, BTreeSet::new());
        end(&app, numbered(number..number + 1)).await;
        assert_eq!(ask_from(&app, u64::from(number)).await, BTreeSet::from([u64::from(number) + 1]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_was_put_back_is_read_anew_although_as_much_has_ended_again() {
    let place = Place::new();
    let app = place.open().await;
    end(&app, numbered(0..600)).await;
    let before = ask_from(&app, 0).await;
    assert_eq!(before.len(), 600);
    for epoch in 1..=2 {
        app.inner.store.write(PutBack { ends: 500, epoch }).await.unwrap();
        let subjects = (0..150).map(|number| Subject::Token(format!("again {epoch} {number}"))).collect();
        app.inner.store.write(Append { subjects, forget_at: super::forget_at(app.now()) }).await.unwrap();
        app.follow_revocations().await.unwrap();
        let (_, first) = document(&app, 0).await;
        let (_, second) = document(&app, 512).await;
        assert_eq!((first.epoch, second.epoch, second.head), (epoch * 1024, epoch * 1024, 650), "nothing kept is told");
        for number in [0, 99, 149] {
            let jti = format!("again {epoch} {number}");
            let facts = jotgate_wire::TokenFacts { jti: Some(&jti), ..Default::default() };
            assert!(app.inner.revocations.set.check(&facts).is_some(), "{jti}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_who_follow_see_every_end_once_it_happens_and_none_late() {
    const WRITERS: u32 = 8;
    const EACH: u32 = 40;
    let place = Place::new();
    let ((one, _jobs), (other, _more)) = (place.running().await, place.running().await);
    let followers = (0..10).map(|number| {
        let app = if number % 2 == 0 { one.clone() } else { other.clone() };
        tokio::spawn(async move {
            let mut events = app.follow_live(0, None).unwrap();
            let mut seen = 0;
            while seen < u64::from(WRITERS * EACH) {
                let document = next(&app, &mut events).await.unwrap();
                assert!(document.after <= seen, "a hole: {seen} was seen, and this is after {}", document.after);
                let new: Vec<u64> = document.entries.iter().map(|entry| entry.seq).filter(|seq| *seq > seen).collect();
                assert_eq!(new, (seen + 1..=document.upto).collect::<Vec<_>>());
                seen = seen.max(document.upto);
            }
        })
    });
    let followers: Vec<_> = followers.collect();
    let writers = (0..WRITERS).map(|writer| {
        let app = if writer % 2 == 0 { one.clone() } else { other.clone() };
        tokio::spawn(async move {
            for number in 0..EACH {
                end(&app, [format!("{writer} {number}")]).await;
            }
        })
    });
    for task in writers.collect::<Vec<_>>().into_iter().chain(followers) {
        task.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_begins_where_it_is_told_and_says_that_nothing_has_ended() {
    let place = Place::new();
    let (app, _jobs) = place.running().await;
    end(&app, numbered(0..3)).await;
    let mut events = app.follow_live(2, None).unwrap();
    let first = next(&app, &mut events).await.unwrap();
    assert_eq!((first.entries.last().unwrap().seq, first.head), (3, 3));
    assert_eq!(first.entries.last().unwrap().subject, Ended::Jti("token 2".into()));
    place.clock.advance(5_000);
    let beat = loop {
        let document = next(&app, &mut events).await.unwrap();
        if document.iat > NOW && document.entries.is_empty() {
            break document;
        }
    };
    assert_eq!((beat.iat, beat.after, beat.head, beat.entries.len()), (NOW + 5, 3, 3, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_who_reads_slowly_holds_one_document_and_misses_nothing() {
    let place = Place::new();
    let (app, _jobs) = place.running().await;
    let mut slow = app.follow_live(0, None).unwrap();
    let mut fast = app.follow_live(0, None).unwrap();
    let mut seen = 0;
    for number in 0..100 {
        end(&app, numbered(number..number + 1)).await;
        while seen < u64::from(number) + 1 {
            seen = next(&app, &mut fast).await.unwrap().upto;
        }
    }
    let mut documents = 0;
    let mut reached = 0;
    while reached < 100 {
        let document = next(&app, &mut slow).await.unwrap();
        assert!(document.after <= reached);
        reached = document.upto;
        documents += 1;
    }
    assert!(documents < 100, "it is sent documents instead of a hundred events, {documents} of them");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn streams_are_bounded_and_end_with_the_jobs() {
    let place = Place::new();
    let (app, jobs) = place.running().await;
    let mut streams: Vec<_> = (0..20).map(|_| app.follow_live(0, None).unwrap()).collect();
    assert!(app.follow_live(0, None).is_none());
    streams.pop();
    let free = async |longest| {
        loop {
            match app.follow_live_for(longest, 0, None) {
                Some(stream) => break stream,
                None => tokio::task::yield_now().await,
            }
        }
    };
    let free = |longest| tokio::time::timeout(PATIENCE, free(longest));
    let mut short = free(Duration::ZERO).await.expect("the place of one who left is free");
    while next(&app, &mut short).await.is_some() {}
    streams.push(free(PATIENCE).await.expect("a stream that is over leaves its place"));
    drop(jobs);
    for stream in &mut streams {
        while next(&app, stream).await.is_some() {}
    }
    assert!(app.follow_live(0, None).is_none(), "nobody would tell it anything");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_cannot_read_its_store_says_so_after_a_while() {
    let place = Place::new();
    let (app, _jobs) = place.running().await;
    let refused = |app: &App| match flows::authenticate(app, "x") {
        Err(flows::Failure::AccessToken(refused)) => refused.code.as_str(),
        other => panic!("{other:?}"),
    };
    assert!(!app.inner.revocations.freshness.is_stale(app.now()));
    app.close().await;
    until(|| app.inner.revocations.freshness.is_stale(app.now().plus_seconds(11))).await;
    assert!(!app.inner.revocations.freshness.is_stale(app.now().plus_seconds(10)));
    assert_eq!(refused(&app), "token_malformed", "what is wrong with the token itself comes first");
}

/// Two read after the same number while the store is set back. The second finds the new numbering known already, and knows no more
/// of what is before that number than the first.
#[test]
fn of_two_that_read_while_the_store_is_set_back_neither_skips_what_is_new() {
    let revocations = Revocations::new(&Config::default().revocations);
    let entry = |sequence| FeedEntry {
        sequence,
        revocation: Revocation {
            subject: Subject::Token(sequence.to_string()),
            forget_at: Timestamp::from_seconds(i64::from(u32::MAX)),
        },
    };
    let feed = |epoch, sequence| Feed { epoch, head: sequence, entries: vec![entry(sequence)] };
    assert_eq!(revocations.take_in(0, &feed(0, 500)), Course::GoesOn);
    assert_eq!(revocations.position(), 500);
    assert_eq!(revocations.take_in(500, &feed(1, 550)), Course::SetBack);
    assert_eq!(revocations.take_in(500, &feed(1, 550)), Course::GoesOn);
    assert_eq!(revocations.position(), 0, "what is below 500 in the new numbering was never read");
}
