//! Links in mails, from the request to what they open. The sites show their mail instead of sending it.

use jotgate_server::domain::email::Email;
use jotgate_server::flows::{self, By, NewUser};
use reqwest::Method;
use reqwest::header::{HOST, USER_AGENT};
use serde_json::{Value, json};

use crate::answer::{Answer, SECRETS};
use crate::scenarios::accounts::futures_join;
use crate::site::{PASSWORD, Site, send};

const NEW_PASSWORD: &str = "quite another pass phrase";
/// Seconds that two links to one account keep between them.
const PAUSE: i64 = 60;

/// What `/dev/mail` shows of a mail.
struct Mail {
    title: String,
    page: String,
}

/// The newest mail with this title to this address; waits until it is there.
async fn mail(site: &Site, title: &str, to: &str) -> Mail {
    for _ in 0..5000 {
        let list = site.page("/dev/mail").await;
        let wanted = |item: &&str| item.contains(title) && item.contains(&format!("to {to},"));
        if let Some(item) = list.split("<li>").skip(1).find(wanted) {
            let path = item.split('"').nth(1).unwrap().strip_prefix(&site.base).unwrap().to_owned();
            return Mail { title: title.to_owned(), page: site.page(&path).await };
        }
    }
    panic!("no mail `{title}` to {to} came");
}

impl Mail {
    fn link(&self) -> String {
        let link = self.page.split("<p><a href=\"").nth(1).unwrap_or_else(|| panic!("no link in {}", self.title));
        link.split('"').next().unwrap().to_owned()
    }

    /// The token of its link.
    fn token(&self) -> String {
        let token = self.link().split_once("?token=").unwrap().1.to_owned();
        SECRETS.lock().unwrap().push(token.clone());
        token
    }
}

async fn forgot(site: &Site, email: &str) -> Answer {
    site.post("/v1/password/forgot", json!({"email": email})).await
}

async fn reset(site: &Site, token: &str, password: &str) -> Answer {
    site.post("/v1/password/reset", json!({"token": token, "new_password": password})).await
}

async fn verify(site: &Site, token: &str) -> Answer {
    site.post("/v1/email/verify", json!({"token": token})).await
}

pub(crate) async fn a_link_sets_a_new_password(site: Site) {
    let before = site.register("Ada@Example.com").await;
    let answer = forgot(&site, "ada@example.com").await.ok(202);
    assert_eq!(answer.body, Value::Null);
    let mail = mail(&site, "Set a new password", "Ada@Example.com").await;
    let (link, token) = (mail.link(), mail.token());
    assert!(link.starts_with(&format!("{}/password/reset?token=jgm_", site.url)), "{link}");
    for _ in 0..2 {
        assert!(site.page(link.strip_prefix(&site.url).unwrap()).await.contains(&token), "looking uses nothing up");
    }
    let weak = reset(&site, &token, "short").await.refused(422, "weak_password");
    assert!(weak.body["fields"]["new_password"].is_string(), "{weak:?}");
    assert_eq!(reset(&site, &token, NEW_PASSWORD).await.ok(204).header("set-cookie"), "", "nobody is logged in");
    reset(&site, &token, NEW_PASSWORD).await.refused(400, "token_invalid");
    site.me(&before.text("access_token")).await.refused(401, "session_ended");
    site.refresh(&before.text("refresh_token")).await.refused(401, "session_ended");
    site.post("/v1/login", json!({"email": "ada@example.com", "password": PASSWORD}))
        .await
        .refused(401, "invalid_credentials");
    let again = site.post("/v1/login", json!({"email": "ada@example.com", "password": NEW_PASSWORD})).await.ok(200);
    assert_eq!(again.body["user"]["email_verified"], true, "the link went to the address");
    mail_after_change(&site).await;
}

async fn mail_after_change(site: &Site) {
    let told = mail(site, "Your password for 127.0.0.1 was changed", "Ada@Example.com").await;
    assert!(!told.page.contains("token="), "a notice opens nothing");
}

/// An operator makes it, and nobody but the owner of the address ever knows a password of it.
pub(crate) async fn an_account_without_a_password_gets_one_by_a_link(site: Site) {
    let new = NewUser::new(Email::parse("new@example.com").unwrap(), None);
    let made = flows::create_user(&site.app, &By::command_line(), new).await.unwrap();
    let log_in =
        async |password: &str| site.post("/v1/login", json!({"email": "new@example.com", "password": password})).await;
    for password in [PASSWORD, NEW_PASSWORD, ""] {
        log_in(password).await.refused(401, "invalid_credentials");
    }
    forgot(&site, "new@example.com").await.ok(202);
    let token = mail(&site, "Set a new password", "new@example.com").await.token();
    reset(&site, &token, NEW_PASSWORD).await.ok(204);
    reset(&site, &token, PASSWORD).await.refused(400, "token_invalid");
    log_in(PASSWORD).await.refused(401, "invalid_credentials");
    let opened = log_in(NEW_PASSWORD).await.ok(200);
    assert_eq!(
        (&opened.body["user"]["id"], &opened.body["user"]["email_verified"]),
        (&json!(made.id.to_string()), &json!(true))
    );
}

pub(crate) async fn pages_work_without_scripts(site: Site) {
    site.register("ada@example.com").await;
    forgot(&site, "ada@example.com").await.ok(202);
    let link = mail(&site, "Set a new password", "ada@example.com").await.link();
    let path = link.strip_prefix(&site.url).unwrap();
    let shown = send(site.request(Method::GET, path)).await.ok(200);
    assert_eq!(shown.header("referrer-policy"), "no-referrer");
    assert_eq!(shown.header("cache-control"), "no-store");
    let policy = shown.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-") && policy.contains("form-action 'self'"));
    assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
    let token = link.split_once("?token=").unwrap().1;
    let form = async |password: &str| {
        let body = [("token", token), ("new_password", password)];
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(body).finish();
        let request = site.request(Method::POST, "/password/reset").body(body);
        send(request.header("content-type", "application/x-www-form-urlencoded")).await
    };
    let weak = form("<b>short").await.ok(422);
    let page = weak.body.as_str().unwrap();
    assert!(page.contains("shorter than 15 characters") && page.contains(token) && !page.contains("<b>"), "{page}");
    assert!(form(NEW_PASSWORD).await.ok(200).body.as_str().unwrap().contains("Your password is changed"));
    assert!(form(NEW_PASSWORD).await.ok(400).body.as_str().unwrap().contains("not valid any more"));
    let verify = mail(&site, "Confirm your address", "ada@example.com").await.link();
    let form = site.page(verify.strip_prefix(&site.url).unwrap()).await;
    assert!(form.contains("<form method=\"post\">"), "{form}");
    let hostile = site.page("/email/verify?token=%22%3E%3Cscript%3E").await;
    assert!(hostile.contains("value=\"&quot;&gt;&lt;script&gt;\"") && !hostile.contains("<script>"), "{hostile}");
}

pub(crate) async fn an_address_is_verified(site: Site) {
    let ada = site.register("ada@example.com").await;
    assert_eq!(ada.body["user"]["email_verified"], false);
    let first = mail(&site, "Confirm your address", "ada@example.com").await.token();
    site.clock.advance(PAUSE);
    site.post("/v1/email/resend", json!({"email": "ADA@example.com"})).await.ok(202);
    let second = token_after(&site, &first).await;
    verify(&site, &first).await.refused(400, "token_invalid");
    reset(&site, &second, NEW_PASSWORD).await.refused(400, "token_invalid");
    verify(&site, &second).await.ok(204);
    verify(&site, &second).await.refused(400, "token_invalid");
    for bad in ["", "jgm_", &first[..20], "x".repeat(10_000).as_str()] {
        verify(&site, bad).await.refused(400, "token_invalid");
    }
    assert_eq!(site.me(&ada.text("access_token")).await.ok(200).body["email_verified"], true);
}

/// The token of the newest mail that proves Ada's address, once it is another.
async fn token_after(site: &Site, before: &str) -> String {
    for _ in 0..5000 {
        let token = mail(site, "Confirm your address", "ada@example.com").await.token();
        if token != before {
            return token;
        }
    }
    panic!("no other mail came");
}

/// Two addresses that are compared alike may be two mailboxes: a link goes to the one that the account has.
pub(crate) async fn a_link_goes_to_the_address_of_the_account_however_it_was_asked_for(site: Site) {
    site.register("ada@example.com").await;
    mail(&site, "Confirm your address", "ada@example.com").await;
    for (mails, path) in [(2, "/v1/password/forgot"), (3, "/v1/email/resend")] {
        site.clock.advance(PAUSE);
        site.post(path, json!({"email": "ＡＤＡ@example.com"})).await.ok(202);
        let list = list_with(&site, "to ada@example.com,", mails).await;
        assert!(!list.contains("ＡＤＡ"), "{list}");
    }
}

/// The list of the mails, when this is in it so often.
async fn list_with(site: &Site, wanted: &str, times: usize) -> String {
    for _ in 0..5000 {
        let list = site.page("/dev/mail").await;
        if list.matches(wanted).count() == times {
            return list;
        }
    }
    panic!("`{wanted}` never came {times} times");
}

pub(crate) async fn a_link_expires(site: Site) {
    site.register("ada@example.com").await;
    forgot(&site, "ada@example.com").await.ok(202);
    let reset_token = mail(&site, "Set a new password", "ada@example.com").await.token();
    let verify_token = mail(&site, "Confirm your address", "ada@example.com").await.token();
    site.clock.advance(3600);
    reset(&site, &reset_token, NEW_PASSWORD).await.refused(400, "token_invalid");
    site.clock.advance(82_799);
    verify(&site, &verify_token).await.ok(204);
}

pub(crate) async fn an_address_is_changed_when_it_is_proven(site: Site) {
    let ada = site.register("ada@example.com").await;
    let access = ada.text("access_token");
    site.register("known@example.com").await;
    let change = async |email: &str, password: &str| {
        let body = json!({"email": email, "current_password": password});
        send(site.request(Method::POST, "/v1/email/change").bearer_auth(&access).json(&body)).await
    };
    change("new@example.com", "a wrong pass phrase").await.refused(401, "invalid_credentials");
    change("no address", PASSWORD).await.refused(400, "invalid_email");
    assert_eq!(change("known@example.com", PASSWORD).await.ok(202).body, json!({"status": "verification_sent"}));
    assert_eq!(change("new@example.com", PASSWORD).await.ok(202).body, json!({"status": "verification_sent"}));
    let token = mail(&site, "Confirm your new address", "new@example.com").await.token();
    assert_eq!(site.me(&access).await.body["email"], "ada@example.com", "until then nothing changes");
    verify(&site, &token).await.ok(204);
    let me = site.me(&access).await.ok(200);
    assert_eq!((&me.body["email"], &me.body["email_verified"]), (&json!("new@example.com"), &json!(true)));
    let told = mail(&site, "Your address at 127.0.0.1 was changed", "ada@example.com").await;
    assert!(told.page.contains("new@example.com"));
    assert!(!site.page("/dev/mail").await.contains("Confirm your new address for 127.0.0.1</a><br>to known@"));
    site.log_in("new@example.com").await;
    site.post("/v1/login", json!({"email": "ada@example.com", "password": PASSWORD}))
        .await
        .refused(401, "invalid_credentials");
}

/// Status, headers and body, without what differs from one request to the next.
fn told(answer: Answer) -> (u16, Vec<(String, String)>, Value) {
    let mut headers: Vec<_> =
        answer.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    headers.retain(|(name, _)| name != "x-request-id" && name != "date");
    headers.sort();
    (answer.status, headers, answer.body)
}

pub(crate) async fn nobody_learns_who_is_known(site: Site) {
    let known = site.register("known@example.com").await;
    drop(known);
    for path in ["/v1/password/forgot", "/v1/email/resend"] {
        let mut answers = Vec::new();
        for email in ["known@example.com", "nobody@example.com", "no address at all"] {
            answers.push(told(site.post(path, json!({"email": email})).await.ok(202)));
        }
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{path}: {answers:?}");
        for email in ["known@example.com", "nobody@example.com"] {
            for _ in 0..4 {
                site.post(path, json!({"email": email})).await.ok(202);
            }
        }
        let known = site.post(path, json!({"email": "known@example.com"})).await;
        let unknown = site.post(path, json!({"email": "nobody@example.com"})).await;
        assert_eq!(known.header("retry-after"), "1");
        let (known, unknown) = (known.refused(429, "too_many_attempts"), unknown.refused(429, "too_many_attempts"));
        assert_eq!(
            (known.text("detail"), known.header("retry-after")),
            (unknown.text("detail"), unknown.header("retry-after"))
        );
    }
}

pub(crate) async fn links_lead_to_the_configured_origin(site: Site) {
    site.register("ada@example.com").await;
    let request = site.request(Method::POST, "/v1/password/forgot").json(&json!({"email": "ada@example.com"}));
    let request = request.header(HOST, "evil.example").header("x-forwarded-host", "evil.example");
    send(request.header("forwarded", "host=evil.example")).await.ok(202);
    let mail = mail(&site, "Set a new password", "ada@example.com").await;
    assert!(mail.link().starts_with(&site.url) && !mail.page.contains("evil"), "{}", mail.page);
}

pub(crate) async fn of_fifty_uses_of_a_link_one_sets_the_password(site: Site) {
    site.register("ada@example.com").await;
    forgot(&site, "ada@example.com").await.ok(202);
    let token = mail(&site, "Set a new password", "ada@example.com").await.token();
    let passwords: Vec<String> = (0..50).map(|number| format!("pass phrase number {number}")).collect();
    let answers = futures_join(passwords.iter().map(|password| reset(&site, &token, password))).await;
    let done: Vec<_> = answers.iter().zip(&passwords).filter(|(answer, _)| answer.status == 204).collect();
    assert_eq!(done.len(), 1);
    assert!(answers.iter().all(|answer| [204, 400, 429].contains(&answer.status)), "{answers:?}");
    site.post("/v1/login", json!({"email": "ada@example.com", "password": done[0].1})).await.ok(200);
}

pub(crate) async fn people_are_told_of_what_they_may_not_have_done(site: Site) {
    let ada = site.register("ada@example.com").await;
    let body = json!({"email": "ada@example.com", "password": PASSWORD, "device": "a <strange> device"});
    let login = site.request(Method::POST, "/v1/login").header(USER_AGENT, "Strange/1.0").json(&body);
    let stranger = send(login).await.ok(200);
    let told = mail(&site, "A new device at 127.0.0.1", "ada@example.com").await;
    assert!(told.page.contains("a &lt;strange&gt; device") && told.page.contains("127.0.0.1"), "{}", told.page);
    let old = stranger.text("refresh_token");
    site.refresh(&old).await.ok(200);
    site.clock.advance(31);
    site.refresh(&old).await.refused(401, "refresh_token_reused");
    let told = mail(&site, "A device was logged out at 127.0.0.1", "ada@example.com").await;
    assert!(told.page.contains("a &lt;strange&gt; device"), "{}", told.page);
    let body = json!({"current_password": PASSWORD, "new_password": NEW_PASSWORD});
    let change = site.request(Method::POST, "/v1/password/change").bearer_auth(ada.text("access_token")).json(&body);
    send(change).await.ok(204);
    mail(&site, "Your password for 127.0.0.1 was changed", "ada@example.com").await;
}

/// Neither with the address of somebody else, unproven, nor by wanting it as a new one.
pub(crate) async fn nobody_fills_a_mailbox_by_accounts_of_their_own(site: Site) {
    let account = site.register("ada@example.com").await;
    for letter in 'a'..='t' {
        let body = json!({"email": "ada@example.com", "password": PASSWORD, "device": format!("device {letter}")});
        site.post("/v1/login", body).await.ok(200);
    }
    for (number, code) in [202; 5].into_iter().chain([429]).enumerate() {
        let body = json!({"email": "bob@example.com", "current_password": PASSWORD});
        let change = site.request(Method::POST, "/v1/email/change").bearer_auth(account.text("access_token"));
        assert_eq!(send(change.json(&body)).await.status, code, "{number}");
    }
    // What is queued last is sent last.
    site.clock.advance(1);
    forgot(&site, "ada@example.com").await.ok(202);
    mail(&site, "Set a new password", "ada@example.com").await;
    let told = site.page("/dev/mail").await.matches("A new device").count();
    assert!((1..=5).contains(&told), "{told}");
}
