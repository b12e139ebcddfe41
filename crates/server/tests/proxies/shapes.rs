//! What Traefik, Envoy and nginx send, without them; and who is not asked by a proxy at all.

use reqwest::header::{ACCEPT, AUTHORIZATION, COOKIE};
use reqwest::{Method, RequestBuilder, Response};
use tower::ServiceExt;

use crate::guide::{ENVOY, TRAEFIK};
use crate::site::{Site, TRUSTED, bearer, header};

/// Traefik asks with GET, sends all headers of the client on, and says what the request was.
fn traefik(site: &Site, method: &str, uri: &str, query: &str) -> RequestBuilder {
    let address = TRAEFIK.lines().find_map(|line| line.trim().strip_prefix("address: ")).unwrap().trim_matches('"');
    let path = address.strip_prefix("http://127.0.0.1:4400").unwrap();
    let host = site.origin.strip_prefix("http://").unwrap();
    let asked = site.direct(Method::GET, &format!("{path}{query}")).header("x-forwarded-method", method);
    asked.header("x-forwarded-proto", "http").header("x-forwarded-host", host).header("x-forwarded-uri", uri)
}

/// Envoy sends the request as it was with a path before it, and of its headers those that are allowed.
fn envoy(site: &Site, method: Method, uri: &str, headers: &[(&str, &str)]) -> RequestBuilder {
    let prefix = ENVOY.lines().find_map(|line| line.trim().strip_prefix("path_prefix: ")).unwrap();
    let allowed = ENVOY.split("allowed_headers:").nth(1).unwrap().split("authorization_response:").next().unwrap();
    let is_allowed = |name: &str| allowed.contains(&format!("- exact: {name}\n"));
    let asked =
        site.direct(method, &format!("{prefix}{uri}")).header("host", site.origin.strip_prefix("http://").unwrap());
    let asked = asked.header("x-forwarded-proto", "http");
    headers.iter().filter(|(name, _)| is_allowed(name)).fold(asked, |asked, (name, value)| asked.header(*name, *value))
}

async fn sent(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

async fn code(request: RequestBuilder) -> (u16, String) {
    let answer = sent(request).await;
    let status = answer.status().as_u16();
    let body: serde_json::Value = answer.json().await.unwrap_or_default();
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn traefik_and_envoy_get_the_answer_that_they_hand_on() {
    let site = Site::trusting(TRUSTED).await;
    let tokens = site.log_in().await;
    let good = bearer(&tokens.access);
    let asks = [
        traefik(&site, "POST", "/a", "").header(AUTHORIZATION, &good),
        traefik(&site, "GET", "/a", "").header(COOKIE, &tokens.cookies),
        envoy(&site, Method::POST, "/", &[("authorization", &good)]),
        envoy(&site, Method::GET, "/a/b?c=d", &[("cookie", &tokens.cookies), ("x-other", "x")]),
        envoy(&site, Method::PUT, "/a", &[("cookie", &tokens.cookies), ("origin", &site.origin)]),
    ];
    for ask in asks {
        let answer = sent(ask).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "remote-user")), (200, tokens.user.clone()));
        for name in ["remote-email", "remote-name", "remote-groups"] {
            assert_eq!(answer.headers().get_all(name).iter().count(), 1, "{name}: empty rather than left out");
        }
        assert_eq!(header(&answer, "remote-email"), "", "nobody has shown it to be theirs");
        assert_eq!(header(&answer, "cache-control"), "no-store");
    }
    for ask in [
        traefik(&site, "POST", "/", "").header(COOKIE, &tokens.cookies).header("origin", "https://evil.example"),
        envoy(&site, Method::POST, "/", &[("cookie", &tokens.cookies), ("origin", "https://evil.example")]),
        envoy(&site, Method::GET, "/", &[("cookie", &tokens.cookies), ("sec-websocket-version", "13")]),
    ] {
        assert_eq!(code(ask).await, (403, "cross_site_request".into()));
    }
    for ask in [
        traefik(&site, "GET", "/?access_token=a", "").header(AUTHORIZATION, &good),
        envoy(&site, Method::GET, "/?access_token=a", &[("authorization", &good)]),
        traefik(&site, "GET", "/", "").header(AUTHORIZATION, &good).header(AUTHORIZATION, &good),
    ] {
        assert_eq!(code(ask).await, (400, "invalid_request".into()));
    }
}

#[tokio::test]
async fn a_person_is_sent_to_log_in_and_back_only_to_us() {
    let site = Site::trusting(TRUSTED).await;
    let html = "text/html";
    for ask in [
        traefik(&site, "GET", "/a?b=c", "").header(ACCEPT, html),
        envoy(&site, Method::GET, "/a?b=c", &[("accept", html)]),
        traefik(&site, "HEAD", "/a?b=c", "").header(ACCEPT, html),
    ] {
        let answer = sent(ask).await;
        let back = format!("{}%2Fa%3Fb%3Dc", site.origin.replace(':', "%3A").replace('/', "%2F"));
        let expected = format!("{}/login?theme=dark&return_to={back}", site.origin);
        assert_eq!((answer.status().as_u16(), header(&answer, "location")), (302, expected));
    }
    let elsewhere = site.direct(Method::GET, "/auth/authz/forward-auth").header(ACCEPT, html);
    let elsewhere = elsewhere.header("x-forwarded-method", "GET").header("x-forwarded-uri", "//evil.example/");
    let answer = sent(elsewhere.header("x-forwarded-proto", "https").header("x-forwarded-host", "evil.example")).await;
    assert_eq!(header(&answer, "location"), format!("{}/login?theme=dark", site.origin));
}

#[tokio::test]
async fn what_is_required_beyond_a_good_token() {
    let site = Site::trusting(TRUSTED).await;
    let good = bearer(&site.log_in().await.access);
    let asked = |query: &str| traefik(&site, "GET", "/", query).header(AUTHORIZATION, &good);
    for query in ["?scope=orders:read", "?role=clerk", "?role=clerk&role=admin"] {
        assert_eq!(code(asked(query)).await, (403, "scope_insufficient".into()), "{query}");
    }
    let answer = sent(asked("?scope=orders:read")).await;
    assert!(header(&answer, "www-authenticate").contains("error=\"insufficient_scope\""), "{answer:?}");
    // A demand that is spelt wrong, or whose variable is not set, opens no door.
    for query in ["?scopes=orders:read", "?scope=", "?role=", "?role=clerk&role="] {
        assert_eq!(code(asked(query)).await, (400, "invalid_request".into()), "{query}");
    }
    let html = traefik(&site, "GET", "/", "?role=clerk").header(ACCEPT, "text/html").header(AUTHORIZATION, &good);
    assert_eq!(sent(html).await.status(), 403, "another log-in would not help");
    let own = envoy(&site, Method::GET, "/?scope=orders:read", &[("authorization", &good)]);
    assert_eq!(code(own).await.0, 200, "the query is the client's own");
}

#[tokio::test]
async fn what_the_configuration_lets_through() {
    let site = Site::configured(|config| {
        config.forward_auth.pass_preflights = true;
        config.forward_auth.unverified_email = true;
        config.forward_auth.origins = vec!["https://wiki.example.com".into()];
    })
    .await;
    let tokens = site.log_in().await;
    let asked = |method: &str| traefik(&site, method, "/", "").header("origin", "https://wiki.example.com");
    let preflight = || asked("OPTIONS").header("access-control-request-method", "PUT");
    let passed = sent(preflight().header("remote-user", "admin")).await;
    assert_eq!((passed.status().as_u16(), header(&passed, "remote-user")), (200, String::new()));
    let of_envoy = [("origin", "https://evil.example"), ("access-control-request-method", "PUT")];
    assert_eq!(code(envoy(&site, Method::OPTIONS, "/a", &of_envoy)).await.0, 200);
    for other in [asked("OPTIONS"), asked("POST").header("access-control-request-method", "PUT")] {
        assert_eq!(code(other).await, (401, "token_missing".into()));
    }
    let answer = sent(asked("POST").header(COOKIE, &tokens.cookies)).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "remote-email").as_str()), (200, "ada@example.com"));
}

/// An application that mounts the router says who the peer is, or nobody is a proxy.
#[tokio::test]
async fn mounted_it_believes_the_peer_that_the_application_names() {
    let site = Site::trusting(TRUSTED).await;
    let good = bearer(&site.log_in().await.access);
    for (peer, expected) in [(None, 403), (Some("192.0.2.1:1"), 403), (Some("[::ffff:127.0.0.1]:1"), 200)] {
        let request = http::Request::get("/authz/forward-auth").header(AUTHORIZATION, &good);
        let request = request.header("x-forwarded-method", "GET").header("x-forwarded-uri", "/");
        let mut request = request.body(axum::body::Body::empty()).unwrap();
        if let Some(peer) = peer {
            request.extensions_mut().insert(axum::extract::ConnectInfo(peer.parse::<std::net::SocketAddr>().unwrap()));
        }
        let answer = site.app.router().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), expected, "{peer:?}");
    }
}

#[tokio::test]
async fn nginx_is_told_what_it_understands() {
    let site = Site::trusting(TRUSTED).await;
    let tokens = site.log_in().await;
    let good = bearer(&tokens.access);
    let asked = |method: &str, uri: &str| {
        let asked = site.direct(Method::GET, "/auth/authz/auth-request").header("x-original-method", method);
        asked.header("x-original-url", format!("{}{uri}", site.origin))
    };
    let answer = sent(asked("GET", "/a").header(AUTHORIZATION, &good)).await;
    assert_eq!((answer.status().as_u16(), header(&answer, "remote-user")), (200, tokens.user.clone()));
    for ask in [
        asked("GET", "/?access_token=a").header(AUTHORIZATION, &good),
        asked("GET", "/").header(AUTHORIZATION, &good).header(AUTHORIZATION, &good),
    ] {
        let answer = sent(ask).await;
        assert_eq!(answer.status(), 401);
        assert_eq!(header(&answer, "www-authenticate"), "Bearer error=\"invalid_request\"");
    }
    let page = sent(asked("GET", "/a").header(ACCEPT, "text/html")).await;
    assert_eq!(page.status(), 401, "it never redirects");
    assert!(header(&page, "location").contains("return_to="), "{page:?}");
    let program = sent(asked("GET", "/a").header(ACCEPT, "application/json")).await;
    assert_eq!((program.status().as_u16(), header(&program, "location")), (401, String::new()));
    assert_eq!(code(asked("POST", "/").header(COOKIE, &tokens.cookies)).await, (403, "cross_site_request".into()));
}

#[tokio::test]
async fn nobody_but_a_configured_proxy_may_ask() {
    for proxies in [&[][..], &["10.0.0.0/8", "::1"]] {
        let site = Site::trusting(proxies).await;
        let good = bearer(&site.log_in().await.access);
        let envoy = envoy(&site, Method::GET, "/", &[("authorization", &good)]);
        for ask in [traefik(&site, "GET", "/", "").header(AUTHORIZATION, &good), envoy] {
            let answer = sent(ask.header("x-forwarded-for", "10.0.0.1")).await;
            assert!(answer.headers().get("remote-user").is_none(), "{answer:?}");
            assert_eq!(answer.status(), 403);
            assert!(answer.text().await.unwrap().contains("proxy_not_trusted"));
        }
    }
}

#[tokio::test]
async fn a_session_has_the_address_that_a_trusted_proxy_saw() {
    for (proxies, expected) in [(TRUSTED, "203.0.113.9"), (&[], "127.0.0.1")] {
        let site = Site::trusting(proxies).await;
        site.log_in().await;
        let body = serde_json::json!({"email": "ada@example.com", "password": crate::site::PASSWORD});
        let login = site.direct(Method::POST, "/auth/v1/login").json(&body);
        let tokens = sent(login.header("x-forwarded-for", "6.6.6.6, 203.0.113.9")).await;
        let tokens: serde_json::Value = tokens.json().await.unwrap();
        let list = site.direct(Method::GET, "/auth/v1/sessions");
        let list = sent(list.header(AUTHORIZATION, bearer(tokens["access_token"].as_str().unwrap()))).await;
        let list: serde_json::Value = list.json().await.unwrap();
        let current = list["sessions"].as_array().unwrap().iter().find(|session| session["current"] == true).unwrap();
        assert_eq!(current["address"], expected);
    }
}
