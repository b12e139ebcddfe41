//! The rules of `[mail]` and `[accounts]`.

use url::Url;

use super::{is_loopback_host, is_on_this_machine, not_empty};
use crate::config::mail::TOKEN;
use crate::config::{Config, Mail, MailTls, Verification, secret};
use crate::mail::sender;

/// Each key with what is wrong with it, if anything is.
pub(super) fn check(config: &mut Config) -> Vec<(&'static str, Result<(), String>)> {
    let password = secret::load_mail_password(config);
    let mail = &config.mail;
    vec![
        ("mail.password", password),
        ("mail.host", mail.host.as_deref().map_or(Ok(()), not_empty)),
        ("mail.tls", protected(mail)),
        ("mail.from", from(mail)),
        ("mail.username", whole_credentials(mail)),
        ("mail.links.verify", mail.links.verify.as_deref().map_or(Ok(()), page)),
        ("mail.links.reset", mail.links.reset.as_deref().map_or(Ok(()), page)),
        ("accounts.verification", verification(config)),
    ]
}

pub(super) fn warnings(config: &Config) -> Vec<String> {
    let mail = &config.mail;
    let mut warnings = Vec::new();
    if mail.show {
        warnings.push(
            "mail is shown at /dev/mail to everyone who reaches this server, and not sent. Only for development".into(),
        );
    }
    if mail.host.is_none() && (mail.from.is_some() || mail.username.is_some()) {
        warnings.push("mail.host is missing, so no mail is sent".into());
    }
    warnings
}

/// Tokens that open accounts, and the password for the server, cross the network.
fn protected(mail: &Mail) -> Result<(), String> {
    let elsewhere = mail.host.as_deref().is_some_and(|host| !is_loopback_host(host));
    if mail.tls == MailTls::None && elsewhere {
        return Err("\"none\" is for a server on this machine only; use \"starttls\" or \"tls\"".into());
    }
    Ok(())
}

fn from(mail: &Mail) -> Result<(), String> {
    match &mail.from {
        Some(from) => sender(from).map(drop),
        None if mail.host.is_some() => {
            Err("is missing; write the sender, such as \"Example <no-reply@example.com>\"".into())
        }
        None => Ok(()),
    }
}

fn whole_credentials(mail: &Mail) -> Result<(), String> {
    match (&mail.username, &mail.password) {
        (Some(_), None) => Err("needs `mail.password` beside it".into()),
        (None, Some(_)) => Err("is missing beside `mail.password`".into()),
        _ => Ok(()),
    }
}

/// The page gets tokens that open accounts.
fn page(text: &str) -> Result<(), String> {
    let wrong =
        |why: &str| Err(format!("`{text}` {why}; write such as \"https://app.example.com/reset?token={TOKEN}\""));
    if text.matches(TOKEN).count() != 1 {
        return wrong("must have `{token}` in it once");
    }
    let Ok(url) = Url::parse(&text.replace(TOKEN, "t0ken")) else { return wrong("is not a URL") };
    if url.scheme() != "https" && !is_on_this_machine(&url) {
        return wrong("must be https (http on a loopback address only)");
    }
    let before_path = text.split('/').take(3).collect::<String>();
    if before_path.contains(TOKEN) || !url.username().is_empty() {
        return wrong("must have the token after the host");
    }
    Ok(())
}

fn verification(config: &Config) -> Result<(), String> {
    if config.accounts.verification == Verification::Required && !config.mail.is_on() {
        return Err("\"required\" needs mail: set `mail.host` and `mail.from`".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::Config;

    fn load(text: &str) -> Result<Config, String> {
        let text = format!("issuer = \"https://auth.example.com\"\n{text}");
        Config::load(&text, [], Path::new(".")).map_err(|error| error.to_string())
    }

    #[test]
    fn a_server_and_a_sender_are_enough() {
        let config = load("mail.host = \"smtp.example.com\"\nmail.from = \"Example <no-reply@example.com>\"").unwrap();
        assert!(config.mail.is_on() && config.warnings.is_empty(), "{:?}", config.warnings);
        assert!(!load("").unwrap().mail.is_on());
    }

    #[test]
    fn what_would_lose_mail_or_give_tokens_away_is_refused() {
        let mail = "mail.host = \"smtp.example.com\"\nmail.from = \"a@example.com\"\n";
        let reset = |url: &str| format!("mail.links.reset = \"{url}\"");
        for (text, expected) in [
            ("mail.host = \"smtp.example.com\"".to_owned(), "`mail.from`: is missing"),
            ("mail.from = \"nobody\"".to_owned(), "is not a sender"),
            (format!("{mail}mail.tls = \"none\""), "`mail.tls`: \"none\" is for a server on this machine only"),
            (format!("{mail}mail.username = \"a\""), "needs `mail.password`"),
            (format!("{mail}mail.password = \"hush\""), "`mail.username`: is missing"),
            (format!("{mail}mail.password_file = \"/nowhere\""), "`/nowhere` cannot be read"),
            (format!("{mail}mail.password = 73849201"), "must be a text in quotes"),
            (reset("https://app.example.com/reset"), "must have `{token}` in it once"),
            (reset("https://app.example.com/{token}/{token}"), "must have `{token}` in it once"),
            (reset("http://app.example.com/{token}"), "must be https"),
            (reset("app.example.com/{token}"), "is not a URL"),
            (reset("https://{token}.example.com/"), "must have the token after the host"),
            (reset("https://user@app.example.com/{token}"), "must have the token after the host"),
            ("accounts.verification = \"required\"".to_owned(), "needs mail"),
            ("mail.show = true".to_owned(), "not a known key"),
        ] {
            let said = load(&text).expect_err(&text);
            assert!(said.contains(expected) && !said.contains("hush"), "{text}: {said}");
        }
        for good in [
            "https://app.example.com/r?token={token}",
            "https://app.example.com/#{token}",
            "http://localhost:3000/{token}",
        ] {
            load(&reset(good)).unwrap();
        }
    }
}
