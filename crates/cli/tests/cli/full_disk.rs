//! A disk that is really full: a file system of two megabytes in memory. The test runs itself again where that is mounted.

use jotgate_testkit::skip;
use jotgate_testkit::small_disk::{Size, SmallDisk};
use reqwest::Method;
use rusqlite::Connection;
use serde_json::json;

use crate::probe::{Answer, Probe};
use crate::server::{CONFIG, Server};
use crate::support::{Desk, finish};

fn open_database(small: &SmallDisk) -> Connection {
    Connection::open(small.path("jotgate.db")).unwrap()
}

async fn log_out(probe: &Probe, tokens: &Answer) -> Answer {
    probe.post("/v1/logout", json!({"refresh_token": tokens.text("refresh_token")})).await
}

async fn refresh(probe: &Probe, tokens: &Answer) -> Answer {
    probe.send(probe.refreshing(&tokens.text("refresh_token"))).await
}

async fn ready(probe: &Probe) -> Answer {
    probe.send(probe.request(Method::GET, "/readyz")).await
}

fn is_unavailable(answer: &Answer) {
    assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("store_unavailable")), "{}", answer.body);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_nothing_is_half_done_and_all_goes_on_when_there_is_room() {
    let test = "on_a_full_disk_nothing_is_half_done_and_all_goes_on_when_there_is_room";
    if let Some(small) = SmallDisk::here() {
        return fill_and_make_room(&small).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    let Some(mut again) = SmallDisk::around(&program, folder.path(), Size::Small) else {
        return skip::aloud(test, "`unshare` cannot mount a small disk here");
    };
    again.args([&format!("full_disk::{test}"), "--exact"]);
    let ran = finish(again, b"").ends(0);
    assert!(ran.stdout.contains("1 passed"), "{}", ran.stdout);
}

async fn fill_and_make_room(small: &SmallDisk) {
    let desk = Desk::new();
    let url = format!("\nstore.url = \"sqlite:{}\"\n", small.path("jotgate.db").display());
    desk.write("jotgate.toml", CONFIG.replacen('\n', &url, 1));
    let server = Server::start(&desk);
    let probe = Probe::new(&server.url);
    let (ada, eve) = (probe.register("ada@example.com").await, probe.register("eve@example.com").await);
    // Whoever reads an old state keeps the log from beginning anew, so that every change needs new room.
    let reader = open_database(small);
    reader.execute_batch("BEGIN; SELECT count(*) FROM users").unwrap();
    small.fill().unwrap();
    for _ in 0..3 {
        is_unavailable(&refresh(&probe, &ada).await);
        is_unavailable(&log_out(&probe, &eve).await);
        let mallory = json!({"email": "mallory@example.com", "password": crate::probe::PASSWORD});
        is_unavailable(&probe.post("/v1/register", mallory).await);
    }
    while ready(&probe).await.status == 200 {
        // What was found out before holds for a second.
        tokio::task::yield_now().await;
    }
    is_unavailable(&ready(&probe).await);
    probe.me(&ada.text("access_token")).await.ok(200);
    probe.send(probe.request(Method::GET, "/healthz")).await.ok(200);

    small.make_room().unwrap();
    while ready(&probe).await.status != 200 {
        tokio::task::yield_now().await;
    }
    let successor = refresh(&probe, &ada).await.ok(200);
    refresh(&probe, &successor).await.ok(200);
    log_out(&probe, &eve).await.ok(204);
    assert_eq!(refresh(&probe, &eve).await.ok(401).body["code"], "session_ended");
    probe.register("mallory@example.com").await;
    reader.execute_batch("COMMIT").unwrap();
    let verdict: String = reader.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    let users: i64 = reader.query_row("SELECT count(*) FROM users", [], |row| row.get(0)).unwrap();
    assert_eq!((verdict.as_str(), users), ("ok", 3));
    drop(reader);
    let (code, said) = server.stop();
    assert!(code == 0 && said.contains("the disk or the database is full"), "{code}: {said}");
}
