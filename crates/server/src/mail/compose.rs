//! A letter as a message (RFC 5322): sender, one receiver, subject, and the text beside the same in HTML.

use std::time::{Duration, SystemTime};

use lettre::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use super::link::Links;
use super::templates::{Templates, Values, Written, one_line};
use super::transport::NotSent;
use crate::config::Config;
use crate::domain::email::Email;
use crate::domain::mail::{Letter, Message};
use crate::domain::time::Timestamp;
use crate::tokens::link_token::LinkToken;

/// Longest text about a device that is passed on, in characters: whoever logs in chooses it.
const MAX_FACT: usize = 120;

/// What is the same in every message.
#[derive(Debug)]
pub(crate) struct Parts {
    from: Option<Mailbox>,
    service: String,
    links: Links,
}

/// A message, as it is sent and as it is shown.
#[derive(Debug)]
pub(super) struct Composed {
    pub(super) message: lettre::Message,
    pub(super) to: String,
    pub(super) written: Written,
    pub(super) link: Option<String>,
    pub(super) queued_at: Timestamp,
}

impl Parts {
    pub(crate) fn new(config: &Config) -> Self {
        let host = url::Url::parse(&config.issuer).ok().and_then(|url| url.host_str().map(str::to_owned));
        let host = host.unwrap_or_default();
        // Nobody gets a mail that is only shown, so nothing has to be configured for it.
        let stand_in = || Address::new("no-reply", "jotgate.invalid").ok().map(|address| Mailbox::new(None, address));
        Self {
            from: config.mail.from.as_deref().and_then(|from| sender(from).ok()).or_else(stand_in),
            service: config.mail.service.clone().unwrap_or(host),
            links: Links::new(config),
        }
    }
}

/// Reads `address` or `Name <address>`.
pub(crate) fn sender(text: &str) -> Result<Mailbox, String> {
    let parsed = text.parse::<Mailbox>().ok().filter(|_| !text.chars().any(char::is_control));
    parsed.ok_or_else(|| format!("`{text}` is not a sender; write such as \"Example <no-reply@example.com>\""))
}

pub(super) fn compose(
    templates: &Templates,
    parts: &Parts,
    letter: Letter,
    message: &Message,
    token: &LinkToken,
) -> Result<Composed, NotSent> {
    let link = letter.purpose().map(|purpose| parts.links.to(purpose, token));
    let values = values(parts, letter, message, link.as_deref());
    let written = templates.write(letter, &values).ok_or_else(|| NotSent::Ever("there is no such letter".into()))?;
    let from = parts.from.clone().ok_or_else(|| NotSent::Now("mail.from is not configured".into()))?;
    // The same at every try, so that a mailbox that gets it twice can tell (RFC 5322 §3.6.4).
    let id = format!("<{}@{}>", message.id, from.email.domain());
    let composed = lettre::Message::builder()
        .from(from)
        .to(Mailbox::new(None, address(&message.to)?))
        .subject(written.subject.as_str())
        .date(date(message.queued_at))
        .message_id(Some(id))
        // No answer is to be made by a program (RFC 3834 §5).
        .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".into()))
        .multipart(MultiPart::alternative_plain_html(written.text.clone(), written.html.clone()))
        .map_err(|error| NotSent::Ever(error.to_string()))?;
    let to = message.to.display().to_owned();
    Ok(Composed { message: composed, to, written, link, queued_at: message.queued_at })
}

/// The address as it was typed, with the domain as the network knows it (RFC 5890 §2.3.2.1). It was parsed when it came; no
/// character of it ends a line or adds a receiver.
fn address(email: &Email) -> Result<Address, NotSent> {
    let local = email.display().split('@').next().unwrap_or_default();
    let domain = email.key().rsplit('@').next().unwrap_or_default();
    Address::new(local, domain).map_err(|_| NotSent::Ever("the address cannot be sent to".into()))
}

fn values(parts: &Parts, letter: Letter, message: &Message, link: Option<&str>) -> Values {
    let fact = |text: &Option<String>| match text {
        Some(text) => one_line(text).chars().take(MAX_FACT).collect(),
        None => "unknown".to_owned(),
    };
    Values {
        service: parts.service.clone(),
        email: message.to.display().to_owned(),
        link: link.unwrap_or_default().to_owned(),
        hours: letter.purpose().map(|purpose| purpose.hours().to_string()).unwrap_or_default(),
        device: fact(&message.facts.device),
        address: fact(&message.facts.address),
        time: time(message.queued_at),
        new_email: message.facts.email.clone().unwrap_or_default(),
    }
}

/// `2026-11-25 08:15 UTC`.
fn time(at: Timestamp) -> String {
    let text = jiff::Timestamp::from_second(at.seconds()).unwrap_or_default().to_string();
    format!("{} UTC", text.chars().take(16).collect::<String>().replace('T', " "))
}

fn date(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.seconds()).unwrap_or_default())
}

#[cfg(test)]
mod tests;
