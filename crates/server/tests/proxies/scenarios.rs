//! What holds behind every proxy.

use reqwest::Method;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, COOKIE, ORIGIN};
use serde_json::{Value, json};

use crate::site::{Site, bearer, header};

const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
const EVIL: &str = "https://evil.example";

async fn seen(request: reqwest::RequestBuilder) -> Value {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{answer:?}");
    answer.json().await.unwrap()
}

async fn status(request: reqwest::RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

pub(crate) async fn good_tokens_pass_with_who_they_speak_for(site: Site) {
    let tokens = site.log_in().await;
    for (name, value) in [
        (AUTHORIZATION, bearer(&tokens.access)),
        (AUTHORIZATION, format!("bEARER {}", tokens.access)),
        (COOKIE, tokens.cookies.clone()),
    ] {
        let seen = seen(site.request(Method::GET, "/page?role=admin&x").header(name, value)).await;
        assert_eq!((&seen["method"], &seen["uri"]), (&json!("GET"), &json!("/page?role=admin&x")));
        assert_eq!(seen["headers"]["remote-user"], json!([tokens.user]));
        assert_eq!(seen["headers"]["remote-name"], json!(["Ada L%C3%B6we"]));
    }
    let head = site.request(Method::HEAD, "/page").header(COOKIE, &tokens.cookies);
    assert_eq!(status(head).await, 200);
}

pub(crate) async fn refused_tokens_do_not_pass(site: Site) {
    let refusal = |challenge: &str, code: &str| {
        assert!(challenge.starts_with("Bearer"), "{challenge}");
        assert!(challenge.contains(code), "{challenge}: {code}");
    };
    let none = site.request(Method::GET, "/").send().await.unwrap();
    assert_eq!((none.status().as_u16(), header(&none, "www-authenticate").as_str()), (401, "Bearer"));

    let tokens = site.log_in().await;
    site.log_out(&tokens.access).await;
    let ended = site.request(Method::GET, "/").header(AUTHORIZATION, bearer(&tokens.access)).send().await.unwrap();
    assert_eq!(ended.status(), 401);
    refusal(&header(&ended, "www-authenticate"), "session_ended");

    let cookie = site.request(Method::GET, "/").header(COOKIE, &tokens.cookies);
    assert_eq!(status(cookie).await, 200, "the other session lives");
    site.advance(700);
    let access = site.log_in().await.access;
    let forged = format!("{}.{}", access.rsplit_once('.').unwrap().0, "A".repeat(86));
    for (name, value) in [(COOKIE, tokens.cookies), (AUTHORIZATION, bearer(&forged))] {
        let refused = site.request(Method::GET, "/").header(&name, value).send().await.unwrap();
        assert_eq!(refused.status(), 401);
        let code = if name == COOKIE { "token_expired" } else { "signature_invalid" };
        refusal(&header(&refused, "www-authenticate"), code);
    }
}

pub(crate) async fn what_the_client_says_of_itself_is_dropped(site: Site) {
    let tokens = site.log_in().await;
    let liar = |request: reqwest::RequestBuilder| {
        ["Remote-User", "Remote-Email", "Remote-Name", "Remote-Groups", "Remote_User", "rEMOTE-gROUPS"]
            .into_iter()
            .fold(request, |request, name| request.header(name, "admin"))
    };
    let seen = seen(liar(site.request(Method::GET, "/")).header(AUTHORIZATION, bearer(&tokens.access))).await;
    assert_eq!(seen["headers"]["remote-user"], json!([tokens.user]));
    assert!(!seen["headers"].to_string().contains("admin"), "{seen}");
    assert_eq!(status(liar(site.request(Method::GET, "/"))).await, 401);

    let lying = site.request(Method::POST, "/").header(COOKIE, &tokens.cookies).header(ORIGIN, EVIL);
    let lying = lying.header("x-forwarded-method", "GET").header("x-original-method", "GET");
    let lying = lying.header("x-original-uri", "/").header("x-forwarded-uri", "/");
    assert_eq!(status(lying).await, 403, "the proxy says what the method is");
}

/// What a client lists in `Connection` is for the next hop alone, and proxies drop it (RFC 9110 §7.6.1): not so what we have said.
pub(crate) async fn what_the_client_calls_hop_by_hop_is_said_all_the_same(site: Site) {
    let tokens = site.log_in().await;
    let asked = site.request(Method::GET, "/").header(AUTHORIZATION, bearer(&tokens.access));
    let seen = seen(asked.header("connection", "close, Remote-User, remote-name, Remote-Groups")).await;
    assert_eq!(seen["headers"]["remote-user"], json!([tokens.user]), "{seen}");
    assert_eq!(seen["headers"]["remote-name"], json!(["Ada L%C3%B6we"]), "{seen}");
}

pub(crate) async fn a_browser_is_sent_to_log_in(site: Site) {
    let answer = site.request(Method::GET, "/page?a=b&c=%2F").header(ACCEPT, HTML).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    let location = url::Url::parse(&header(&answer, "location")).unwrap();
    assert!(location.as_str().starts_with(&format!("{}/login?", site.origin)), "{location}");
    let pairs: Vec<_> = location.query_pairs().into_owned().collect();
    let back = format!("{}/page?a=b&c=%2F", site.origin);
    assert_eq!(pairs, [("theme".to_owned(), "dark".to_owned()), ("return_to".to_owned(), back)]);

    let elsewhere = site.request(Method::GET, "/").header(ACCEPT, HTML).header("host", "evil.example");
    let elsewhere = elsewhere.header("x-forwarded-host", "evil.example").send().await.unwrap();
    assert!(!header(&elsewhere, "location").contains("evil"), "{elsewhere:?}");

    for request in [
        site.request(Method::GET, "/").header(ACCEPT, "application/json"),
        site.request(Method::GET, "/").header(ACCEPT, HTML).header("sec-fetch-mode", "cors"),
        site.request(Method::GET, "/").header(ACCEPT, HTML).header(AUTHORIZATION, "Bearer x.y.z"),
        site.request(Method::POST, "/").header(ACCEPT, HTML),
    ] {
        assert_eq!(status(request).await, 401);
    }
}

pub(crate) async fn requests_of_other_sites_do_not_pass(site: Site) {
    let cookies = site.log_in().await.cookies;
    let post = |name: &'static str, value: String| {
        site.request(Method::POST, "/").header(COOKIE, &cookies).header(name, value)
    };
    assert_eq!(status(post("origin", EVIL.into())).await, 403);
    assert_eq!(status(post("sec-fetch-site", "cross-site".into())).await, 403);
    assert_eq!(status(post("x-nothing", String::new())).await, 403);
    assert_eq!(status(post("origin", site.origin.clone())).await, 200);
    assert_eq!(status(post("sec-fetch-site", "same-origin".into())).await, 200);

    let follow = site.request(Method::GET, "/").header(COOKIE, &cookies).header("sec-fetch-site", "cross-site");
    assert_eq!(status(follow).await, 200, "following a link from elsewhere changes nothing");
    let socket = site.request(Method::GET, "/").header(COOKIE, &cookies).header(ORIGIN, EVIL);
    assert_eq!(status(socket.header("sec-websocket-version", "13")).await, 403);
    let preflight = site.request(Method::OPTIONS, "/").header(ORIGIN, &site.origin);
    assert_eq!(status(preflight.header("access-control-request-method", "PUT")).await, 401);
}

pub(crate) async fn malformed_requests_do_not_pass(site: Site) {
    let tokens = site.log_in().await;
    let good = bearer(&tokens.access);
    let twice = site.request(Method::GET, "/").header(AUTHORIZATION, &good).header(AUTHORIZATION, &good);
    let in_query = site.request(Method::GET, &format!("/?access_token={}", tokens.access)).header(AUTHORIZATION, &good);
    let cookie = tokens.cookies.split("; ").next().unwrap();
    let planted = site.request(Method::GET, "/").header(COOKIE, format!("{cookie}; {cookie}"));
    for request in [twice, in_query, planted] {
        let status = status(request).await;
        assert!([400, 401].contains(&status), "{status}");
    }
}

pub(crate) async fn bodies_reach_the_program_and_not_us(site: Site) {
    let tokens = site.log_in().await;
    let body = "x".repeat(100_000);
    let post = site.request(Method::POST, "/").header(AUTHORIZATION, bearer(&tokens.access));
    let seen = seen(post.header(CONTENT_TYPE, "text/plain").body(body.clone())).await;
    assert_eq!((&seen["method"], seen["body"].as_str().map(str::len)), (&json!("POST"), Some(body.len())));
}

pub(crate) async fn the_endpoints_are_not_public(site: Site) {
    let tokens = site.log_in().await;
    for path in ["/auth/authz/forward-auth", "/auth/authz/auth-request", "/auth/authz/forward-auth/x", "/jotgate"] {
        let request = site.request(Method::GET, path).header(AUTHORIZATION, bearer(&tokens.access));
        let answer = request.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/").send().await.unwrap();
        assert!(answer.headers().get("remote-user").is_none(), "{path}: {answer:?}");
    }
    let me = site.request(Method::GET, "/auth/v1/me").header(AUTHORIZATION, bearer(&tokens.access));
    assert_eq!(status(me).await, 200, "the rest of the server is");
}
