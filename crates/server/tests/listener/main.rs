//! The listener of `serve`: TLS, limits on what a peer may take its time with, and a stop that finishes what it accepted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod running;
mod streams;

use std::time::Duration;

use jotgate_server::config::Seconds;
use reqwest::Client;
use running::Running;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that the server sends until it closes the connection.
async fn read_all(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read =
        tokio::time::timeout(PATIENCE, stream.read_to_end(&mut text)).await.expect("the server closes the connection");
    // A reset instead of a close is fine: the server had not read all that was sent.
    let _ = read;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn tls_with_http_2_and_http_1() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let server = Running::start(|config, folder| {
        std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        config.tls.certificate = Some("cert.pem".into());
        config.tls.key = Some("key.pem".into());
        config.issuer = "https://localhost".into();
    })
    .await;
    let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    for (client, version) in [
        (Client::builder().tls_certs_only([root.clone()]).build().unwrap(), reqwest::Version::HTTP_2),
        (Client::builder().tls_certs_only([root]).http1_only().build().unwrap(), reqwest::Version::HTTP_11),
    ] {
        let answer = client.get(format!("https://localhost:{}/healthz", server.port())).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.version()), (200, version));
    }
    let plain = Client::new().get(format!("http://127.0.0.1:{}/healthz", server.port())).send().await;
    assert!(plain.is_err());
}

#[tokio::test]
async fn cookies_are_secure_under_an_https_issuer() {
    let server = Running::start(|config, _| config.issuer = "https://auth.example.com".into()).await;
    let answer = server.register("cookie").await;
    let cookies: Vec<_> = answer.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap()).collect();
    assert!(
        cookies.iter().any(|cookie| cookie.starts_with("__Host-jg_at=") && cookie.ends_with("; Secure")),
        "{cookies:?}"
    );
    assert!(
        cookies.iter().any(|cookie| cookie.starts_with("__Secure-jg_rt=") && cookie.ends_with("; Secure")),
        "{cookies:?}"
    );
}

#[tokio::test]
async fn a_body_that_never_ends_gets_408() {
    let server = Running::start(|config, _| config.http.request_timeout = Seconds(1)).await;
    let mut stream = server.connect().await;
    let head = "POST /v1/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && answer.contains("\"code\":\"request_timeout\""), "{answer}");
}

#[tokio::test]
async fn a_header_that_never_ends_is_cut_off() {
    let server = Running::start(|config, _| config.http.header_timeout = Seconds(1)).await;
    for begun in ["", "GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut stream = server.connect().await;
        stream.write_all(begun.as_bytes()).await.unwrap();
        let answer = read_all(&mut stream).await;
        assert!(!answer.starts_with("HTTP/1.1 2"), "{answer}");
    }
}

#[tokio::test]
async fn a_megabyte_of_header_gets_431() {
    let server = Running::start(|_, _| {}).await;
    let mut stream = server.connect().await;
    let header = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(1024 * 1024));
    // The server answers and closes before all of it is sent.
    let _ = stream.write_all(header.as_bytes()).await;
    let answer = read_all(&mut stream).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let mut stream = server.connect().await;
    let header = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Large: {}\r\n\r\n", "x".repeat(80 * 1024));
    stream.write_all(header.as_bytes()).await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test]
async fn garbage_gets_400_and_the_server_goes_on() {
    let server = Running::start(|_, _| {}).await;
    for garbage in
        [&b"\x16\x03\x01\x02\x00"[..], b"GET\r\n\r\n", b"\x00\x00\x00\x00\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    {
        let mut stream = server.connect().await;
        stream.write_all(garbage).await.unwrap();
        stream.shutdown().await.unwrap();
        let answer = read_all(&mut stream).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400 "), "{answer}");
    }
    assert_eq!(server.register("bearer").await.status().as_u16(), 201);
}

/// One connection is served at a time here; the next is served when the first has gone.
#[tokio::test]
async fn the_number_of_connections_is_capped() {
    let server = Running::start(|config, _| config.http.max_connections = 1).await;
    let request = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut first = server.connect().await;
    let mut second = server.connect().await;
    second.write_all(request.as_bytes()).await.unwrap();
    first.write_all(request.as_bytes()).await.unwrap();
    assert!(read_all(&mut first).await.starts_with("HTTP/1.1 200 "));
    drop(first);
    assert!(read_all(&mut second).await.starts_with("HTTP/1.1 200 "));
}

/// A peer that sends requests and never reads the answers must not keep its place.
#[tokio::test]
async fn a_peer_that_does_not_read_is_cut_off() {
    let server = Running::start(|config, _| {
        config.http.max_connections = 1;
        config.http.header_timeout = Seconds(1);
    })
    .await;
    let mut deaf = server.connect().await;
    let requests = "GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n".repeat(1000);
    let flood = tokio::spawn(async move { while deaf.write_all(requests.as_bytes()).await.is_ok() {} });
    tokio::time::timeout(PATIENCE, flood).await.expect("the connection is cut off").unwrap();
    let mut other = server.connect().await;
    other.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    assert!(read_all(&mut other).await.starts_with("HTTP/1.1 200 "));
}

/// A request that was accepted before the stop is answered after it; a new connection is refused.
#[tokio::test]
async fn a_stop_finishes_what_was_accepted() {
    let mut server = Running::start(|_, _| {}).await;
    let body = format!("{{\"email\":\"ada@example.com\",\"password\":\"{}\"}}", running::PASSWORD);
    let head = format!(
        "POST /v1/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = server.connect().await;
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&body.as_bytes()[..10]).await.unwrap();
    // An answer on another connection, sent later, shows that the listener has taken up the first.
    server.register("bearer").await;
    server.stop();
    server.until_refused().await;
    stream.write_all(&body.as_bytes()[10..]).await.unwrap();
    let answer = read_all(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    server.until_ended().await;
}
