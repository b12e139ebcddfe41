//! Registering, logging in, and what an account can change.

use std::collections::HashSet;

use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::site::{PASSWORD, Site, send};

const NEW_PASSWORD: &str = "quite another pass phrase";

pub(crate) async fn register_log_in_and_read_me(site: Site) {
    let body = json!({"email": "Ada@Example.com", "password": PASSWORD, "name": "Ada"});
    let registered = site.post("/v1/register", body).await.ok(201);
    assert_eq!(registered.header("cache-control"), "no-store");
    assert_eq!(registered.text("token_type"), "Bearer");
    assert_eq!(registered.number("expires_in"), 600);
    assert_eq!(registered.number("refresh_expires_in"), 2_592_000);
    assert!(registered.text("refresh_token").starts_with("jgr_"));
    assert_eq!(registered.body["user"]["email"], "Ada@Example.com");

    let me = site.me(&registered.text("access_token")).await.ok(200);
    assert_eq!(me.body, registered.body["user"]);
    assert_eq!(me.body["created_at"], "2027-01-15T08:00:00Z");

    let again = site.log_in("ada@example.COM").await;
    assert_eq!(again.body["user"]["id"], me.body["id"]);
    assert_ne!(again.text("session_id"), registered.text("session_id"));
}

pub(crate) async fn registration_is_judged(site: Site) {
    let register = async |body: Value| site.post("/v1/register", body).await;
    for email in [
        "",
        "ada",
        "ada@",
        "@example.com",
        "a b@example.com",
        "ada@exa mple.com",
        "ada@@example.com",
        "ada@example.com\n",
    ] {
        let refused = register(json!({"email": email, "password": PASSWORD})).await.refused(400, "invalid_email");
        assert!(refused.body["fields"]["email"].is_string());
    }
    let long = "x1".repeat(200);
    for password in ["", "short", "aaaaaaaaaaaaaaaaaaaa", "123456789012345678", long.as_str()] {
        let refused =
            register(json!({"email": "ada@example.com", "password": password})).await.refused(422, "weak_password");
        assert!(refused.body["fields"]["password"].is_string());
    }
    register(json!({"email": "ada@example.com", "password": PASSWORD, "name": " "}))
        .await
        .refused(400, "invalid_field");
    register(json!({"email": "ada@example.com", "password": PASSWORD, "role": "admin"}))
        .await
        .refused(400, "unknown_field");
    register(json!({"email": "ada@example.com"})).await.refused(400, "missing_field");
    site.register("ada@example.com").await;
    register(json!({"email": "ada@example.com", "password": PASSWORD})).await.refused(409, "email_taken");
}

pub(crate) async fn one_address_many_registrations(site: Site) {
    let body = json!({"email": "many@example.com", "password": PASSWORD});
    let tries = (0..50).map(|_| site.post("/v1/register", body.clone()));
    let answers = futures_join(tries).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let taken = answers.iter().filter(|answer| answer.body["code"] == "email_taken").count();
    assert_eq!((made, taken), (1, 49));
}

pub(crate) async fn wrong_password_and_unknown_user_are_alike(site: Site) {
    site.register("known@example.com").await;
    let mut seen = HashSet::new();
    for email in ["known@example.com", "unknown@example.com", "not an address", ""] {
        let answer = site
            .post("/v1/login", json!({"email": email, "password": "wrong"}))
            .await
            .refused(401, "invalid_credentials");
        let mut body = answer.body.clone();
        body["request_id"] = Value::Null;
        let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        seen.insert((body.to_string(), names));
    }
    assert_eq!(seen.len(), 1, "{seen:?}");
    site.post("/v1/login", json!({"email": "known@example.com", "password": "x".repeat(9000)}))
        .await
        .refused(401, "invalid_credentials");
}

pub(crate) async fn addresses_are_compared_as_people_mean_them(site: Site) {
    site.register("Zoë.Müller@Bücher.Example").await;
    for same in
        ["zoë.müller@bücher.example", "ZOË.MÜLLER@xn--bcher-kva.example", "Zoe\u{308}.Mu\u{308}ller@BÜCHER.example"]
    {
        let answer = site.log_in(same).await;
        assert_eq!(answer.body["user"]["email"], "Zoë.Müller@Bücher.Example", "{same}");
    }
}

pub(crate) async fn names_are_set_and_cleared(site: Site) {
    let token = site.register("ada@example.com").await.text("access_token");
    let patch = async |body: Value| {
        send(site.request(Method::PATCH, "/v1/me").header(AUTHORIZATION, format!("Bearer {token}")).json(&body)).await
    };
    assert_eq!(patch(json!({"name": "  Ada Lovelace "})).await.ok(200).body["name"], "Ada Lovelace");
    assert_eq!(patch(json!({})).await.ok(200).body["name"], "Ada Lovelace");
    assert_eq!(patch(json!({"name": null})).await.ok(200).body["name"], Value::Null);
    patch(json!({"name": "a\u{0}b"})).await.refused(400, "invalid_field");
    patch(json!({"email_verified": true})).await.refused(400, "unknown_field");
    patch(json!({"name": 7})).await.refused(400, "invalid_field");
}

pub(crate) async fn passwords_change_and_end_the_others(site: Site) {
    let mine = site.register("ada@example.com").await;
    let other = site.log_in("ada@example.com").await;
    let change = async |current: &str, new: &str| {
        let request = site.request(Method::POST, "/v1/password/change").bearer_auth(mine.text("access_token"));
        send(request.json(&json!({"current_password": current, "new_password": new}))).await
    };
    let refused = change("wrong", NEW_PASSWORD).await.refused(401, "invalid_credentials");
    assert!(refused.body["fields"]["current_password"].is_string(), "{refused:?}");
    let refused = change(PASSWORD, "short").await.refused(422, "weak_password");
    assert!(refused.body["fields"]["new_password"].is_string(), "{refused:?}");
    site.me(&other.text("access_token")).await.ok(200);

    change(PASSWORD, NEW_PASSWORD).await.ok(204);
    site.me(&other.text("access_token")).await.refused(401, "session_ended");
    site.refresh(&other.text("refresh_token")).await.refused(401, "session_ended");
    site.me(&mine.text("access_token")).await.ok(200);
    site.refresh(&mine.text("refresh_token")).await.ok(200);
    site.post("/v1/login", json!({"email": "ada@example.com", "password": PASSWORD}))
        .await
        .refused(401, "invalid_credentials");
    site.post("/v1/login", json!({"email": "ada@example.com", "password": NEW_PASSWORD})).await.ok(200);
}

pub(crate) async fn two_password_changes_at_once(site: Site) {
    let token = site.register("ada@example.com").await.text("access_token");
    let change = |number: usize| {
        let request = site.request(Method::POST, "/v1/password/change").bearer_auth(&token);
        send(request.json(&json!({"current_password": PASSWORD, "new_password": format!("{NEW_PASSWORD} {number}")})))
    };
    let answers = futures_join((0..4).map(change)).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1, "{answers:?}");
    let refused = answers.iter().filter(|answer| answer.body["code"] == "invalid_credentials").count();
    assert_eq!(refused, 3, "{answers:?}");
}

pub(crate) async fn guessing_is_slowed_down(site: Site) {
    site.register("ada@example.com").await;
    let guess = json!({"email": "ada@example.com", "password": "a wrong pass phrase"});
    for _ in 0..5 {
        site.post("/v1/login", guess.clone()).await.refused(401, "invalid_credentials");
    }
    let refused = site.post("/v1/login", guess.clone()).await.refused(429, "too_many_attempts");
    assert_eq!(refused.header("retry-after"), "1");
    site.post("/v1/login", json!({"email": "nobody@example.com", "password": PASSWORD}))
        .await
        .refused(401, "invalid_credentials");
    site.clock.advance(1);
    site.log_in("ADA@example.com").await;
    site.post("/v1/login", guess).await.refused(401, "invalid_credentials");
}

/// All at once.
pub(crate) async fn futures_join<F>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future,
{
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *output = Some(value);
            }
        }
        if outputs.iter().all(Option::is_some) { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    outputs.into_iter().flatten().collect()
}
