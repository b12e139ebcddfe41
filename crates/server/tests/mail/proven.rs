//! `accounts.verification = "required"`.

use jotgate_server::config::Verification;
use serde_json::json;

use crate::site::{PASSWORD, Site};

async fn site() -> Site {
    Site::configured(|config| config.accounts.verification = Verification::Required).await
}

/// The token in the newest mail with this title to this address; waits until it is there.
async fn token(site: &Site, title: &str, to: &str) -> String {
    for _ in 0..5000 {
        let list = site.page("/dev/mail").await;
        let wanted = |item: &&str| item.contains(title) && item.contains(&format!("to {to},"));
        if let Some(item) = list.split("<li>").skip(1).find(wanted) {
            let page = site.page(item.split('"').nth(1).unwrap()).await;
            return page.split("?token=").nth(1).unwrap().split(['"', '<', '\n']).next().unwrap().to_owned();
        }
    }
    panic!("no mail `{title}` to {to} came");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_logs_in_before_the_address_is_proven() {
    let site = site().await;
    let right = json!({"email": "ada@example.com", "password": PASSWORD});
    let wrong = json!({"email": "ada@example.com", "password": "a wrong pass phrase"});
    let answer = site.post("/v1/register", right.clone()).await.ok(202);
    assert_eq!(answer.body, json!({"status": "verification_sent"}));
    assert_eq!(answer.header("set-cookie"), "");
    site.post("/v1/login", wrong.clone()).await.refused(401, "invalid_credentials");
    site.post("/v1/login", right.clone()).await.refused(403, "email_not_verified");
    let token = token(&site, "Confirm your address", "ada@example.com").await;
    site.post("/v1/email/verify", json!({"token": token})).await.ok(204);
    site.post("/v1/login", wrong).await.refused(401, "invalid_credentials");
    assert_eq!(site.post("/v1/login", right).await.ok(200).body["user"]["email_verified"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registering_is_answered_alike_for_known_and_unknown() {
    let site = site().await;
    let register = async |email: &str, password: &str| {
        let answer = site.post("/v1/register", json!({"email": email, "password": password})).await;
        let mut headers: Vec<_> = answer.headers.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
        headers.retain(|(name, _)| name != "x-request-id" && name != "date");
        headers.sort_by_key(|(name, _)| name.to_string());
        (answer.status, headers, answer.body)
    };
    let first = register("ada@example.com", PASSWORD).await;
    let known = register("ADA@example.com", "the password of a stranger").await;
    let unknown = register("bob@example.com", "the password of a stranger").await;
    assert_eq!((&first, &known), (&unknown, &unknown));
    assert_eq!(register("ada@example.com", "short").await.0, 422);
    // Nothing was changed, and the owner of the mailbox can take the account over.
    let strange = json!({"email": "ada@example.com", "password": "the password of a stranger"});
    site.post("/v1/login", strange).await.refused(401, "invalid_credentials");
    let reset = token(&site, "You have an account", "ada@example.com").await;
    let body = json!({"token": reset, "new_password": "quite another pass phrase"});
    site.post("/v1/password/reset", body).await.ok(204);
    let mine = json!({"email": "ada@example.com", "password": "quite another pass phrase"});
    assert_eq!(site.post("/v1/login", mine).await.ok(200).body["user"]["email_verified"], true);
}
