//! The emergency.

use axum::body::Body;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::*;

#[tokio::test]
async fn tokens_of_a_revoked_key_are_refused_at_once_and_for_good() {
    let house = House::new();
    let (a, b) = (house.server().await, house.server().await);
    let old = register(&a).await;
    let kid = signer(&a);
    let revoked = flows::revoke_keys(&a, vec![kid.clone(), kid.clone()]).await.unwrap();
    assert_eq!((revoked.kids, revoked.now_signing.len()), (vec![kid.clone()], 1));
    assert_eq!(verdict(&a, &old), "key_revoked");
    // The other server has yet to notice; then it says the same, though it looks at the keys first.
    assert_eq!(verdict(&b, &old), "ok");
    b.follow_keys().await.unwrap();
    assert_eq!(verdict(&b, &old), "key_revoked");
    // Nobody is logged out: a new token comes with the next refresh, signed by another key.
    let new = refresh(&b, &old).await.unwrap();
    assert_eq!((verdict(&a, &new), verdict(&b, &new)), ("ok".into(), "ok".into()));
    assert!(!flows::public_keys(&a).contains(&kid));
    a.close().await;
    b.close().await;
    house.pass(365 * DAY);
    assert_eq!(verdict(&house.server().await, &old), "key_revoked");
}

#[tokio::test]
async fn a_published_next_key_takes_over() {
    let house = House::new();
    let app = house.server().await;
    let next = flows::generate_key(&app).await.unwrap();
    assert!(next.is_new && !next.signs);
    assert!(!flows::generate_key(&app).await.unwrap().is_new);
    let revoked = flows::revoke_keys(&app, vec![signer(&app)]).await.unwrap();
    assert_eq!((revoked.now_signing, signer(&app)), (vec![next.kid.clone()], next.kid));
}

#[tokio::test]
async fn what_cannot_be_revoked_is_said_and_left_alone() {
    let house = House::new();
    let app = house.server_of(Algorithm::Hs256, Some(SECRET), None).await;
    let grant = register(&app).await;
    let unknown = flows::revoke_keys(&app, vec!["nobody".into()]).await.unwrap_err();
    assert!(matches!(unknown, KeysFailure::Unknown(_)), "{unknown}");
    let secret = flows::revoke_keys(&app, vec![signer(&app)]).await.unwrap_err();
    assert!(matches!(secret, KeysFailure::ConfiguredSecret(_)), "{secret}");
    assert_eq!(verdict(&app, &grant), "ok");
    app.close().await;
    // What that says to do helps.
    let app = house.server_of(Algorithm::Hs256, Some(&SECRET.to_lowercase()), Some(SECRET)).await;
    flows::revoke_keys(&app, vec![signer(&app)]).await.unwrap();
    assert_eq!(verdict(&app, &grant), "key_revoked");
    assert_eq!(verdict(&app, &refresh(&app, &grant).await.unwrap()), "ok");
}

#[tokio::test]
async fn refresh_tokens_of_a_revoked_key_are_void() {
    let house = House::new();
    let app = house.server().await;
    let grant = register(&app).await;
    let keys = flows::keys(&app).await.unwrap();
    let key = keys.iter().find(|key| key.purpose == KeyPurpose::Refresh).unwrap();
    let revoked = flows::revoke_keys(&app, vec![key.kid.clone()]).await.unwrap();
    assert_eq!(revoked.now_signing.len(), 1);
    assert!(matches!(refresh(&app, &grant).await, Err(Failure::RefreshTokenInvalid)));
    assert_eq!(verdict(&app, &grant), "ok", "the access token is not of that key");
}

/// The status and the code of an answer.
async fn asked(app: &App, path: &str, token: Option<&str>) -> (u16, String) {
    let request = http::Request::builder().uri(path).header(http::header::HOST, "auth.example.com");
    let request = match token {
        Some(token) => request
            .method("POST")
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(Body::from(serde_json::json!({ "refresh_token": token }).to_string())),
        None => request.body(Body::empty()),
    };
    let response = app.router().oneshot(request.unwrap()).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

/// A server, and the keys of the store it is on, changed by others with another master key since: the key of a purpose is revoked.
async fn revoked_behind(house: &House, purpose: KeyPurpose) -> (App, Grant, String) {
    let running = house.server().await;
    let grant = register(&running).await;
    flows::rekey(&house.config(), &changes::write_key(house)).await.unwrap();
    let other = house.server().await;
    let keys = flows::keys(&other).await.unwrap();
    let kid = keys.into_iter().find(|key| key.purpose == purpose).unwrap().kid;
    flows::revoke_keys(&other, vec![kid.clone()]).await.unwrap();
    let said = running.follow_keys().await.unwrap_err().to_string();
    assert!(said.contains("start the server with the new one"), "{said}");
    running.follow_revocations().await.unwrap();
    (running, grant, kid)
}

fn unavailable() -> (u16, String) {
    (503, "store_unavailable".to_owned())
}

#[tokio::test]
async fn a_server_that_cannot_open_the_heir_drops_the_revoked_signing_key() {
    let house = House::new();
    let (running, grant, kid) = revoked_behind(&house, KeyPurpose::Signing).await;
    assert_eq!(verdict(&running, &grant), "key_revoked");
    assert!(!flows::public_keys(&running).contains(&kid));
    assert!(running.verifying_keys().get(&kid).is_none());
    // Nothing is signed any more: no access token, no document of the feed.
    let token = grant.refresh_token.expose();
    assert!(matches!(refresh(&running, &grant).await, Err(Failure::NoKey)));
    assert_eq!(asked(&running, "/v1/refresh", Some(token)).await, unavailable());
    assert_eq!(asked(&running, "/readyz", None).await, unavailable());
    assert!(matches!(running.revocations_after(0).await, Err(Failure::NoKey)));
    let email = Email::parse("eve@example.com").unwrap();
    let password = Password::parse("a long enough pass phrase").unwrap();
    let eve = Register { email, password, name: None };
    assert!(matches!(flows::register(&running, eve, Device::default()).await, Err(Failure::NoKey)));
    // Nothing was changed by what was refused; a restart with the new master key mends it.
    running.close().await;
    let mended = house.server().await;
    assert!(flows::find_user(&mended, "eve@example.com").await.is_err(), "no half an account");
    assert_eq!(asked(&mended, "/readyz", None).await.0, 200);
    assert_eq!(verdict(&mended, &refresh(&mended, &grant).await.unwrap()), "ok");
}

#[tokio::test]
async fn a_server_that_cannot_open_the_heir_drops_the_revoked_refresh_key() {
    let house = House::new();
    let (running, grant, _) = revoked_behind(&house, KeyPurpose::Refresh).await;
    let token = grant.refresh_token.expose();
    assert_eq!(asked(&running, "/v1/refresh", Some(token)).await, (401, "refresh_token_invalid".into()));
    let log_out =
        flows::logout(&running, flows::Origin::default(), flows::Credential::Refresh(token), flows::Scope::Local).await;
    assert!(matches!(log_out, Err(Failure::RefreshTokenInvalid)));
    assert_eq!(asked(&running, "/readyz", None).await, unavailable());
    // One by the heir is somebody's who logged in elsewhere.
    let by_heir = log_in(&house.server().await).await;
    let refused = asked(&running, "/v1/refresh", Some(by_heir.refresh_token.expose())).await;
    assert_eq!(refused, (503, "store_unavailable".into()));
    // What is left goes on.
    assert_eq!(verdict(&running, &grant), "ok");
    assert!(running.revocations_after(0).await.is_ok());
}

#[tokio::test]
async fn a_server_that_can_only_add_no_key_stays_usable() {
    let house = House::new();
    let running = house.server().await;
    let grant = register(&running).await;
    flows::rekey(&house.config(), &changes::write_key(&house)).await.unwrap();
    let other = house.server().await;
    for purpose in [KeyPurpose::Signing, KeyPurpose::Refresh] {
        flows::rotate_key(&other, purpose).await.unwrap();
    }
    running.follow_keys().await.unwrap_err();
    assert_eq!(asked(&running, "/readyz", None).await.0, 200);
    let grant = refresh(&running, &grant).await.unwrap();
    house.pass(PUBLISHED);
    other.advance_keys().await.unwrap();
    running.follow_keys().await.unwrap_err();
    let grant = refresh(&running, &grant).await.unwrap();
    for server in [&running, &other] {
        assert_eq!(verdict(server, &grant), "ok");
    }
    assert!(refresh(&other, &grant).await.is_ok());
}

/// The heir of a revoked key makes refresh tokens at once, before the other server has noticed it.
#[tokio::test]
async fn a_refresh_token_by_a_key_that_a_server_has_yet_to_notice_is_taken() {
    let house = House::new();
    let (a, b) = (house.server().await, house.server().await);
    let refresh_key =
        flows::keys(&a).await.unwrap().into_iter().find(|key| key.purpose == KeyPurpose::Refresh).unwrap();
    let voided = register(&a).await;
    flows::revoke_keys(&a, vec![refresh_key.kid]).await.unwrap();
    let grant = log_in(&a).await;
    let renewed = refresh(&b, &grant).await.unwrap();
    assert_eq!(verdict(&b, &renewed), "ok");
    assert!(matches!(refresh(&b, &voided).await, Err(Failure::RefreshTokenInvalid)), "that one is known to be none");
}

/// Who has a good token must not be logged out by a server that cannot know it.
#[tokio::test]
async fn a_server_that_cannot_look_at_the_keys_refuses_for_the_time_being() {
    let house = House::new();
    let (a, b) = (house.server().await, house.server().await);
    let refresh_key =
        flows::keys(&a).await.unwrap().into_iter().find(|key| key.purpose == KeyPurpose::Refresh).unwrap();
    register(&a).await;
    flows::revoke_keys(&a, vec![refresh_key.kid]).await.unwrap();
    let grant = log_in(&a).await;
    b.close().await;
    assert!(matches!(refresh(&b, &grant).await, Err(Failure::NoKey)));
    let logout = flows::logout(
        &b,
        crate::domain::audit::Origin::default(),
        flows::Credential::Refresh(grant.refresh_token.expose()),
        flows::Scope::Local,
    )
    .await;
    assert!(matches!(logout, Err(Failure::NoKey)), "{logout:?}");
    refresh(&a, &grant).await.unwrap();
}

/// Anybody can make up the name of a key.
#[tokio::test]
async fn whoever_names_an_unknown_key_causes_no_second_look_for_a_while() {
    let house = House::new();
    let (a, b) = (house.server().await, house.server().await);
    flows::rotate_key(&a, KeyPurpose::Signing).await.unwrap();
    let version = b.keyring().version();
    let looked_at = async |looked| *b.inner.keys.looked.lock().await = looked;
    // A look just now holds; so does its answer, whatever it was. That it lies ahead keeps a slow machine from ending it.
    let just_now = monotonic() + Duration::from_hours(1);
    looked_at(Some((just_now, true))).await;
    assert!(b.look_at_the_keys().await.is_ok());
    looked_at(Some((just_now, false))).await;
    assert!(b.look_at_the_keys().await.is_err());
    assert_eq!(b.keyring().version(), version);
    looked_at(Some((monotonic() - LOOK_HOLDS, true))).await;
    assert!(b.look_at_the_keys().await.is_ok());
    assert!(b.keyring().version() > version);
    assert!(b.inner.keys.looked.lock().await.is_some_and(|(at, seen)| seen && at < just_now), "this look holds now");
}
