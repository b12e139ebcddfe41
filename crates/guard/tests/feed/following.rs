//! Ends that arrive.

use std::time::Duration;

use jotgate_guard::{Algorithm, Guard, Issuer, RevocationSet};
use jotgate_jose::{SigningKey, jwt};
use jotgate_wire::{FeedDocument, Subject};
use serde_json::json;

use crate::issuer::{FeedIssuer, Manner};
use crate::recorder::Kept;
use crate::support::{AUDIENCE, NOW, key, outcome};
use crate::{PATIENCE, ended};

#[tokio::test]
async fn each_kind_of_end_arrives() {
    let (signs, other) = (key("k1"), key("k2"));
    let issuer = FeedIssuer::start(&[&signs, &other]).await;
    let guard = issuer.guard();
    for (end, token, code) in [
        (Subject::Sid("s-1".into()), issuer.token(&signs, &json!({"sid": "s-1"})), "session_ended"),
        (
            Subject::Sub { sub: "u-1".into(), issued_before: NOW + 1 },
            issuer.token(&signs, &json!({"sub": "u-1"})),
            "session_ended",
        ),
        (Subject::Jti("j-1".into()), issuer.token(&signs, &json!({"jti": "j-1"})), "token_revoked"),
        (Subject::Kid("k2".into()), issuer.token(&other, &json!({"sid": "s-2"})), "key_revoked"),
    ] {
        let auth = guard.verify(&token).await.unwrap();
        issuer.end(end);
        assert_eq!(ended(&guard, &auth).await, code);
        assert_eq!(outcome(&guard, &token).await, code);
    }
    assert_eq!(outcome(&guard, &issuer.token(&signs, &json!({}))).await, "ok");
}

#[tokio::test]
async fn how_fresh_it_is_and_how_late_documents_come_is_shown() {
    let kept = Kept::default();
    let _recording = metrics::set_default_local_recorder(&kept);
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let clock = jotgate_guard::Clock::manual(NOW + 3);
    let guard = issuer.builder().clock(clock).build().unwrap();
    assert_eq!(outcome(&guard, &issuer.token(&key, &json!({}))).await, "ok");
    issuer.somebody_follows().await;
    let labels = format!("issuer={}", issuer.url);
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit into the 53 bits")]
    let as_of = NOW as f64;
    assert!((kept.shown("feed_as_of_timestamp_seconds", &labels) - as_of).abs() < 0.1);
    assert!((kept.shown("feed_lag_seconds", &labels) - 3.0).abs() < 0.1);
}

#[tokio::test]
async fn what_had_ended_is_known_to_the_first_request() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    for number in 0..1300 {
        issuer.end_silently(Subject::Sid(format!("s-{number}")));
    }
    let guard = issuer.guard();
    for number in [0, 511, 512, 1299] {
        let token = issuer.token(&key, &json!({"sid": format!("s-{number}")}));
        assert_eq!(outcome(&guard, &token).await, "session_ended", "{number}");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_is_taken_up_where_it_was() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let guards: Vec<Guard> = (0..5).map(|_| issuer.guard()).collect();
    for (number, name) in ["s-1", "s-2", "s-3"].into_iter().enumerate() {
        for _ in &guards {
            issuer.somebody_follows().await;
        }
        let token = issuer.token(&key, &json!({"sid": name}));
        let auth = guards[0].verify(&token).await.unwrap();
        if number == 1 {
            issuer.end_silently(Subject::Sid(name.to_owned()));
        } else {
            issuer.end_session(name);
        }
        issuer.break_streams();
        for guard in &guards {
            assert_eq!(ended(guard, &auth).await, "session_ended");
        }
    }
    let afters = issuer.opened_after();
    assert_eq!(afters[..5], [0; 5]);
    assert!(afters[5..].iter().all(|after| *after > 0), "{afters:?}");
}

#[tokio::test]
async fn where_streams_do_not_get_through_it_asks() {
    let page = "data: <html>log in to the network</html>\n\n".to_owned();
    let manners = [Manner::Status(503), Manner::Empty, Manner::Says(page), Manner::Endless(b"xxxxxxxx")];
    let cases = manners.map(|manner| tokio::spawn(an_end_arrives_all_the_same(manner)));
    for case in cases {
        case.await.unwrap();
    }
}

async fn an_end_arrives_all_the_same(streams: Manner) {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    issuer.streams(streams.clone());
    let guard = issuer.guard();
    let token = issuer.token(&key, &json!({"sid": "s-1"}));
    let auth = guard.verify(&token).await.unwrap();
    issuer.end_silently(Subject::Sid("s-1".into()));
    assert_eq!(ended(&guard, &auth).await, "session_ended", "{streams:?}");
}

#[tokio::test]
async fn a_feed_that_is_signed_with_a_new_key_is_followed() {
    let (old, new) = (key("k1"), key("k2"));
    let issuer = FeedIssuer::start(&[&old]).await;
    let guard = issuer.guard();
    let auth = guard.verify(&issuer.token(&old, &json!({"sid": "s-1"}))).await.unwrap();
    issuer.somebody_follows().await;
    // A token with a key that nobody has uses up what tokens may ask.
    assert_eq!(outcome(&guard, &issuer.token(&key("k9"), &json!({}))).await, "key_unknown");
    issuer.publish(&[&new, &old]);
    issuer.end_session("s-1");
    assert_eq!(ended(&guard, &auth).await, "session_ended");
}

#[tokio::test]
async fn with_given_keys_it_is_followed_when_that_is_said() {
    let secret = SigningKey::hmac(Algorithm::Hs256, b"a secret of thirty-two bytes, or more").unwrap().with_kid("h1");
    let issuer = FeedIssuer::start(&[&secret]).await;
    let token = issuer.token(&secret, &json!({"sid": "s-1"}));
    let silent = issuer.builder().key(secret.verifying_key()).build().unwrap();
    let follows = issuer.builder().key(secret.verifying_key()).follow_revocations().build().unwrap();
    let auth = follows.verify(&token).await.unwrap();
    issuer.somebody_follows().await;
    issuer.end_session("s-1");
    assert_eq!(ended(&follows, &auth).await, "session_ended");
    assert_eq!(outcome(&silent, &token).await, "ok");
}

#[tokio::test]
async fn with_a_given_address_of_the_keys_it_is_followed_when_that_is_said() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let by_address = || Issuer::new(&issuer.url).jwks_uri(format!("{}/keys", issuer.url));
    let guard = |issuer_of: Issuer| {
        Guard::builder().trust(issuer_of).audience(AUDIENCE).clock(issuer.clock.clone()).build().unwrap()
    };
    let (silent, follows) = (guard(by_address()), guard(by_address().follow_revocations()));
    let token = issuer.token(&key, &json!({"sid": "s-1"}));
    assert_eq!(outcome(&silent, &token).await, "ok");
    let auth = follows.verify(&token).await.unwrap();
    issuer.end_session("s-1");
    assert_eq!(ended(&follows, &auth).await, "session_ended");
    assert_eq!(outcome(&silent, &token).await, "ok");
}

#[tokio::test]
async fn it_is_not_followed_where_that_is_said() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    issuer.end_session("s1");
    let without = issuer.builder().without_revocation_feed().build().unwrap();
    let shared = issuer.builder().revocations(RevocationSet::new().into()).build().unwrap();
    for guard in [without, shared] {
        assert_eq!(outcome(&guard, &issuer.token(&key, &json!({}))).await, "ok");
    }
    assert_eq!(issuer.asked(), 0);
}

#[tokio::test]
async fn data_that_were_put_back_are_followed_from_the_beginning() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let names = ["s-1", "s-2", "s-3"];
    let tokens = names.map(|sid| issuer.token(&key, &json!({"sid": sid})));
    for (epoch, ends) in [(6, 1), (7, 3)] {
        for sid in names {
            issuer.end_silently(Subject::Sid(sid.to_owned()));
        }
        let guard = issuer.guard();
        for token in &tokens {
            assert_eq!(outcome(&guard, token).await, "session_ended");
        }
        issuer.somebody_follows().await;
        issuer.clock.set(issuer.clock.now() + 1);
        issuer.put_back(epoch, 1);
        // As many as before, so that the numbers alone do not show it.
        while issuer.document(0).head < ends {
            issuer.end_silently(Subject::Sid("s-9".to_owned()));
        }
        let auth = guard.verify(&issuer.token(&key, &json!({"sid": "s-8"}))).await.unwrap();
        issuer.end_session("s-8");
        assert_eq!(ended(&guard, &auth).await, "session_ended");
        assert_eq!(outcome(&guard, &tokens[0]).await, "session_ended", "it had ended before the copy was made");
        assert_eq!(outcome(&guard, &tokens[1]).await, "ok", "it has not ended in the state that holds now");
        issuer.put_back(epoch, 0);
    }
}

/// Three ends that a guard knows, at an issuer that is put back to the first of them.
async fn known_and_put_back(key: &SigningKey) -> (FeedIssuer, Guard, [String; 3]) {
    let issuer = FeedIssuer::start(&[key]).await;
    let names = ["s-1", "s-2", "s-3"];
    let tokens = names.map(|sid| issuer.token(key, &json!({"sid": sid})));
    for sid in names {
        issuer.end_silently(Subject::Sid(sid.to_owned()));
    }
    let guard = issuer.guard();
    assert_eq!(outcome(&guard, &tokens[2]).await, "session_ended");
    issuer.somebody_follows().await;
    issuer.clock.set(issuer.clock.now() + 1);
    issuer.put_back(0, 1);
    let asked = issuer.asked();
    issuer.break_streams();
    while issuer.asked() < asked + 3 {
        tokio::task::yield_now().await;
    }
    (issuer, guard, tokens)
}

/// Several servers answer under one name, and one of them is late.
#[tokio::test]
async fn a_server_that_is_behind_undoes_nothing_and_what_its_numbers_come_to_mean_is_not_missed() {
    let key = key("k1");
    let (issuer, guard, tokens) = known_and_put_back(&key).await;
    for token in &tokens {
        assert_eq!(outcome(&guard, token).await, "session_ended");
    }
    let others = ["s-4", "s-5"].map(|sid| issuer.token(&key, &json!({"sid": sid})));
    let auth = guard.verify(&others[1]).await.unwrap();
    for sid in ["s-4", "s-5"] {
        issuer.end_silently(Subject::Sid(sid.to_owned()));
    }
    assert_eq!(ended(&guard, &auth).await, "session_ended");
    for token in tokens.iter().chain(&others) {
        assert_eq!(outcome(&guard, token).await, "session_ended");
    }
}

#[tokio::test]
async fn data_that_were_put_back_without_a_word_are_followed_after_a_while() {
    let key = key("k1");
    let (_issuer, guard, tokens) = known_and_put_back(&key).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(31)).await;
    tokio::time::resume();
    let followed = async {
        while outcome(&guard, &tokens[1]).await != "ok" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, followed).await.expect("it is followed");
    assert_eq!(outcome(&guard, &tokens[0]).await, "session_ended", "that one had ended before");
}

/// What has ended is forgotten by the time that passes, and not by a clock that jumps ahead and back.
#[tokio::test]
async fn a_clock_that_jumps_forgets_nothing() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let clock = jotgate_guard::Clock::manual(NOW);
    let guard = issuer.builder().clock(clock.clone()).build().unwrap();
    let token = issuer.token(&key, &json!({"sid": "s-1"}));
    let auth = guard.verify(&token).await.unwrap();
    issuer.somebody_follows().await;
    issuer.end_session("s-1");
    assert_eq!(ended(&guard, &auth).await, "session_ended");
    clock.set(NOW + 86_400);
    // A minute passes, after which it looks for what can be forgotten, and asks again.
    let asked = issuer.asked();
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(61)).await;
    tokio::time::resume();
    while issuer.asked() < asked + 2 {
        tokio::task::yield_now().await;
    }
    clock.set(NOW);
    assert_eq!(outcome(&guard, &token).await, "session_ended");
}

#[tokio::test]
async fn a_document_is_no_access_token() {
    let key = key("k1");
    let issuer = FeedIssuer::start(&[&key]).await;
    let guard = issuer.guard();
    let document = FeedDocument { aud: AUDIENCE.into(), ..issuer.document(0) };
    assert_eq!(outcome(&guard, &issuer.sign(&document)).await, "type_mismatch");
    let mislabelled = jwt::sign(&key, "at+jwt", &issuer.document(0)).unwrap();
    assert_eq!(outcome(&guard, &mislabelled).await, "audience_mismatch");
}
