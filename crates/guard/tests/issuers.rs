//! Issuers that lie, are slow, or talk nonsense; and how their keys are found.

mod support;

use axum::Router;
use axum::routing::get as on_get;
use jotgate_guard::{Algorithm, Auth, Guard, VerifyingKey};
use jotgate_jose::SigningKey;
use serde_json::json;
use support::{
    AUDIENCE, ISSUER, Manner, TestIssuer, claims, claims_with, guard_with, key, outcome, send, token, with_token,
};

#[tokio::test]
async fn keys_are_found_by_the_issuer_s_name_alone() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    assert_eq!(outcome(&issuer.guard(), &issuer.token(&key)).await, "ok");
}

#[tokio::test]
async fn an_issuer_without_openid_is_asked_at_the_address_of_rfc_8414() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    issuer.openid(Manner::Status(404));
    assert_eq!(outcome(&issuer.guard(), &issuer.token(&key)).await, "ok");
}

#[tokio::test]
async fn metadata_that_names_another_issuer_is_not_believed() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    for name in [format!("{}/", issuer.url), "https://auth.example.com".to_owned(), String::new()] {
        let document = json!({"issuer": name, "jwks_uri": format!("{}/keys", issuer.url)}).to_string();
        issuer.openid(Manner::Says(document));
        assert_eq!(outcome(&issuer.guard(), &issuer.token(&key)).await, "keys_unavailable", "{name}");
    }
    assert_eq!(issuer.key_fetches(), 0);
}

#[tokio::test]
async fn nonsense_instead_of_keys_is_no_key_set() {
    let key = key("k1");
    let secret = SigningKey::hmac(Algorithm::Hs256, &[7; 32]).unwrap().with_kid("h1").to_jwk();
    let issuer = TestIssuer::start(&[&key]).await;
    let many = vec![json!({"kty": "unheard of"}); 101];
    let nonsense = [
        String::new(),
        "<html>sign in</html>".to_owned(),
        "{}".to_owned(),
        "[]".to_owned(),
        r#"{"keys": []}"#.to_owned(),
        r#"{"keys": 7}"#.to_owned(),
        json!({"keys": many}).to_string(),
        format!(r#"{{"keys": [{}]}}"#, secret.expose()),
        "[".repeat(100_000),
        format!(r#"{{"keys": [{}]}}"#, vec![r#"{"kty":"OKP","crv":"Ed25519"}"#; 10_000].join(",")),
    ];
    for text in nonsense {
        issuer.keys(Manner::Says(text.clone()));
        let start: String = text.chars().take(60).collect();
        assert_eq!(outcome(&issuer.guard(), &issuer.token(&key)).await, "keys_unavailable", "{start}");
    }
    for manner in [Manner::Status(500), Manner::Status(204), Manner::Endless] {
        issuer.keys(manner.clone());
        assert_eq!(outcome(&issuer.guard(), &issuer.token(&key)).await, "keys_unavailable", "{manner:?}");
    }
}

#[tokio::test]
async fn a_document_that_does_not_end_is_given_up() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    issuer.keys(Manner::Stalls);
    assert_eq!(outcome(&issuer.impatient_guard(), &issuer.token(&key)).await, "keys_unavailable");
    issuer.keys(Manner::Well);
    issuer.openid(Manner::Stalls);
    assert_eq!(outcome(&issuer.impatient_guard(), &issuer.token(&key)).await, "keys_unavailable");
}

#[tokio::test]
async fn what_a_document_is_said_to_be_does_not_matter_but_what_it_is() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    let set = jotgate_guard::KeySet::new([key.verifying_key()]).unwrap().to_json().unwrap();
    issuer.keys(Manner::SaysAs("text/html", set));
    assert_eq!(outcome(&issuer.guard(), &issuer.token(&key)).await, "ok");
    issuer.keys(Manner::SaysAs("application/jwk-set+json", "<p>sign in</p>".to_owned()));
    assert_eq!(outcome(&issuer.guard(), &issuer.token(&key)).await, "keys_unavailable");
}

#[tokio::test]
async fn a_document_does_not_lead_into_the_network_of_the_guard() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    for address in [
        "https://10.0.0.1/keys",
        "https://169.254.169.254/latest",
        "https://[::ffff:192.168.0.1]/",
        "https://[fd00::1]/",
    ] {
        issuer.openid(Manner::Says(json!({"issuer": issuer.url, "jwks_uri": address}).to_string()));
        // The limit of a day says that nothing was tried: nothing waits for an answer.
        let patient = issuer.builder().fetch_timeout(std::time::Duration::from_hours(24)).build().unwrap();
        assert_eq!(outcome(&patient, &issuer.token(&key)).await, "keys_unavailable", "{address}");
    }
}

#[tokio::test]
async fn a_redirect_may_move_a_document_on_its_host_but_not_to_another() {
    let key = key("k1");
    let (issuer, other) = (TestIssuer::start(&[&key]).await, TestIssuer::start(&[&key]).await);
    issuer.keys(Manner::Redirects("/moved".to_owned()));
    assert_eq!(outcome(&issuer.guard(), &issuer.token(&key)).await, "ok");
    issuer.keys(Manner::Redirects(format!("{}/keys", other.url)));
    assert_eq!(outcome(&issuer.guard(), &issuer.token(&key)).await, "keys_unavailable");
    assert_eq!(other.key_fetches(), 0);
    issuer.keys(Manner::Redirects("/keys".to_owned()));
    assert_eq!(outcome(&issuer.guard(), &issuer.token(&key)).await, "keys_unavailable", "a redirect in a circle");
}

#[tokio::test]
async fn a_key_address_on_a_weaker_line_is_not_followed() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    for address in ["http://192.0.2.1/keys", "file:///etc/passwd", "keys"] {
        issuer.openid(Manner::Says(json!({"issuer": issuer.url, "jwks_uri": address}).to_string()));
        assert_eq!(outcome(&issuer.guard(), &issuer.token(&key)).await, "keys_unavailable", "{address}");
    }
}

#[tokio::test]
async fn a_slow_issuer_delays_the_first_requests_and_no_more() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    issuer.keys(Manner::Waits);
    let (guard, token) = (issuer.guard(), issuer.token(&key));
    let requests: Vec<_> = (0..20)
        .map(|_| {
            let (guard, token) = (guard.clone(), token.clone());
            tokio::spawn(async move { outcome(&guard, &token).await })
        })
        .collect();
    issuer.somebody_waits().await;
    issuer.let_through();
    for request in requests {
        assert_eq!(request.await.unwrap(), "ok");
    }
    assert_eq!(issuer.key_fetches(), 1);
}

#[tokio::test]
async fn an_issuer_that_never_answers_is_503_within_the_limit() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    issuer.keys(Manner::Waits);
    let hello = |_: Auth| async { "hello" };
    let app = Router::new().route("/", on_get(hello)).layer(issuer.impatient_guard().layer());
    let answer = send(&app, with_token("/", &issuer.token(&key))).await;
    assert_eq!((answer.status, answer.code().as_str()), (503, "keys_unavailable"));
    assert_eq!((answer.challenge.as_deref(), answer.headers["retry-after"].to_str().unwrap()), (None, "5"));
    let anonymous = send(&app, support::get("/").body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(anonymous.code(), "token_missing", "who sends no token waits for nothing");
}

#[tokio::test]
async fn keys_that_come_while_a_request_waits_let_it_in() {
    let key = key("k1");
    let issuer = TestIssuer::start(&[&key]).await;
    issuer.keys(Manner::Waits);
    let hello = |auth: Auth| async move { auth.subject().to_owned() };
    let app = Router::new().route("/", on_get(hello)).layer(issuer.guard().require_scope("profile"));
    let request = with_token("/", &issuer.token(&key));
    let waiting = tokio::spawn(async move { send(&app, request).await });
    issuer.somebody_waits().await;
    issuer.let_through();
    let answer = waiting.await.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "u1"));
}

#[tokio::test]
async fn an_issuer_that_is_not_there_is_keys_unavailable() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let name = format!("http://{free}");
    let guard = Guard::builder().issuer(&name).audience(AUDIENCE).build().unwrap();
    let own = token(&key("k1"), &claims_with(&json!({"iss": name})));
    assert_eq!(outcome(&guard, &own).await, "keys_unavailable");
    assert_eq!(
        outcome(&guard, &token(&key("k1"), &claims())).await,
        "issuer_mismatch",
        "nobody waits for another's keys"
    );
}

#[test]
fn a_guard_that_cannot_work_is_not_built_and_says_why() {
    let error = |builder: jotgate_guard::GuardBuilder| builder.build().unwrap_err().to_string();
    let hmac = || VerifyingKey::hmac(Algorithm::Hs256, &[7; 32]).unwrap();
    let with_issuer = || Guard::builder().issuer(ISSUER);
    let cases = [
        (error(Guard::builder().audience(AUDIENCE)), "no issuer"),
        (error(with_issuer()), "no audience"),
        (error(Guard::builder().issuer("http://auth.example.com").audience(AUDIENCE)), "has to begin with https://"),
        (error(with_issuer().audience(AUDIENCE).algorithms([Algorithm::Hs256])), "needs a secret key"),
        (error(with_issuer().audience(AUDIENCE).key(hmac()).algorithms([Algorithm::EdDsa])), "not among the accepted"),
    ];
    for (error, part) in cases {
        assert!(error.contains(part), "{error:?} does not say {part:?}");
    }
}

#[tokio::test]
async fn a_fixed_key_needs_no_issuer_to_ask() {
    let secret = SigningKey::hmac(Algorithm::Hs256, &[7; 32]).unwrap().with_kid("h1");
    let guard = guard_with(&secret).build().unwrap();
    assert_eq!(outcome(&guard, &token(&secret, &claims())).await, "ok");
    let asymmetric = key("h1");
    assert_eq!(outcome(&guard, &token(&asymmetric, &claims())).await, "algorithm_not_allowed");
}
