//! What administrators do through the API, and what nobody else does.

use std::collections::BTreeSet;

use jotgate_server::domain::email::Email;
use jotgate_server::domain::password::Password;
use jotgate_server::flows::{self, By, NewUser};
use jotgate_wire::SecretText;
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::site::{PASSWORD, Site, send};

/// An administrator's access token, and their id.
async fn administrator(site: &Site, email: &str) -> (String, String) {
    let (address, password) = (Email::parse(email).unwrap(), Password::parse(PASSWORD).unwrap());
    let new = NewUser { roles: vec!["admin".into()], ..NewUser::new(address, Some(password)) };
    let user = flows::create_user(&site.app, &By::command_line(), new).await.unwrap();
    (site.log_in(email).await.text("access_token"), user.id.to_string())
}

async fn call(site: &Site, method: Method, path: &str, token: &str, body: Option<Value>) -> Answer {
    let request = site.request(method, path).header(AUTHORIZATION, format!("Bearer {token}"));
    send(if let Some(body) = body { request.json(&body) } else { request }).await
}

async fn get(site: &Site, path: &str, token: &str) -> Answer {
    call(site, Method::GET, path, token, None).await
}

async fn post(site: &Site, path: &str, token: &str, body: Value) -> Answer {
    call(site, Method::POST, path, token, Some(body)).await
}

async fn patch(site: &Site, path: &str, token: &str, body: Value) -> Answer {
    call(site, Method::PATCH, path, token, Some(body)).await
}

fn claims(access_token: &str) -> Value {
    let payload = access_token.split('.').nth(1).unwrap();
    serde_json::from_slice(&base64_simd::URL_SAFE_NO_PAD.decode_to_vec(payload).unwrap()).unwrap()
}

pub(crate) async fn every_route_needs_the_scope(site: Site) {
    let ada = site.register("ada@example.com").await;
    let (token, id) = (ada.text("access_token"), ada.body["user"]["id"].as_str().unwrap().to_owned());
    let user = format!("/v1/admin/users/{id}");
    let session = format!("/v1/admin/sessions/{}", ada.text("session_id"));
    for (method, path) in [
        (Method::GET, "/v1/admin/users"),
        (Method::POST, "/v1/admin/users"),
        (Method::GET, &*user),
        (Method::PATCH, &*user),
        (Method::DELETE, &*user),
        (Method::POST, &*format!("{user}/disable")),
        (Method::POST, &*format!("{user}/enable")),
        (Method::GET, &*format!("{user}/sessions")),
        (Method::DELETE, &*format!("{user}/sessions")),
        (Method::DELETE, &*session),
        (Method::GET, "/v1/admin/roles"),
        (Method::GET, "/v1/admin/audit"),
    ] {
        let refused = call(&site, method.clone(), path, &token, Some(json!({}))).await;
        let refused = refused.refused(403, "insufficient_scope");
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"jotgate:admin\"";
        assert_eq!(refused.header("www-authenticate"), challenge, "{method} {path}");
        send(site.request(method, path).json(&json!({}))).await.refused(401, "token_missing");
    }
    site.me(&token).await.ok(200);
}

pub(crate) async fn accounts_are_made_shown_changed_and_deleted(site: Site) {
    let (token, _) = administrator(&site, "known@example.com").await;
    let body = json!({"email": "Ada@Example.com", "password": PASSWORD, "name": "Ada", "email_verified": true,
                      "roles": ["clerk"], "app_metadata": {"plan": "pro"}});
    let made = post(&site, "/v1/admin/users", &token, body.clone()).await.ok(201);
    assert_eq!((&made.body["email_verified"], &made.body["roles"]), (&json!(true), &json!(["clerk"])));
    assert_eq!((&made.body["has_password"], &made.body["user_metadata"]), (&json!(true), &json!({})));
    post(&site, "/v1/admin/users", &token, body).await.refused(409, "email_taken");
    let path = format!("/v1/admin/users/{}", made.text("id"));
    assert_eq!(get(&site, &path, &token).await.ok(200).body, made.body);
    let change = json!({"name": null, "roles": [], "app_metadata": {"seats": 3}, "user_metadata": {"locale": "de"}});
    let changed = patch(&site, &path, &token, change).await.ok(200);
    assert_eq!(changed.body["app_metadata"], json!({"plan": "pro", "seats": 3}));
    assert_eq!((&changed.body["name"], &changed.body["roles"]), (&Value::Null, &json!([])));
    let emptied = patch(&site, &path, &token, json!({"app_metadata": null})).await.ok(200);
    assert_eq!((&emptied.body["app_metadata"], &emptied.body["user_metadata"]["locale"]), (&json!({}), &json!("de")));
    let without = json!({"email": "many@example.com"});
    assert_eq!(post(&site, "/v1/admin/users", &token, without).await.ok(201).body["has_password"], false);
    site.post("/v1/login", json!({"email": "many@example.com", "password": PASSWORD})).await.ok(401);
    call(&site, Method::DELETE, &path, &token, None).await.ok(200);
    for method in [Method::GET, Method::DELETE, Method::PATCH] {
        call(&site, method, &path, &token, Some(json!({}))).await.refused(404, "user_not_found");
    }
    get(&site, "/v1/admin/users/nobody", &token).await.refused(404, "user_not_found");
}

pub(crate) async fn what_cannot_be_is_refused(site: Site) {
    let (token, _) = administrator(&site, "known@example.com").await;
    let user = site.register("ada@example.com").await;
    let path = format!("/v1/admin/users/{}", user.body["user"]["id"].as_str().unwrap());
    let large = json!({"a": "x".repeat(8192)});
    let deep = (0..8).fold(json!({}), |inner, _| json!({"a": inner}));
    for (body, code, field) in [
        (json!({"admin": true}), "unknown_field", "admin"),
        (json!({"roles": ["two words"]}), "invalid_field", "roles"),
        (json!({"roles": [""]}), "invalid_field", "roles"),
        (json!({"roles": "clerk"}), "invalid_field", "roles"),
        (json!({"name": " "}), "invalid_field", "name"),
        (json!({"name": "Ada", "email_verified": "yes"}), "invalid_field", "email_verified"),
        (json!({"app_metadata": large}), "invalid_field", "app_metadata"),
        (json!({"name": "Ada", "user_metadata": deep}), "invalid_field", "user_metadata"),
        (json!({"user_metadata": ["no object"]}), "invalid_field", "user_metadata"),
    ] {
        let refused = patch(&site, &path, &token, body.clone()).await.refused(400, code);
        assert!(refused.body["fields"][field].is_string(), "{body} {refused:?}");
    }
    let own =
        site.request(Method::PATCH, "/v1/me").header(AUTHORIZATION, format!("Bearer {}", user.text("access_token")));
    let own = send(own.json(&json!({"app_metadata": {"plan": "pro"}}))).await;
    assert_eq!(own.refused(400, "unknown_field").body["fields"]["app_metadata"], "is not known");
    let weak = json!({"email": "many@example.com", "password": "short"});
    post(&site, "/v1/admin/users", &token, weak).await.refused(422, "weak_password");
    post(&site, "/v1/admin/users", &token, json!({"email": "x"})).await.refused(400, "invalid_email");
    for query in ["limit=0", "limit=201", "limit=x", "limit=5&limit=6", "mail=a", "email=%00"] {
        let refused = get(&site, &format!("/v1/admin/users?{query}"), &token).await;
        refused.refused(400, "invalid_field");
    }
    for query in
        ["user=x", "event=user.created", "actor=nobody", "actor=", "since=yesterday", "until=2027-01-01T00:00:00Z"]
    {
        get(&site, &format!("/v1/admin/audit?{query}"), &token).await.refused(400, "invalid_field");
    }
    let after = get(&site, &path, &token).await.ok(200);
    assert_eq!((&after.body["name"], &after.body["app_metadata"]), (&Value::Null, &json!({})), "nothing was changed");
}

pub(crate) async fn closing_an_account_ends_its_sessions_at_once(site: Site) {
    let (token, _) = administrator(&site, "known@example.com").await;
    let user = site.register("ada@example.com").await;
    let path = format!("/v1/admin/users/{}", user.body["user"]["id"].as_str().unwrap());
    let listed = get(&site, &format!("{path}/sessions"), &token).await.ok(200);
    assert_eq!(listed.body["sessions"][0]["id"], user.text("session_id"));
    assert_eq!(listed.body["sessions"][0]["current"], false);
    let second = site.log_in("ada@example.com").await;
    let one = format!("/v1/admin/sessions/{}", second.text("session_id"));
    call(&site, Method::DELETE, &one, &token, None).await.ok(204);
    call(&site, Method::DELETE, &one, &token, None).await.refused(404, "session_not_found");
    site.me(&second.text("access_token")).await.refused(401, "session_ended");
    site.me(&user.text("access_token")).await.ok(200);
    assert_eq!(post(&site, &format!("{path}/disable"), &token, json!({})).await.ok(200).number("sessions_ended"), 1);
    site.me(&user.text("access_token")).await.ok(401);
    site.post("/v1/login", json!({"email": "ada@example.com", "password": PASSWORD}))
        .await
        .refused(403, "account_disabled");
    assert!(get(&site, &path, &token).await.body["disabled_at"].is_string());
    post(&site, &format!("{path}/enable"), &token, json!({})).await.ok(204);
    let third = site.log_in("ada@example.com").await;
    let all = call(&site, Method::DELETE, &format!("{path}/sessions"), &token, None).await.ok(200);
    assert_eq!(all.number("sessions_ended"), 1);
    site.me(&third.text("access_token")).await.ok(401);
    let fourth = site.log_in("ada@example.com").await;
    assert_eq!(call(&site, Method::DELETE, &path, &token, None).await.ok(200).number("sessions_ended"), 1);
    site.me(&fourth.text("access_token")).await.ok(401);
}

pub(crate) async fn administrators_cannot_take_themselves_out(site: Site) {
    let (token, id) = administrator(&site, "known@example.com").await;
    let own = format!("/v1/admin/users/{id}");
    post(&site, &format!("{own}/disable"), &token, json!({})).await.refused(409, "own_account");
    call(&site, Method::DELETE, &own, &token, None).await.refused(409, "own_account");
    patch(&site, &own, &token, json!({"roles": ["clerk"]})).await.refused(409, "own_account");
    patch(&site, &own, &token, json!({"roles": ["clerk", "admin"], "name": "Boss"})).await.ok(200);

    // Somebody who was an administrator when the token was issued can read until it expires, and change nothing.
    let (other, other_id) = administrator(&site, "many@example.com").await;
    patch(&site, &format!("/v1/admin/users/{other_id}"), &token, json!({"roles": []})).await.ok(200);
    post(&site, &format!("{own}/disable"), &other, json!({})).await.refused(403, "insufficient_scope");
    patch(&site, &own, &other, json!({"roles": []})).await.refused(403, "insufficient_scope");
    post(&site, "/v1/admin/users", &other, json!({"email": "x@example.com"})).await.refused(403, "insufficient_scope");
    call(&site, Method::DELETE, &format!("{own}/sessions"), &other, None).await.refused(403, "insufficient_scope");
    let lines = get(&site, "/v1/admin/audit?limit=200", &token).await.ok(200);
    let lines = lines.body["lines"].as_array().unwrap();
    let refused = |code: &str| lines.iter().filter(|line| line["code"] == code).count();
    assert_eq!((refused("own_account"), refused("insufficient_scope")), (3, 2), "{lines:?}");
    let roles = lines.iter().find(|line| line["event"] == "user.roles" && line["user_id"] == other_id).unwrap();
    assert_eq!((&roles["detail"]["before"], &roles["detail"]["after"]), (&json!(["admin"]), &json!([])));
    assert_eq!((&roles["actor"], &roles["actor_id"]), (&json!("administrator"), &json!(id)));
}

pub(crate) async fn roles_grant_scopes_from_the_next_refresh_on(site: Site) {
    let (token, _) = administrator(&site, "known@example.com").await;
    assert_eq!(claims(&token)["scope"], "jotgate:admin profile");
    let roles = get(&site, "/v1/admin/roles", &token).await.ok(200);
    let clerk = json!({"name": "clerk", "scopes": ["orders:read", "orders:write"], "everyone": false});
    assert!(roles.body["roles"].as_array().unwrap().contains(&clerk), "{roles:?}");
    let user = site.register("ada@example.com").await;
    assert_eq!(claims(&user.text("access_token"))["scope"], "profile", "what everyone has");
    let path = format!("/v1/admin/users/{}", user.body["user"]["id"].as_str().unwrap());
    let change =
        json!({"roles": ["clerk", "of nobody's".replace(' ', "-")], "app_metadata": {"plan": {"name": "pro"}}});
    patch(&site, &path, &token, change).await.ok(200);
    let refreshed = site.refresh(&user.text("refresh_token")).await.ok(200);
    let made = claims(&refreshed.text("access_token"));
    assert_eq!(made["scope"], "orders:read orders:write profile");
    assert_eq!((&made["roles"][0], &made["plan"], &made["locale"]), (&json!("clerk"), &json!("pro"), &Value::Null));
    site.me(&refreshed.text("access_token")).await.ok(200);
    let own = site.request(Method::PATCH, "/v1/me");
    let own = own.header(AUTHORIZATION, format!("Bearer {}", refreshed.text("access_token")));
    let own = send(own.json(&json!({"user_metadata": {"locale": "de", "sub": "x"}}))).await.ok(200);
    assert_eq!(own.body["user_metadata"], json!({"locale": "de", "sub": "x"}));
    patch(&site, &path, &token, json!({"roles": []})).await.ok(200);
    let less = claims(&site.refresh(&refreshed.text("refresh_token")).await.ok(200).text("access_token"));
    assert_eq!((&less["scope"], &less["locale"], &less["sub"]), (&json!("profile"), &json!("de"), &made["sub"]));
}

/// Every page of a list, and each thing in it by that member.
async fn walk(site: &Site, path: &str, token: &str, (list, member): (&str, &str), meanwhile: &str) -> Vec<String> {
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    for page in 0.. {
        let found = get(site, &format!("{path}{cursor}"), token).await.ok(200);
        let things = found.body[list].as_array().unwrap();
        seen.extend(things.iter().map(|thing| thing[member].as_str().unwrap().to_owned()));
        let Some(next) = found.body["next"].as_str() else { return seen };
        cursor = format!("&cursor={next}");
        site.clock.advance(1);
        let new = json!({"email": format!("{meanwhile}{page}@example.com")});
        post(site, "/v1/admin/users", token, new).await.ok(201);
    }
    seen
}

pub(crate) async fn pages_have_each_old_account_and_line_once(site: Site) {
    let (token, _) = administrator(&site, "known@example.com").await;
    let mut old = BTreeSet::from(["known@example.com".to_owned()]);
    for number in 0..17 {
        let email = format!("a{}@example.com", (number * 7) % 17);
        post(&site, "/v1/admin/users", &token, json!({"email": email})).await.ok(201);
        old.insert(email);
    }
    let is_old = |seen: &[String]| seen.iter().filter(|email| old.contains(*email)).cloned().collect::<Vec<_>>();
    let all = walk(&site, "/v1/admin/users?limit=4", &token, ("users", "email"), "a1later").await;
    let found = is_old(&all);
    assert_eq!((found.len(), found.into_iter().collect::<BTreeSet<_>>()), (18, old.clone()));
    let by_email = walk(&site, "/v1/admin/users?email=A&limit=3", &token, ("users", "email"), "a0new").await;
    let found = is_old(&by_email);
    old.remove("known@example.com");
    assert_eq!((found.len(), found.into_iter().collect::<BTreeSet<_>>()), (17, old.clone()));
    let lines = get(&site, "/v1/admin/audit?limit=200", &token).await.ok(200);
    let ids: Vec<_> = lines.body["lines"].as_array().unwrap().iter().map(|line| line["id"].as_str().unwrap()).collect();
    let seen = walk(&site, "/v1/admin/audit?limit=7", &token, ("lines", "id"), "z").await;
    assert_eq!(seen, ids, "each once, the newest first, and none of those that came meanwhile");
}

pub(crate) async fn cursors_cannot_be_forged_or_taken_elsewhere(site: Site) {
    let (token, _) = administrator(&site, "known@example.com").await;
    for number in 0..3 {
        post(&site, "/v1/admin/users", &token, json!({"email": format!("a{number}@example.com")})).await.ok(201);
    }
    let cursor = async |path: &str| get(&site, path, &token).await.ok(200).text("next");
    let of_users = cursor("/v1/admin/users?limit=1").await;
    let of_email = cursor("/v1/admin/users?email=a&limit=1").await;
    let of_audit = cursor("/v1/admin/audit?limit=1").await;
    let mut changed = of_users.clone().into_bytes();
    changed[50] = if changed[50] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).unwrap();
    for path in [
        format!("/v1/admin/users?cursor={changed}"),
        format!("/v1/admin/users?cursor={of_audit}"),
        format!("/v1/admin/users?cursor={of_email}"),
        format!("/v1/admin/users?email=a&cursor={of_users}"),
        format!("/v1/admin/users?email=a0&cursor={of_email}"),
        format!("/v1/admin/audit?cursor={of_users}"),
        format!("/v1/admin/audit?event=login&cursor={of_audit}"),
        format!("/v1/admin/audit?actor=user&cursor={of_audit}"),
        "/v1/admin/users?cursor=".to_owned(),
        "/v1/admin/users?cursor=019823f2-7a70-7000-8000-000000000001".to_owned(),
        format!("/v1/admin/users?cursor={}", "A".repeat(4000)),
    ] {
        get(&site, &path, &token).await.refused(400, "invalid_cursor");
    }
    get(&site, &format!("/v1/admin/users?limit=2&cursor={of_users}"), &token).await.ok(200);
}

pub(crate) async fn the_trail_is_read_by_what_is_asked(site: Site) {
    let (token, id) = administrator(&site, "known@example.com").await;
    let ada = site.register("ada@example.com").await;
    let ada = ada.body["user"]["id"].as_str().unwrap();
    site.clock.advance(60);
    let answer = post(&site, &format!("/v1/admin/users/{ada}/disable"), &token, json!({})).await.ok(200);
    let read = async |query: &str| {
        let found = get(&site, &format!("/v1/admin/audit?{query}"), &token).await.ok(200);
        found.body["lines"].as_array().unwrap().clone()
    };
    let events =
        |lines: &[Value]| lines.iter().map(|line| line["event"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(events(&read(&format!("user={ada}")).await), ["user.disable", "register"]);
    assert_eq!(events(&read(&format!("user={id}&event=login")).await), ["login"]);
    assert_eq!(events(&read("actor=administrator").await), ["user.disable"]);
    assert_eq!(events(&read(&format!("actor={id}&event=user.disable")).await), ["user.disable"]);
    assert_eq!(events(&read(&format!("actor={ada}")).await), ["register"], "what is about them is not what they did");
    let recent = read("since=2027-01-15T08:00:30Z").await;
    assert_eq!(events(&recent), ["user.disable"]);
    let line = &recent[0];
    assert_eq!(
        (&line["outcome"], &line["code"], &line["actor"]),
        (&json!("done"), &Value::Null, &json!("administrator"))
    );
    assert_eq!((&line["actor_id"], &line["user_id"]), (&json!(id), &json!(ada)));
    assert_eq!((&line["at"], &line["detail"]["sessions_ended"]), (&json!("2027-01-15T08:01:00Z"), &json!(1)));
    assert_eq!(line["request_id"], answer.header("x-request-id"));
    let secret = SecretText::from(token.clone());
    assert!(!format!("{:?}", read("limit=200").await).contains(secret.expose()));
}
