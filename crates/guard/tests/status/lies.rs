//! Lists that are not good say nothing: the token is refused, or taken where that is the policy, and nothing else happens.

use std::time::Duration;

use jotgate_guard::Stale;
use jotgate_jose::{SigningKey, jws, jwt};
use jotgate_wire::{StatusList, StatusListBody};
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::PATIENCE;
use crate::issuer::{ListIssuer, Manner, places};
use crate::support::{NOW, TestIssuer, key, outcome};

fn signed(key: &SigningKey, typ: &str, claims: &Value) -> Manner {
    Manner::Says(jwt::sign(key, typ, claims).unwrap())
}

/// Everything that makes a list worthless, each at its own path.
async fn worthless(issuer: &ListIssuer) -> Vec<(&'static str, Manner)> {
    let own = &issuer.key;
    let good = issuer.list("/x", &places(&[]), &json!({}));
    let changed = |changes: Value| signed(own, StatusList::TYPE, &issuer.list("/x", &places(&[]), &changes));
    let of = |bits: u8, lst: &str| {
        let body = StatusListBody { bits, lst: lst.to_owned() };
        signed(own, StatusList::TYPE, &issuer.list("/x", &body, &json!({})))
    };
    let bomb = StatusList::of_invalid(1 << 24, []).write();
    let (elsewhere, text) = (TestIssuer::start(&[]).await, serde_json::to_vec(&good).unwrap());
    let untyped = Manner::Says(jws::sign(own, None, &text).unwrap());
    vec![
        ("another sub", changed(json!({"sub": issuer.uri("/y")}))),
        ("no sub", changed(json!({"sub": null}))),
        ("another issuer", changed(json!({"iss": "https://other.example"}))),
        ("expired", changed(json!({"exp": NOW - 30}))),
        ("of the future", changed(json!({"iat": NOW + 31}))),
        ("not valid yet", changed(json!({"nbf": NOW + 31}))),
        ("no iat", changed(json!({"iat": null}))),
        ("no list", changed(json!({"status_list": null}))),
        ("another type", signed(own, "at+jwt", &good)),
        ("a general type", signed(own, "JWT", &good)),
        ("no type", untyped),
        ("another's key with the same name", signed(&key("k1"), StatusList::TYPE, &good)),
        ("an unknown key", signed(&key("k2"), StatusList::TYPE, &good)),
        ("three bits", of(3, "eNrbuRgAAhcBXQ")),
        ("not base64url", of(1, "*")),
        ("not zlib", of(1, "AAAA")),
        ("a bomb", signed(own, StatusList::TYPE, &issuer.list("/x", &bomb, &json!({})))),
        ("garbage", Manner::Says("garbage".to_owned())),
        ("nothing", Manner::Says(String::new())),
        ("not found", Manner::Status(404)),
        ("broken", Manner::Status(500)),
        ("without end", Manner::Endless),
        ("led to another host", Manner::Redirects(format!("{}/keys", elsewhere.url))),
    ]
}

#[tokio::test]
async fn a_list_that_is_not_good_says_nothing() {
    let issuer = ListIssuer::start().await;
    for (what, manner) in worthless(&issuer).await {
        issuer.answers("/x", manner);
        let asked = issuer.asked("/x");
        assert_eq!(outcome(&issuer.guard(), &issuer.token("/x", 0)).await, "revocations_stale", "{what}");
        let lenient = issuer.builder().status_lists(Stale::Accept).build().unwrap();
        assert_eq!(outcome(&lenient, &issuer.token("/x", 0)).await, "ok", "{what}");
        assert_eq!(issuer.asked("/x"), asked + 2, "{what}: the guard did look");
    }
    issuer.publish("/x", &[], &json!({}));
    assert_eq!(outcome(&issuer.guard(), &issuer.token("/x", 0)).await, "ok", "with the right one");
}

#[tokio::test]
async fn a_place_beyond_the_end_is_not_known() {
    let issuer = ListIssuer::start().await;
    issuer.publish("/1", &[], &json!({}));
    let lenient = issuer.builder().status_lists(Stale::Accept).build().unwrap();
    for (idx, expected) in [(15, "ok"), (16, "revocations_stale"), (u64::MAX, "revocations_stale")] {
        assert_eq!(outcome(&issuer.guard(), &issuer.token("/1", idx)).await, expected, "{idx}");
        assert_eq!(outcome(&lenient, &issuer.token("/1", idx)).await, "ok", "{idx}");
    }
}

/// An issuer on this machine may name lists on this machine and on the internet, and none in the network around it.
#[tokio::test]
async fn lists_inside_the_network_are_not_asked_for() {
    let issuer = ListIssuer::start().await;
    for uri in ["https://10.0.0.1/1", "https://169.254.169.254/latest/meta-data/", "https://[fd00::1]/1"] {
        let token = issuer.token_with(&json!({"status_list": {"idx": 0, "uri": uri}}));
        // Whoever asked there would wait for long.
        let patient = issuer.builder().key_wait(Duration::from_hours(1)).fetch_timeout(Duration::from_hours(1)).build();
        let answered = timeout(PATIENCE, outcome(&patient.unwrap(), &token)).await;
        assert_eq!(answered.unwrap(), "revocations_stale", "{uri}");
    }
}
