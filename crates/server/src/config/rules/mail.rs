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
        warnings.push("mail is shown at /dev/mail to everyone who reaches this server, and not sent. Only for development".into());
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
        None if mail.host.is_some() => Err("is missing; write the sender, such as \"Example <no-reply@example.com>\"".into()),
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
    let wrong = |why: &str| Err(format!("`{text}` {why}; write such as \"https://app.example.com/reset?token={TOKEN}\""));
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
