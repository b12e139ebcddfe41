//! The revocation feed: every end is in it, signed, and in the stream as it happens.

use std::time::Duration;

use jotgate_jose::{Algorithm, KeySet, jwt};
use jotgate_server::domain::session::EndReason;
use jotgate_server::domain::user::UserId;
use jotgate_server::flows;
use jotgate_wire::{FeedDocument, Subject};
use reqwest::{Method, Response};
use serde_json::json;

use crate::answer::Answer;
use crate::site::{PASSWORD, Site, send};

const PATIENCE: Duration = Duration::from_secs(20);

/// Verifies as a verifier elsewhere does, with the published keys.
async fn read(site: &Site, jwt: &str) -> FeedDocument {
    let keys = send(site.request(Method::GET, "/.well-known/jwks.json")).await.body.to_string();
    let policy = jwt::Policy::builder()
        .issuer(&site.url)
        .audience(FeedDocument::AUDIENCE)
        .algorithms([Algorithm::EdDsa])
        .token_type(FeedDocument::TYPE)
        .build();
    let verified = jwt::verify::<FeedDocument>(jwt, &KeySet::from_json(&keys).unwrap(), &policy, 1_800_000_000);
    verified.unwrap().into_claims()
}

async fn ask(site: &Site, after: u64) -> FeedDocument {
    let answer = send(site.request(Method::GET, &format!("/v1/revocations?after={after}"))).await.ok(200);
    assert_eq!(
        (answer.header("content-type"), answer.header("cache-control")),
        ("application/jwt".into(), "no-store".into())
    );
    read(site, answer.body.as_str().unwrap()).await
}

/// Sessions by their ids, and users with how many seconds from now a token has to be from.
fn names(document: &FeedDocument) -> Vec<String> {
    let name = |subject: &Subject| match subject {
        Subject::Sid(sid) => sid.clone(),
        Subject::Sub { sub, issued_before } => format!("{sub} {:+}", issued_before - 1_800_000_000),
        other => panic!("{other:?}"),
    };
    document.entries.iter().map(|entry| name(&entry.subject)).collect()
}

/// What ended after a number, and the new head.
async fn ended_after(site: &Site, head: &mut u64) -> Vec<String> {
    let document = ask(site, *head).await;
    let new =
        FeedDocument { entries: document.entries.into_iter().filter(|entry| entry.seq > *head).collect(), ..document };
    *head = new.head;
    names(&new)
}

fn and_user(mut sessions: Vec<String>, user: UserId, seconds: i64) -> Vec<String> {
    sessions.push(format!("{user} {seconds:+}"));
    sessions
}

fn sorted(sessions: &[&Answer]) -> Vec<String> {
    let mut ids: Vec<_> = sessions.iter().map(|session| session.text("session_id")).collect();
    ids.sort();
    ids
}

pub(crate) async fn every_end_is_in_the_feed(site: Site) {
    let mut head = 0;
    let first = site.register("ada@example.com").await;
    let user = flows::find_user(&site.app, "ada@example.com").await.unwrap().id;
    let out = async |query: &str, session: &Answer| {
        site.call(Method::POST, &format!("/v1/logout{query}"), &session.text("access_token")).await.ok(204)
    };
    assert!(ended_after(&site, &mut head).await.is_empty());

    out("", &first).await;
    assert_eq!(ended_after(&site, &mut head).await, sorted(&[&first]), "logging out");
    let (one, two) = (site.log_in("ada@example.com").await, site.log_in("ada@example.com").await);
    out("?scope=others", &two).await;
    assert_eq!(ended_after(&site, &mut head).await, sorted(&[&one]), "the others");
    let three = site.log_in("ada@example.com").await;
    out("?scope=global", &two).await;
    let mut all = ended_after(&site, &mut head).await;
    all[..2].sort();
    assert_eq!(all, and_user(sorted(&[&two, &three]), user, -60), "all");

    let (stays, goes) = (site.log_in("ada@example.com").await, site.log_in("ada@example.com").await);
    let change = json!({"current_password": PASSWORD, "new_password": "quite another pass phrase"});
    let change =
        site.request(Method::POST, "/v1/password/change").bearer_auth(stays.text("access_token")).json(&change);
    send(change).await.ok(204);
    assert_eq!(ended_after(&site, &mut head).await, sorted(&[&goes]), "a changed password");

    site.refresh(&stays.text("refresh_token")).await.ok(200);
    site.clock.advance(31);
    site.refresh(&stays.text("refresh_token")).await.refused(401, "refresh_token_reused");
    site.clock.advance(-31);
    assert_eq!(ended_after(&site, &mut head).await, sorted(&[&stays]), "a refresh token used again");

    let other = site.register("known@example.com").await;
    let known = flows::find_user(&site.app, "known@example.com").await.unwrap().id;
    flows::disable_user(&site.app, &flows::By::command_line(), known).await.unwrap();
    assert_eq!(ended_after(&site, &mut head).await, and_user(sorted(&[&other]), known, -60), "a disabled user");
    let last = site.register("many@example.com").await;
    let many = flows::find_user(&site.app, "many@example.com").await.unwrap().id;
    flows::delete_user(&site.app, &flows::By::command_line(), many).await.unwrap();
    assert_eq!(ended_after(&site, &mut head).await, and_user(sorted(&[&last]), many, 60), "a deleted user");
    flows::end_sessions_of(&site.app, &flows::By::command_line(), user, EndReason::Administrator).await.unwrap();
    assert_eq!(ended_after(&site, &mut head).await, and_user(Vec::new(), user, -60), "no session is left to end");
    let again = site.register("many@example.com").await;
    flows::end_sessions_of_everyone(&site.app, &flows::By::command_line(), EndReason::Administrator).await.unwrap();
    assert_eq!(ended_after(&site, &mut head).await, sorted(&[&again]), "everyone, and no word of who has no session");
}

pub(crate) async fn the_feed_is_published_and_no_access_token(site: Site) {
    let metadata = send(site.request(Method::GET, "/.well-known/oauth-authorization-server")).await.ok(200);
    assert_eq!(metadata.text("revocation_feed_uri"), format!("{}/v1/revocations", site.url));
    let document = send(site.request(Method::GET, "/v1/revocations")).await.ok(200);
    site.me(document.body.as_str().unwrap()).await.refused(401, "type_mismatch");
}

pub(crate) async fn what_is_no_number_is_refused(site: Site) {
    for query in ["?after=", "?after=x", "?after=-1", "?after=1&after=1", "?after=99999999999999999999"] {
        send(site.request(Method::GET, &format!("/v1/revocations{query}"))).await.refused(400, "invalid_request");
        let stream =
            site.request(Method::GET, &format!("/v1/revocations{query}")).header("accept", "text/event-stream");
        send(stream).await.refused(400, "invalid_request");
    }
    send(site.request(Method::POST, "/v1/revocations")).await.refused(405, "method_not_allowed");
    let beyond = ask(&site, 1_000_000).await;
    assert_eq!((beyond.after, beyond.head), (0, 0), "one who knows more than there is sees it");
}

/// A stream as a client reads it.
struct Stream {
    answer: Response,
    text: String,
}

impl Stream {
    async fn open(site: &Site, after: &str, last_event: Option<&str>) -> Self {
        let path = format!("/v1/revocations?after={after}");
        let mut request = site.request(Method::GET, &path).header("accept", "text/event-stream");
        if let Some(id) = last_event {
            request = request.header("last-event-id", id);
        }
        let answer = request.send().await.unwrap();
        let header = |name: &str| answer.headers()[name].to_str().unwrap().to_owned();
        assert_eq!((answer.status().as_u16(), header("content-type")), (200, "text/event-stream".to_owned()));
        assert_eq!((header("cache-control"), header("x-accel-buffering")), ("no-store".to_owned(), "no".to_owned()));
        Self { answer, text: String::new() }
    }

    /// The id of the next event, and its document.
    async fn next(&mut self, site: &Site) -> (String, FeedDocument) {
        while !self.text.contains("\n\n") {
            let chunk = tokio::time::timeout(PATIENCE, self.answer.chunk()).await.unwrap();
            self.text.push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
        }
        let (event, rest) = self.text.split_once("\n\n").unwrap();
        let (id, data) = event.strip_prefix("id: ").and_then(|event| event.split_once("\ndata: ")).unwrap();
        let (id, data, rest) = (id.to_owned(), data.to_owned(), rest.to_owned());
        self.text = rest;
        (id, read(site, &data).await)
    }

    /// The next one that says that something has ended.
    async fn next_end(&mut self, site: &Site) -> (String, Vec<String>) {
        loop {
            let (id, document) = self.next(site).await;
            if !document.entries.is_empty() {
                return (id, names(&document));
            }
        }
    }
}

pub(crate) async fn an_end_arrives_while_one_waits(site: Site) {
    let (one, two) = (site.register("ada@example.com").await, site.log_in("ada@example.com").await);
    let mut streams = Vec::new();
    for _ in 0..5 {
        let mut stream = Stream::open(&site, "0", None).await;
        let (id, document) = stream.next(&site).await;
        assert_eq!((id.as_str(), document.head, document.entries.len()), ("0", 0, 0));
        streams.push(stream);
    }
    for (number, session) in [("1", one), ("2", two)] {
        site.call(Method::POST, "/v1/logout", &session.text("access_token")).await.ok(204);
        for stream in &mut streams {
            assert_eq!(stream.next_end(&site).await, (number.to_owned(), sorted(&[&session])));
        }
    }
}

pub(crate) async fn a_stream_goes_on_where_it_was_left(site: Site) {
    let sessions = [site.register("ada@example.com").await, site.log_in("ada@example.com").await];
    for session in &sessions {
        site.call(Method::POST, "/v1/logout", &session.text("access_token")).await.ok(204);
    }
    let all: Vec<_> = sessions.iter().map(|session| session.text("session_id")).collect();
    let (id, ended) = Stream::open(&site, "0", None).await.next_end(&site).await;
    assert_eq!((id.as_str(), ended), ("2", all));
    for mut resumed in [Stream::open(&site, "2", None).await, Stream::open(&site, "0", Some("2")).await] {
        let (id, document) = resumed.next(&site).await;
        assert_eq!((id.as_str(), document.upto, document.entries.len()), ("2", 2, 0));
    }
}
