//! The cookie transport, and what another site cannot do with it.

use reqwest::Method;
use reqwest::header::ORIGIN;
use serde_json::json;

use crate::answer::Answer;
use crate::site::{PASSWORD, SHOP, Site, send};

const EVIL: &str = "https://evil.example";

async fn log_in(site: &Site) -> Answer {
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"});
    site.post("/v1/login", body).await.ok(200)
}

fn jar(answer: &Answer) -> String {
    format!("jg_at={}; jg_rt={}", answer.cookie("jg_at").unwrap(), answer.cookie("jg_rt").unwrap())
}

pub(crate) async fn the_whole_life_in_cookies(site: Site) {
    site.register("ada@example.com").await;
    let answer = log_in(&site).await;
    assert!(answer.body.get("access_token").is_none() && answer.body.get("refresh_token").is_none(), "{answer:?}");
    assert_eq!(answer.number("expires_in"), 600);
    let set: Vec<_> =
        answer.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect();
    assert!(set.iter().any(|cookie| cookie.ends_with("; Max-Age=600; Path=/; HttpOnly; SameSite=Lax")), "{set:?}");
    let path = format!("; Max-Age=2592000; Path={}/v1; HttpOnly; SameSite=Strict", site.base);
    assert!(set.iter().any(|cookie| cookie.ends_with(&path)), "{set:?}");

    let cookies = jar(&answer);
    site.browse(Method::GET, "/v1/me", SHOP, &cookies).await.ok(200);
    let refreshed = site.browse(Method::POST, "/v1/refresh", SHOP, &cookies).await.ok(200);
    assert!(refreshed.body.get("access_token").is_none());
    let cookies = jar(&refreshed);
    let out = site.browse(Method::POST, "/v1/logout", SHOP, &cookies).await.ok(204);
    assert_eq!((out.cookie("jg_at").as_deref(), out.cookie("jg_rt").as_deref()), (Some(""), Some("")));
    site.browse(Method::GET, "/v1/me", SHOP, &cookies).await.refused(401, "session_ended");
    site.browse(Method::POST, "/v1/logout", SHOP, &cookies).await.ok(204);
}

pub(crate) async fn another_site_cannot_use_them(site: Site) {
    site.register("ada@example.com").await;
    let cookies = jar(&log_in(&site).await);
    for (method, path) in [
        (Method::POST, "/v1/refresh"),
        (Method::POST, "/v1/logout?scope=global"),
        (Method::PATCH, "/v1/me"),
        (Method::POST, "/v1/password/change"),
    ] {
        site.browse(method.clone(), path, EVIL, &cookies).await.refused(403, "cross_site_request");
        site.browse(method.clone(), path, "null", &cookies).await.refused(403, "cross_site_request");
        send(site.request(method.clone(), path).header("cookie", &cookies)).await.refused(403, "cross_site_request");
        let fetch = site.request(method, path).header("cookie", &cookies).header("sec-fetch-site", "cross-site");
        send(fetch).await.refused(403, "cross_site_request");
    }
    let form = site.request(Method::POST, "/v1/login").header(ORIGIN, EVIL);
    let form = form.header("content-type", "application/x-www-form-urlencoded").body("email=a&password=b");
    send(form).await.refused(415, "unsupported_media_type");
    let planted = site.request(Method::POST, "/v1/login").header(ORIGIN, EVIL);
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "transport": "cookie"});
    send(planted.json(&body)).await.refused(403, "cross_site_request");

    let own =
        site.request(Method::POST, "/v1/refresh").header("cookie", &cookies).header("sec-fetch-site", "same-origin");
    send(own).await.ok(200);
}

/// Two tabs: the loser comes late with the old cookie, and must not undo what the winner has set.
pub(crate) async fn a_refused_refresh_clears_nothing(site: Site) {
    site.register("ada@example.com").await;
    let old = jar(&log_in(&site).await);
    site.browse(Method::POST, "/v1/refresh", SHOP, &old).await.ok(200);
    site.clock.advance(31);
    let refused = site.browse(Method::POST, "/v1/refresh", SHOP, &old).await.refused(401, "refresh_token_reused");
    assert!(refused.headers.get("set-cookie").is_none());
}

pub(crate) async fn planted_cookies(site: Site) {
    site.register("ada@example.com").await;
    let cookies = jar(&log_in(&site).await);
    let doubled = format!("jg_rt=jgr_planted; {cookies}");
    site.browse(Method::POST, "/v1/refresh", SHOP, &doubled).await.refused(400, "invalid_request");
    let doubled = format!("jg_at=planted; {cookies}");
    site.browse(Method::GET, "/v1/me", SHOP, &doubled).await.refused(400, "invalid_request");
    site.browse(Method::GET, "/v1/me", SHOP, &format!("other=1; {cookies}")).await.ok(200);
}

pub(crate) async fn cors_by_exact_origin(site: Site) {
    let preflight = async |origin: &str| {
        let request = site.request(Method::OPTIONS, "/v1/login").header(ORIGIN, origin);
        send(
            request
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "content-type"),
        )
        .await
    };
    let allowed = preflight(SHOP).await.ok(200);
    assert_eq!(allowed.header("access-control-allow-origin"), SHOP);
    assert_eq!(allowed.header("access-control-allow-credentials"), "true");
    for other in ["https://evil.example", "https://shop.example.com.evil.example", "http://shop.example.com", "null"] {
        assert_eq!(preflight(other).await.header("access-control-allow-origin"), "", "{other}");
    }
    let error = site.browse(Method::GET, "/v1/me", SHOP, "").await.refused(401, "token_missing");
    assert_eq!(error.header("access-control-allow-origin"), SHOP);
    let keys = send(site.request(Method::GET, "/.well-known/jwks.json").header(ORIGIN, "https://anyone.example"))
        .await
        .ok(200);
    assert_eq!(keys.header("access-control-allow-origin"), "*");
}
