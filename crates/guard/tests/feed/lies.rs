//! Documents that are not the issuer's, or not good: none of them ends anything, and the guard goes on.

use std::time::Duration;

use jotgate_guard::{Algorithm, Guard};
use jotgate_jose::{SigningKey, jwt};
use jotgate_wire::{Entry, FeedDocument, Subject};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::issuer::{FeedIssuer, Manner};
use crate::support::{NOW, key, outcome};
use crate::{PATIENCE, ended};

/// Makes what an issuer would be lied about with.
type Lie = Box<dyn Fn(&FeedIssuer) -> String>;

/// A document that would end `victim`, if it were believed.
fn forged(issuer: &FeedIssuer) -> FeedDocument {
    let mut document = issuer.document(u64::MAX);
    document.head += 1;
    document.upto = document.head;
    document.entries.push(Entry { seq: document.head, subject: Subject::Sid("victim".into()), forget_at: NOW + 4200 });
    document
}

fn with(document: &FeedDocument, changes: &Value) -> Value {
    let mut document = serde_json::to_value(document).unwrap();
    for (name, value) in changes.as_object().unwrap() {
        document[name] = value.clone();
    }
    document
}

/// Tells those who follow, and then something true; the lie has been judged when that has arrived.
async fn tell(issuer: &FeedIssuer, guard: &Guard, key: &SigningKey, lie: &str, number: usize) {
    let sid = format!("honest-{number}");
    let auth = guard.verify(&issuer.token(key, &json!({"sid": sid}))).await.unwrap();
    issuer.tell(lie);
    issuer.end_session(&sid);
    assert_eq!(ended(guard, &auth).await, "session_ended");
}

#[tokio::test]
async fn lies_end_nothing() {
    let (signs, stranger) = (key("k1"), key("k1"));
    let issuer = FeedIssuer::start(&[&signs]).await;
    let guard = issuer.guard();
    let victim = issuer.token(&signs, &json!({"sid": "victim"}));
    assert_eq!(outcome(&guard, &victim).await, "ok");
    issuer.somebody_follows().await;
    let secret = SigningKey::hmac(Algorithm::Hs256, b"a secret of thirty-two bytes, or more").unwrap().with_kid("k1");
    let typed = |typ: &'static str| move |issuer: &FeedIssuer| jwt::sign(&key("k1"), typ, &forged(issuer)).unwrap();
    let changed = |changes: Value| {
        let signs = signs.clone();
        move |issuer: &FeedIssuer| jwt::sign(&signs, FeedDocument::TYPE, &with(&forged(issuer), &changes)).unwrap()
    };
    let by =
        |key: SigningKey, typ: &'static str| move |issuer: &FeedIssuer| jwt::sign(&key, typ, &forged(issuer)).unwrap();
    let lies: Vec<(&str, Lie)> = vec![
        ("a stranger's signature", Box::new(by(stranger, FeedDocument::TYPE))),
        ("a secret in place of the key", Box::new(by(secret, FeedDocument::TYPE))),
        ("another type", Box::new(by(signs.clone(), "at+jwt"))),
        ("another type and another key", Box::new(typed("JWT"))),
        ("another issuer", Box::new(changed(json!({"iss": "https://other.example"})))),
        ("another audience", Box::new(changed(json!({"aud": "https://api.example.com"})))),
        ("out of date", Box::new(changed(json!({"exp": NOW - 31})))),
        ("from the future", Box::new(changed(json!({"iat": NOW + 31})))),
        ("no time", Box::new(changed(json!({"iat": null})))),
        ("a gap", Box::new(changed(json!({"after": 1_000_000, "upto": 1_000_001, "head": 1_000_001, "entries": []})))),
        ("numbers that do not fit", Box::new(changed(json!({"head": 0})))),
        (
            "an end of something unknown",
            Box::new(changed(json!({"entries": [{"seq": 1, "device": "x", "forget_at": 1}]}))),
        ),
        ("no entries", Box::new(changed(json!({"entries": null})))),
        ("an access token", Box::new(|_: &FeedIssuer| "x.y.z".to_owned())),
        ("no text", Box::new(|_: &FeedIssuer| "\u{fffd}".repeat(1000))),
        ("nothing", Box::new(|_: &FeedIssuer| String::new())),
    ];
    for (number, (what, lie)) in lies.iter().enumerate() {
        tell(&issuer, &guard, &signs, &lie(&issuer), number).await;
        assert_eq!(outcome(&guard, &victim).await, "ok", "{what}");
    }
    issuer.end_session("victim");
    tell(&issuer, &guard, &signs, "", 1000).await;
    assert_eq!(outcome(&guard, &victim).await, "session_ended", "the test would have noticed");
}

#[tokio::test]
async fn a_revoked_key_signs_nothing_any_more() {
    let (stolen, fresh) = (key("stolen"), key("fresh"));
    let issuer = FeedIssuer::start(&[&fresh, &stolen]).await;
    let guard = issuer.guard();
    let victim = issuer.token(&fresh, &json!({"sid": "victim"}));
    let auth = guard.verify(&issuer.token(&stolen, &json!({}))).await.unwrap();
    issuer.somebody_follows().await;
    issuer.end(Subject::Kid("stolen".into()));
    assert_eq!(ended(&guard, &auth).await, "key_revoked");
    let lie = jwt::sign(&stolen, FeedDocument::TYPE, &forged(&issuer)).unwrap();
    tell(&issuer, &guard, &fresh, &lie, 0).await;
    assert_eq!(outcome(&guard, &victim).await, "ok");
}

#[tokio::test]
async fn an_old_document_does_not_bring_back_what_has_ended() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let (old, mut other) = (issuer.sign(&issuer.document(0)), issuer.document(0));
    other.epoch = 5;
    let other = issuer.sign(&other);
    let guard = issuer.guard();
    let victim = issuer.token(&key, &json!({"sid": "victim"}));
    let auth = guard.verify(&victim).await.unwrap();
    issuer.somebody_follows().await;
    issuer.clock.set(NOW + 5);
    issuer.end_session("victim");
    assert_eq!(ended(&guard, &auth).await, "session_ended");
    for (number, replayed) in [old, other].iter().enumerate() {
        tell(&issuer, &guard, &key, replayed, number).await;
        assert_eq!(outcome(&guard, &victim).await, "session_ended");
    }
}

#[tokio::test]
async fn whatever_a_feed_answers_good_tokens_are_served() {
    let no_progress = |issuer: &FeedIssuer| {
        let document = FeedDocument { head: 9, ..issuer.document(0) };
        Manner::Says(issuer.sign(&document))
    };
    let manners: [fn(&FeedIssuer) -> Manner; 6] = [
        |_| Manner::Status(500),
        |_| Manner::Status(404),
        |_| Manner::Says("garbage".to_owned()),
        |_| Manner::Endless(b"eyJh"),
        |_| Manner::Empty,
        no_progress,
    ];
    let cases = manners.map(|manner| tokio::spawn(good_tokens_are_served(manner)));
    for case in cases {
        case.await.unwrap();
    }
}

async fn good_tokens_are_served(manner: fn(&FeedIssuer) -> Manner) {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let manner = manner(&issuer);
    issuer.documents(manner.clone());
    let guard = issuer.guard();
    let (token, victim) = (issuer.token(&key, &json!({})), issuer.token(&key, &json!({"sid": "victim"})));
    assert_eq!(outcome(&guard, &token).await, "ok", "{manner:?}");
    let auth = guard.verify(&victim).await.unwrap();
    issuer.end_session("victim");
    issuer.documents(Manner::Well);
    assert_eq!(ended(&guard, &auth).await, "session_ended", "{manner:?}");
}

/// Made-up keys cost nobody a place in memory for as long as a feed takes to answer.
#[tokio::test]
async fn a_token_with_a_key_that_nobody_has_does_not_wait_for_a_silent_feed() {
    let known = key("k1");
    let issuer = FeedIssuer::start(&[&known]).await;
    issuer.documents(Manner::Never);
    let day = Duration::from_hours(24);
    let guard = issuer.builder().key_wait(day).fetch_timeout(day).build().unwrap();
    while issuer.asked() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(outcome(&guard, &issuer.token(&known, &json!({}))).await, "ok", "the keys are here");
    let made_up = issuer.token(&key("k9"), &json!({}));
    let refused = async {
        // The first one makes the guard ask for newer keys; whoever comes after the answer has nothing to wait for.
        while timeout(Duration::from_millis(50), outcome(&guard, &made_up)).await != Ok("key_unknown") {}
    };
    timeout(PATIENCE, refused).await.expect("it is refused at once");
}
