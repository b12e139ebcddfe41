//! What of a refusal stands in the log, and how much of it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::io;
use std::sync::{Arc, Mutex};

use http::{Request, Response};
use serde_json::{Value, json};
use support::{ISSUER, claims_with, guard_with, key, token};
use tower::{Layer, ServiceExt, service_fn};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_flood_of_refusals_leaves_few_lines_and_no_token() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().json().with_max_level(tracing::Level::DEBUG);
    let subscriber = subscriber.with_writer(move || writer.clone()).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    let key = key("k1");
    let hello = service_fn(async |_: Request<()>| Ok::<_, std::convert::Infallible>(Response::new(String::new())));
    let service = guard_with(&key).build().unwrap().layer().layer(hello);
    let foreign = token(&key, &claims_with(&json!({"aud": "https://other.example", "email": "ada@example.com"})));
    for _ in 0..3000 {
        let request = Request::get("/").header("authorization", format!("Bearer {foreign}")).body(()).unwrap();
        assert_eq!(service.clone().oneshot(request).await.unwrap().status(), 401);
    }
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let refused: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!((10..300).contains(&refused.len()), "{} lines", refused.len());
    let fields = &refused[0]["fields"];
    assert_eq!(fields["code"], "audience_mismatch");
    assert_eq!(fields["issuer"], ISSUER);
    assert!(fields["expected"].as_str().unwrap().contains("https://api.example.com"), "{fields}");
    assert!(fields["found"].as_str().unwrap().contains("https://other.example"), "{fields}");
    let signature = foreign.rsplit('.').next().unwrap();
    assert!(!text.contains(signature) && !text.contains("ada@example.com"), "{text}");
}
