//! The emergency.

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
    // The other server has yet to notice; then it says the same.
    b.follow_revocations().await.unwrap();
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
