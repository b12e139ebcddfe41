//! Mail by way of a real server, and the server where addresses have to be proven.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../blackbox/answer.rs"]
#[allow(dead_code, reason = "shared with the black-box test, which uses all of it")]
mod answer;
mod proven;
#[path = "../blackbox/site.rs"]
#[allow(dead_code, reason = "shared with the black-box test, which uses all of it")]
mod site;
mod smtp;

use jotgate_server::Config;
use jotgate_server::config::MailTls;
use jotgate_wire::SecretText;
use serde_json::{Value, json};
use site::Site;
use smtp::Smtp;

/// A site whose mail goes to this server.
async fn site(smtp: &Smtp, tls: MailTls, more: impl FnOnce(&mut Config)) -> Site {
    let (port, authority) = (smtp.port, smtp.authority());
    Site::configured(move |config| {
        config.mail.show = false;
        config.mail.host = Some("localhost".into());
        config.mail.port = port;
        config.mail.tls = tls;
        config.mail.authorities = Some(authority);
        config.mail.from = Some("Ada's Shop <no-reply@shop.example>".into());
        more(config);
    })
    .await
}

fn with_password(config: &mut Config) {
    config.mail.username = Some("shop".into());
    config.mail.password = Some(SecretText::from(smtp::PASSWORD));
}

async fn forgot(site: &Site, email: &str) {
    site.post("/v1/password/forgot", json!({"email": email})).await.ok(202);
}

/// The token of the link in the text of a mail.
fn token(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let token = text.split("?token=").nth(1).unwrap_or_else(|| panic!("no link in {text}"));
    token.split_whitespace().next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_arrives_over_starttls_and_its_link_works() {
    let how = json!({"tls": "starttls", "password": smtp::PASSWORD});
    let Some(smtp) = Smtp::start("a_mail_arrives_over_starttls_and_its_link_works", how) else { return };
    let site = site(&smtp, MailTls::Starttls, with_password).await;
    site.register("Ada@Example.com").await;
    let mail = smtp.next("text");
    assert_eq!((&mail["encrypted"], &mail["user"]), (&json!(true), &json!("shop")));
    assert_eq!((&mail["sender"], &mail["receivers"]), (&json!("no-reply@shop.example"), &json!(["Ada@example.com"])));
    assert_eq!(mail["subject"], "Confirm your address for 127.0.0.1");
    let headers = mail["headers"].as_array().unwrap();
    let header =
        |name: &str| headers.iter().filter(|header| header[0] == name).map(|header| &header[1]).collect::<Vec<_>>();
    assert_eq!(header("From"), [&json!("Ada's Shop <no-reply@shop.example>")]);
    assert_eq!(header("Auto-Submitted"), [&json!("auto-generated")]);
    assert_eq!((header("To").len(), header("Date").len(), header("Message-ID").len()), (1, 1, 1));
    let token = token(&mail);
    assert!(mail["html"].as_str().unwrap().contains(&format!("{}/email/verify?token={token}\"", site.url)));
    site.post("/v1/email/verify", json!({"token": token})).await.ok(204);
    assert_eq!(site.log_in("ada@example.com").await.body["user"]["email_verified"], true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_arrives_over_tls_at_the_page_of_the_application() {
    let Some(smtp) = Smtp::start("a_mail_arrives_over_tls_at_the_page_of_the_application", json!({"tls": "tls"}))
    else {
        return;
    };
    let more = |config: &mut Config| {
        config.mail.links.reset = Some("https://app.example.com/#/reset/{token}".into());
        config.accounts.verification = jotgate_server::config::Verification::Off;
    };
    let site = site(&smtp, MailTls::Tls, more).await;
    site.register("ada@example.com").await;
    forgot(&site, "ada@example.com").await;
    let mail = smtp.next("text");
    assert_eq!((&mail["encrypted"], &mail["subject"]), (&json!(true), &json!("Set a new password for 127.0.0.1")));
    let text = mail["text"].as_str().unwrap();
    let token = text.split("https://app.example.com/#/reset/").nth(1).unwrap().split_whitespace().next().unwrap();
    let body = json!({"token": token, "new_password": "quite another pass phrase"});
    site.post("/v1/password/reset", body).await.ok(204);
}

/// The server had the whole message when it said that it had not: the second is the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_for_now_is_tried_again_with_the_same_message() {
    let how = json!({"tls": "none", "data": ["451 try again later"]});
    let Some(smtp) = Smtp::start("a_refusal_for_now_is_tried_again_with_the_same_message", how) else { return };
    let site = site(&smtp, MailTls::None, |_| {}).await;
    site.register("ada@example.com").await;
    let first = smtp.next("text");
    let again = loop {
        // The job looks when something is queued, and finds what is due by now.
        site.clock.advance(20);
        forgot(&site, &format!("nobody-{}@example.com", site.clock.seconds())).await;
        if let Some(again) = smtp.all().into_iter().find(|said| said.get("text").is_some()) {
            break again;
        }
    };
    assert_eq!(
        (&again["id"], &again["text"], &again["receivers"]),
        (&first["id"], &first["text"], &first["receivers"])
    );
    site.post("/v1/email/verify", json!({"token": token(&first)})).await.ok(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mailbox_that_is_not_there_is_given_up_and_harms_no_other() {
    let how = json!({"tls": "none", "unknown": ["ada@example.com"]});
    let Some(smtp) = Smtp::start("a_mailbox_that_is_not_there_is_given_up_and_harms_no_other", how) else { return };
    let site = site(&smtp, MailTls::None, |_| {}).await;
    site.register("ada@example.com").await;
    smtp.next("refused");
    site.clock.advance(20);
    site.register("bob@example.com").await;
    assert_eq!(smtp.next("text")["receivers"], json!(["bob@example.com"]));
    site.clock.advance(3600);
    site.register("eve@example.com").await;
    assert_eq!(smtp.next("text")["receivers"], json!(["eve@example.com"]));
    assert!(!smtp.all().iter().any(|said| said.get("refused").is_some()), "it was not tried again");
}

/// Neither the link nor the password goes to somebody who takes the server's place.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_to_a_server_that_cannot_be_trusted() {
    let name = "nothing_is_sent_to_a_server_that_cannot_be_trusted";
    let Some(real) = Smtp::start(name, json!({"tls": "starttls", "password": smtp::PASSWORD})) else { return };
    let Some(plain) = Smtp::start(name, json!({"tls": "none", "password": smtp::PASSWORD})) else { return };
    for (server, authority) in [(&plain, plain.authority()), (&real, plain.authority())] {
        let more = move |config: &mut Config| {
            with_password(config);
            config.mail.authorities = Some(authority);
        };
        let site = site(server, MailTls::Starttls, more).await;
        site.register("ada@example.com").await;
        for number in 0..20 {
            site.clock.advance(60);
            forgot(&site, &format!("nobody-{number}@example.com")).await;
        }
        assert_eq!(server.all(), Vec::<Value>::new());
    }
}

#[tokio::test]
async fn without_mail_whatever_needs_it_is_refused_for_everybody() {
    let site = Site::configured(|config| config.mail.show = false).await;
    site.register("ada@example.com").await;
    for email in ["ada@example.com", "nobody@example.com"] {
        for path in ["/v1/password/forgot", "/v1/email/resend"] {
            site.post(path, json!({"email": email})).await.refused(501, "mail_not_configured");
        }
    }
    let page = site.request(reqwest::Method::GET, "/dev/mail").send().await.unwrap();
    assert_eq!(page.status(), 404, "nothing is shown that is not configured to be");
    site.log_in("ada@example.com").await;
}
