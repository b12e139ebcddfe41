//! The claim itself.

use serde_json::json;

use crate::issuer::ListIssuer;
use crate::support::outcome;

#[tokio::test]
async fn a_claim_that_cannot_be_read_is_refused() {
    let issuer = ListIssuer::start().await;
    let (guard, deaf) = (issuer.guard(), issuer.builder().without_status_lists().build().unwrap());
    let uri = issuer.uri("/1");
    for status in [
        json!(7),
        json!("x"),
        json!([]),
        json!({"status_list": null}),
        json!({"status_list": 7}),
        json!({"status_list": {}}),
        json!({"status_list": {"idx": 0}}),
        json!({"status_list": {"uri": uri}}),
        json!({"status_list": {"idx": -1, "uri": uri}}),
        json!({"status_list": {"idx": 0.5, "uri": uri}}),
        json!({"status_list": {"idx": "0", "uri": uri}}),
        json!({"status_list": {"idx": 0, "uri": 7}}),
        json!({"status_list": {"idx": 0, "uri": "/1"}}),
        json!({"status_list": {"idx": 0, "uri": "http://lists.example/1"}}),
        json!({"status_list": {"idx": 0, "uri": "file:///etc/passwd"}}),
    ] {
        let token = issuer.token_with(&status);
        for _ in 0..2 {
            assert_eq!(outcome(&guard, &token).await, "claim_malformed", "{status}");
        }
        assert_eq!(outcome(&deaf, &token).await, "ok", "{status}");
    }
    assert_eq!(issuer.asked_for_any(), 0);
}

#[tokio::test]
async fn null_is_malformed_and_other_ways_are_not_ours() {
    let issuer = ListIssuer::start().await;
    let guard = issuer.guard();
    let mut claims = crate::support::claims_with(&json!({"iss": issuer.url}));
    assert_eq!(outcome(&guard, &crate::support::token(&issuer.key, &claims)).await, "ok");
    claims["status"] = json!(null);
    assert_eq!(outcome(&guard, &crate::support::token(&issuer.key, &claims)).await, "claim_malformed");
    claims["status"] = json!({"identifier_list": {"id": "a", "uri": "https://e.com"}});
    assert_eq!(outcome(&guard, &crate::support::token(&issuer.key, &claims)).await, "ok");
}
