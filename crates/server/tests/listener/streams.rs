//! Streams of the revocation feed through the listener: they outlive the time-outs of requests, are bounded in number, and
//! end with the server.

use jotgate_server::config::Seconds;
use reqwest::{Client, Response};

use crate::PATIENCE;
use crate::running::Running;

const FEED: &str = "/v1/revocations?after=0";

async fn follow(client: &Client, origin: &str) -> Response {
    client.get(format!("{origin}{FEED}")).header("accept", "text/event-stream").send().await.unwrap()
}

/// The next events of a stream; nothing when it has ended.
async fn event(stream: &mut Response) -> Option<String> {
    let chunk = tokio::time::timeout(PATIENCE, stream.chunk()).await.expect("an event or the end").unwrap();
    chunk.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
}

#[tokio::test]
async fn a_stream_outlives_the_time_outs() {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".into()]).unwrap();
    let server = Running::start(|config, folder| {
        std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem()).unwrap();
        config.tls.certificate = Some("cert.pem".into());
        config.tls.key = Some("key.pem".into());
        config.issuer = "https://localhost".into();
        config.http.request_timeout = Seconds(1);
        config.http.header_timeout = Seconds(1);
        config.revocations.heartbeat = Seconds(1);
    })
    .await;
    let root = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let origin = format!("https://localhost:{}", server.port());
    let http2 = Client::builder().tls_certs_only([root.clone()]).build().unwrap();
    let http1 = Client::builder().tls_certs_only([root]).http1_only().build().unwrap();
    let (mut one, mut two) = (follow(&http2, &origin).await, follow(&http1, &origin).await);
    assert_eq!((one.version(), two.version()), (reqwest::Version::HTTP_2, reqwest::Version::HTTP_11));
    // An idle HTTP/2 connection is closed after one to two seconds here.
    for _ in 0..6 {
        assert!(event(&mut one).await.is_some() && event(&mut two).await.is_some());
    }
}

#[tokio::test]
async fn streams_are_bounded_and_end_when_the_server_stops() {
    let mut server = Running::start(|config, _| {
        config.revocations.max_streams = 2;
        config.http.shutdown_grace = Seconds(600);
    })
    .await;
    let (client, origin) = (Client::new(), format!("http://127.0.0.1:{}", server.port()));
    let (mut one, mut two) = (follow(&client, &origin).await, follow(&client, &origin).await);
    assert!(event(&mut one).await.is_some() && event(&mut two).await.is_some());
    let refused = follow(&client, &origin).await;
    assert_eq!(refused.status().as_u16(), 503);
    assert!(refused.headers().contains_key("retry-after"));
    assert!(refused.text().await.unwrap().contains("\"code\":\"overloaded\""));
    let asked = client.get(format!("{origin}{FEED}")).send().await.unwrap();
    assert_eq!(asked.status().as_u16(), 200, "who does not get a stream can ask");

    server.stop();
    for stream in [&mut one, &mut two] {
        while event(stream).await.is_some() {}
    }
    server.until_ended().await;
}
