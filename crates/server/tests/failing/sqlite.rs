//! A file.

use serde_json::json;

use crate::site::{Site, send};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_does_not_answer_is_given_up_and_comes_back() {
    let site = Site::open(false, |_| {}).await;
    let (ada, eve) = (site.register("ada").await, site.register("eve").await);
    let database = rusqlite::Connection::open(site.file("jotgate.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (eves, adas) = (eve.text("refresh_token"), ada.text("refresh_token"));
    let access_token = ada.text("access_token");
    let (refreshed, logged_out, ready, ()) =
        tokio::join!(site.refresh(&adas), site.log_out(&eves), site.ready(), site.still_verifies(&access_token));
    for answer in [refreshed, logged_out, ready] {
        answer.refused("store_unavailable");
    }
    database.execute_batch("COMMIT").unwrap();
    assert_eq!(site.ready().await.status, 200);
    assert_eq!(site.refresh(&adas).await.status, 200, "nobody honest was logged out");
    assert_eq!(site.log_out(&eves).await.status, 204);
    assert_eq!(site.refresh(&eves).await.text("code"), "session_ended");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_than_a_slow_store_can_take_is_refused_at_once() {
    let site = Site::open(true, |config| config.http.max_connections = 8).await;
    let token = site.register("ada").await.text("refresh_token");
    let database = rusqlite::Connection::open(site.file("jotgate.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut waiting = tokio::task::JoinSet::new();
    for _ in 0..40 {
        let request = site.post("/v1/refresh", &json!({"refresh_token": token}));
        waiting.spawn(send(request));
    }
    for _ in 0..32 {
        waiting.join_next().await.unwrap().unwrap().refused("overloaded");
    }
    database.execute_batch("COMMIT").unwrap();
    let answers = waiting.join_all().await;
    assert!(answers.iter().all(|answer| answer.status == 200), "{answers:?}");
    assert_eq!(answers.len(), 8, "those that had a place");
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_gone_takes_nothing_until_it_is_back() {
    let site = Site::open(false, |_| {}).await;
    let ada = site.register("ada").await;
    let token = ada.text("refresh_token");
    std::fs::rename(site.file("jotgate.db"), site.file("away.db")).unwrap();
    site.refresh(&token).await.refused("store_unavailable");
    site.log_out(&token).await.refused("store_unavailable");
    site.register("eve").await.refused("store_unavailable");
    site.ready().await.refused("store_unavailable");
    site.still_verifies(&ada.text("access_token")).await;
    std::fs::rename(site.file("away.db"), site.file("jotgate.db")).unwrap();
    assert_eq!(site.ready().await.status, 200);
    assert_eq!(site.refresh(&token).await.status, 200);
    assert_eq!(site.register("eve").await.status, 201);
}

/// Where it is not known whether a password was set, all of it happened or nothing: one of the two passwords lets in, and the link is
/// good exactly while it is the old one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reset_that_meets_a_failing_store_happens_whole_or_not_at_all() {
    let site = Site::open(false, |config| config.mail.show = true).await;
    site.register("ada").await;
    let forgot = json!({"email": "ada@example.com"});
    assert_eq!(send(site.post("/v1/password/forgot", &forgot)).await.status, 202);
    let token = site.shown_token("Set a new password").await;
    let reset = async |password: &str| {
        send(site.post("/v1/password/reset", &json!({"token": token, "new_password": password}))).await
    };
    let log_in = async |password: &str| {
        send(site.post("/v1/login", &json!({"email": "ada@example.com", "password": password}))).await.status
    };
    std::fs::rename(site.file("jotgate.db"), site.file("away.db")).unwrap();
    reset("a pass phrase that nobody gets").await.refused("store_unavailable");
    send(site.post("/v1/password/forgot", &forgot)).await.refused("store_unavailable");
    std::fs::rename(site.file("away.db"), site.file("jotgate.db")).unwrap();
    let before = (log_in("a long enough pass phrase").await, log_in("a pass phrase that nobody gets").await);
    assert_eq!(before, (200, 401), "nobody is locked out, and nobody let in");
    let database = rusqlite::Connection::open(site.file("jotgate.db")).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let late = reset("quite another pass phrase").await;
    let nothing_changed = late.text("detail").contains("nothing was changed");
    late.refused("store_unavailable");
    database.execute_batch("COMMIT").unwrap();
    assert_eq!(site.ready().await.status, 200);
    let passwords = (log_in("a long enough pass phrase").await, log_in("quite another pass phrase").await);
    let again = reset("and yet another pass phrase").await.status;
    let (done, not_done) = (((401, 200), 400), ((200, 401), 204));
    let found = (passwords, again);
    assert!(found == not_done || (found == done && !nothing_changed), "{found:?}, and it said {nothing_changed}");
}
