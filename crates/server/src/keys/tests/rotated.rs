//! Orderly changes: nobody's token is refused.

use super::*;
use crate::config::Seconds;

#[tokio::test]
async fn three_servers_change_keys_and_refuse_nobody() {
    let house = House::new();
    let (a, b, c) = (house.server().await, house.server().await, house.server().await);
    let old = register(&a).await;
    let next = flows::rotate_key(&a, KeyPurpose::Signing).await.unwrap();
    assert!(next.is_new && !next.signs);
    assert_eq!(next.signs_from, Some(a.now().plus_seconds(PUBLISHED)));
    for server in [&b, &c] {
        server.follow_keys().await.unwrap();
        assert_eq!((server.verifying_keys().len(), signer(server)), (2, header(&old, "kid")));
    }
    house.pass(PUBLISHED - 1);
    for server in [&a, &b, &c] {
        assert_eq!(server.advance_keys().await.unwrap(), []);
    }
    house.pass(1);
    let (by_a, by_b, by_c) = tokio::join!(a.advance_keys(), b.advance_keys(), c.advance_keys());
    let changes = [by_a, by_b, by_c].into_iter().flat_map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(changes, [Change::Activated(next.kid.clone())]);
    a.follow_keys().await.unwrap();
    let new = refresh(&a, &old).await.unwrap();
    assert_eq!(header(&new, "kid"), next.kid);
    for server in [&a, &b, &c] {
        assert_eq!((verdict(server, &old), verdict(server, &new)), ("ok".into(), "ok".into()));
    }
    house.pass(revocations::LONGEST_TOKEN);
    assert_eq!(c.advance_keys().await.unwrap(), [Change::Dropped(header(&old, "kid"))]);
    a.follow_keys().await.unwrap();
    assert_eq!(a.verifying_keys().len(), 1);
}

/// One that has not noticed yet signs with the old key, which all others still know; and it knows the new one already.
#[tokio::test]
async fn a_server_that_lags_behind_refuses_nobody_and_nobody_refuses_it() {
    let house = House::new();
    let (quick, slow) = (house.server().await, house.server().await);
    let old = register(&quick).await;
    flows::rotate_key(&quick, KeyPurpose::Signing).await.unwrap();
    slow.follow_keys().await.unwrap();
    house.pass(PUBLISHED);
    quick.advance_keys().await.unwrap();
    let by_quick = refresh(&quick, &old).await.unwrap();
    let by_slow = refresh(&slow, &by_quick).await.unwrap();
    assert_ne!(header(&by_quick, "kid"), header(&by_slow, "kid"));
    for (server, grant) in [(&quick, &by_slow), (&slow, &by_quick)] {
        assert_eq!(verdict(server, grant), "ok");
    }
}

#[tokio::test]
async fn keys_change_by_themselves_and_survive_a_restart_in_every_state() {
    let house = House::new();
    let purposes = [KeyPurpose::Signing, KeyPurpose::Refresh];
    for (pass, expected) in [
        (0, vec!["active"]),
        (83 * DAY, vec!["active", "next"]),
        (7 * DAY - 1, vec!["active", "next"]),
        (1, vec!["retired", "active"]),
    ] {
        house.pass(pass);
        let app = house.server().await;
        app.advance_keys().await.unwrap();
        for purpose in purposes {
            assert_eq!(states(&app, purpose).await, expected);
        }
        // Nothing is due now; and a restart finds what was there.
        let before = signer(&app);
        app.close().await;
        let again = house.server().await;
        assert_eq!(again.advance_keys().await.unwrap(), []);
        assert_eq!((signer(&again), again.verifying_keys().len()), (before, expected.len()));
        again.close().await;
    }
}

/// One from before there was any rotation: only active keys, and old ones.
#[tokio::test]
async fn an_old_database_with_only_active_keys_rotates_in_good_order() {
    let house = House::new();
    let app = house.server().await;
    let first = signer(&app);
    house.pass(1000 * DAY);
    app.advance_keys().await.unwrap();
    assert_eq!(states(&app, KeyPurpose::Signing).await, ["active", "next"]);
    house.pass(PUBLISHED - 1);
    app.advance_keys().await.unwrap();
    assert_eq!(signer(&app), first);
    house.pass(1);
    app.advance_keys().await.unwrap();
    assert_ne!(signer(&app), first);
}

/// A retry gets the same refresh token, whichever server answers and whatever happened to the keys in between.
#[tokio::test]
async fn a_change_of_the_refresh_key_forks_no_chain() {
    let house = House::new();
    let (a, b) = (house.server().await, house.server().await);
    let begun = register(&a).await;
    flows::rotate_key(&a, KeyPurpose::Refresh).await.unwrap();
    b.follow_keys().await.unwrap();
    house.pass(80);
    let answered = refresh(&a, &begun).await.unwrap();
    house.pass(15);
    assert_eq!(a.advance_keys().await.unwrap().len(), 1, "the new key took over, 90 seconds after it was made");
    for server in [&a, &b] {
        let again = refresh(server, &begun).await.unwrap();
        assert_eq!(again.refresh_token.expose(), answered.refresh_token.expose());
    }
    // The server that has not noticed makes the same token as the one that has.
    let by_b = refresh(&b, &answered).await.unwrap();
    let by_a = refresh(&a, &answered).await.unwrap();
    assert_eq!(by_a.refresh_token.expose(), by_b.refresh_token.expose());
    assert_ne!(by_a.refresh_token.expose()[..10], answered.refresh_token.expose()[..10], "under the new key");
}

#[tokio::test]
async fn an_old_refresh_key_stays_as_long_as_a_session_could_present_its_token() {
    let house = House::new();
    let long = house.server_with(|config| config.sessions.idle_ttl = Seconds(180 * 86_400)).await;
    let begun = register(&long).await;
    long.close().await;
    // Shorter limits from now on; the session keeps those it was opened with.
    let shorter = |config: &mut Config| {
        config.sessions.absolute_ttl = Seconds(10 * 86_400);
        config.sessions.idle_ttl = Seconds(86_400);
        config.keys.rotate_every = Seconds(0);
    };
    house.pass(1);
    let app = house.server_with(shorter).await;
    flows::rotate_key(&app, KeyPurpose::Refresh).await.unwrap();
    house.pass(100);
    app.advance_keys().await.unwrap();
    house.pass(150 * DAY);
    assert_eq!(app.advance_keys().await.unwrap(), []);
    assert_eq!(states(&app, KeyPurpose::Refresh).await, ["retired", "active"]);
    refresh(&app, &begun).await.unwrap();
    assert_eq!(app.advance_keys().await.unwrap().len(), 1, "nobody has one of its tokens any more");
    assert_eq!(states(&app, KeyPurpose::Refresh).await, ["active"]);
}

/// Verifiers still have key sets that they were allowed to keep for an hour.
#[tokio::test]
async fn a_key_waits_for_the_caches_of_a_longer_life_of_before() {
    let house = House::new();
    let lives = |life: u32| move |config: &mut Config| config.keys.jwks_max_age = Seconds(life);
    let app = house.server_with(lives(3600)).await;
    app.advance_keys().await.unwrap();
    house.pass(10 * DAY);
    app.close().await;
    let app = house.server_with(lives(300)).await;
    app.advance_keys().await.unwrap();
    let old = signer(&app);
    flows::rotate_key(&app, KeyPurpose::Signing).await.unwrap();
    house.pass(3600 + 90 - 1);
    app.advance_keys().await.unwrap();
    assert_eq!(signer(&app), old);
    house.pass(1);
    app.advance_keys().await.unwrap();
    assert_ne!(signer(&app), old);
    let second = signer(&app);
    flows::rotate_key(&app, KeyPurpose::Signing).await.unwrap();
    house.pass(PUBLISHED);
    app.advance_keys().await.unwrap();
    assert_ne!(signer(&app), second, "the next one waits for the life of now");
}
