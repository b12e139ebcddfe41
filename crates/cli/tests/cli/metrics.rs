//! `serve` with `metrics.listen`: what Prometheus reads, over HTTP.

use reqwest::Method;
use serde_json::json;

use crate::probe::Probe;
use crate::server::{CONFIG, Server};
use crate::support::Desk;
use crate::users::create;

fn desk(metrics: &str) -> Desk {
    let desk = Desk::new();
    desk.write("jotgate.toml", format!("{CONFIG}[metrics]\n{metrics}\n"));
    desk
}

async fn read(server: &Server) -> String {
    let address = server.announced["metrics"].as_str().unwrap();
    let answer = reqwest::get(format!("http://{address}/metrics")).await.unwrap();
    assert_eq!((answer.status().as_u16(), &answer.headers()["content-type"]), (200, &format_of_prometheus()));
    answer.text().await.unwrap()
}

fn format_of_prometheus() -> reqwest::header::HeaderValue {
    reqwest::header::HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8")
}

/// The value of a metric with these labels, in any order.
fn value(page: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let lines = page.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
    let mut found = lines.filter(|line| labels.iter().all(|label| line.contains(label)));
    found.next().and_then(|line| line.rsplit(' ').next()).and_then(|value| value.parse().ok())
}

#[tokio::test]
async fn what_happens_is_counted_and_nothing_an_outsider_writes_is_a_label() {
    let desk = desk("listen = \"127.0.0.1:0\"");
    create(&desk, "ada@example.com", &[]).ends(0);
    let server = Server::start(&desk);
    let probe = Probe::new(&server.url);
    let opened = probe.log_in("ada@example.com").await;
    let token = opened.text("refresh_token");
    for _ in 0..2 {
        let refresh = probe.request(Method::POST, "/v1/refresh").json(&json!({"refresh_token": token}));
        probe.send(refresh).await.ok(200);
    }
    for path in ["/no-such-place-7e1", "/v1/me?x=no-such-place-7e1"] {
        let odd = probe.request(Method::from_bytes(b"NOSUCHMETHOD7E1").unwrap(), path).header("x-odd", "7e1");
        probe.send(odd).await;
    }
    for _ in 0..7 {
        probe.log_in("nobody-7e1@example.com").await;
    }
    let page = read(&server).await;
    assert_eq!(value(&page, "jotgate_refreshes_total", &["outcome=\"rotated\""]), Some(1.0), "{page}");
    assert_eq!(value(&page, "jotgate_refreshes_total", &["outcome=\"replayed\""]), Some(1.0), "{page}");
    let logged_in = ["path=\"/v1/login\"", "status=\"200\"", "code=\"\"", "method=\"POST\""];
    assert_eq!(value(&page, "jotgate_requests_total", &logged_in), Some(1.0), "{page}");
    assert_eq!(value(&page, "jotgate_requests_total", &["code=\"invalid_credentials\""]), Some(5.0), "{page}");
    assert_eq!(value(&page, "jotgate_throttled_total", &["act=\"log_in\""]), Some(2.0), "{page}");
    assert_eq!(value(&page, "jotgate_keys_usable", &[]), Some(1.0), "{page}");
    for gauge in ["jotgate_password_hashes_waiting", "jotgate_password_hashes_running"] {
        assert_eq!(value(&page, gauge, &[]), Some(0.0), "{page}");
    }
    assert!(value(&page, "jotgate_signing_key_age_seconds", &[]).is_some_and(|age| age < 600.0), "{page}");
    assert_eq!(value(&page, "jotgate_feed_unreadable_seconds", &[]), Some(0.0), "{page}");
    assert!(page.contains("# HELP jotgate_refreshes_total genuine refresh tokens"), "{page}");
    for written in ["7e1", "7E1", "ada@", &token] {
        assert!(!page.contains(written), "{written}: {page}");
    }
}

#[tokio::test]
async fn what_becomes_of_mail_is_counted_by_its_kind() {
    // Nobody is there to take it.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mail =
        format!("[mail]\nhost = \"localhost\"\nport = {port}\ntls = \"none\"\nfrom = \"no-reply@example.com\"\n");
    let desk = desk(&format!("listen = \"127.0.0.1:0\"\n{mail}"));
    create(&desk, "ada@example.com", &[]).ends(0);
    let server = Server::start(&desk);
    let probe = Probe::new(&server.url);
    for email in ["ada@example.com", "nobody@example.com"] {
        probe.post("/v1/password/forgot", json!({"email": email})).await.ok(202);
    }
    let mut page = String::new();
    let fates = [("queued", 2.0), ("retried", 1.0), ("dropped", 1.0)];
    for _ in 0..2000 {
        page = read(&server).await;
        let count = |fate: &str| {
            let fate = format!("fate=\"{fate}\"");
            value(&page, "jotgate_mails_total", &["kind=\"reset\"", &fate])
        };
        let waiting = value(&page, "jotgate_mails_waiting", &[]);
        if fates.iter().all(|(fate, times)| count(fate) == Some(*times)) && waiting == Some(1.0) {
            assert!(value(&page, "jotgate_mails_oldest_seconds", &[]).is_some_and(|age| age < 600.0), "{page}");
            return;
        }
    }
    panic!("{page}");
}

#[tokio::test]
async fn it_is_a_listener_of_its_own_with_nothing_else_on_it() {
    let desk = desk("listen = \"127.0.0.1:0\"");
    let server = Server::start(&desk);
    let probe = Probe::new(&server.url);
    probe.send(probe.request(Method::GET, "/metrics")).await.ok(404);
    let other = format!("http://{}", server.announced["metrics"].as_str().unwrap());
    for path in ["/", "/v1/me", "/healthz", "/.well-known/jwks.json"] {
        assert_eq!(reqwest::get(format!("{other}{path}")).await.unwrap().status(), 404, "{path}");
    }
    let posted = reqwest::Client::new().post(format!("{other}/metrics")).send().await.unwrap();
    assert_eq!(posted.status(), 405);
    assert_eq!(server.stop().0, 0);
    assert!(reqwest::get(format!("{other}/metrics")).await.is_err(), "it ends with the server");
}

#[test]
fn other_machines_reach_it_only_where_that_is_said() {
    let desk = desk("listen = \"0.0.0.0:0\"");
    desk.run(&["serve"]).ends(2).complains(&["metrics.listen", "expose"]);
    for address in ["[::]:0", "192.0.2.1:9", "example.com:9"] {
        desk.write("jotgate.toml", format!("{CONFIG}[metrics]\nlisten = \"{address}\"\n"));
        let ran = desk.run(&["config", "check"]).ends(2);
        assert!(ran.stdout.contains("metrics.listen") && ran.stdout.contains(address), "{}", ran.stdout);
    }
    desk.write("jotgate.toml", format!("{CONFIG}[metrics]\nlisten = \"0.0.0.0:0\"\nexpose = true\n"));
    assert!(Server::start(&desk).announced["metrics"].as_str().unwrap().starts_with("0.0.0.0:"));
}

#[test]
fn without_an_address_there_is_none_and_a_taken_one_is_named() {
    let plain = desk("");
    assert!(Server::start(&plain).announced["metrics"].is_null());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    desk(&format!("listen = \"{address}\"")).run(&["serve"]).ends(3).complains(&[&address, "metrics.listen"]);
}
