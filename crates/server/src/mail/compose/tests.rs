use uuid::Uuid;

use super::*;
use crate::domain::mail::{Facts, Kind, MessageId};
use crate::tokens::link_token::LinkKey;

fn parts(from: &str) -> Parts {
    let mut config = Config::new("https://auth.example.com/base").unwrap();
    config.mail.from = Some(from.into());
    Parts::new(&config)
}

fn message(to: &str) -> Message {
    Message {
        id: MessageId::new(Uuid::from_u128(0xabc)),
        kind: Kind::Reset,
        user: None,
        to: Email::parse(to).unwrap(),
        facts: Facts::default(),
        queued_at: Timestamp::from_seconds(1_800_000_000),
        attempts: 1,
    }
}

fn written(letter: Letter, message: &Message) -> Composed {
    let token = LinkKey::new(&[1; 32]).token(message.id);
    let templates = Templates::new(None).unwrap();
    compose(&templates, &parts("Ada Shop <no-reply@shop.example>"), letter, message, &token).unwrap()
}

fn raw(composed: &Composed) -> String {
    String::from_utf8(composed.message.formatted()).unwrap()
}

fn header<'a>(raw: &'a str, name: &str) -> Vec<&'a str> {
    let head = raw.split("\r\n\r\n").next().unwrap();
    head.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).collect()
}

#[test]
fn a_letter_is_a_message_of_two_forms() {
    let composed = written(Letter::Reset, &message("Ada@Example.com"));
    let raw = raw(&composed);
    assert_eq!(header(&raw, "From"), ["\"Ada Shop\" <no-reply@shop.example>"]);
    assert_eq!(header(&raw, "To"), ["Ada@example.com"]);
    assert_eq!(header(&raw, "Subject"), ["Set a new password for auth.example.com"]);
    assert_eq!(header(&raw, "Date"), ["Fri, 15 Jan 2027 08:00:00 +0000"]);
    assert_eq!(header(&raw, "Message-ID"), ["<00000000-0000-0000-0000-000000000abc@shop.example>"]);
    assert_eq!(header(&raw, "Auto-Submitted"), ["auto-generated"]);
    assert!(header(&raw, "Content-Type")[0].starts_with("multipart/alternative"));
    assert!(raw.contains("text/plain") && raw.contains("text/html"));
    let link = composed.link.unwrap();
    assert!(link.starts_with("https://auth.example.com/base/password/reset?token=jgm_"), "{link}");
    assert!(composed.written.text.contains(&link) && composed.written.html.contains(&link));
}

#[test]
fn the_same_message_is_the_same_at_every_try() {
    let (first, again) =
        (written(Letter::Reset, &message("a@example.com")), written(Letter::Reset, &message("a@example.com")));
    assert_eq!(first.link, again.link);
    assert_eq!(header(&raw(&first), "Message-ID"), header(&raw(&again), "Message-ID"));
}

#[test]
fn no_address_adds_a_header_or_a_receiver() {
    for to in
        ["bücher@bücher.example", "\u{e9}lan.vital@example.com", "a'b=c@example.com", "x!#$%&*+-/?^_`{|}~@example.com"]
    {
        let composed = written(Letter::Verify, &message(to));
        assert_eq!(composed.message.envelope().to().len(), 1, "{to}");
        let raw = composed.message.formatted();
        let head = String::from_utf8_lossy(&raw).split("\r\n\r\n").next().unwrap().to_owned();
        assert_eq!(head.lines().filter(|line| line.starts_with("To:")).count(), 1, "{head}");
        assert!(!head.contains("Bcc"), "{head}");
    }
    let idn = written(Letter::Verify, &message("ada@bücher.example"));
    assert_eq!(idn.message.envelope().to()[0].to_string(), "ada@xn--bcher-kva.example");
}

#[test]
fn what_a_client_says_of_itself_is_cut_and_escaped() {
    let device = format!("<b>\r\nBcc:\u{202e}eve@example.com\u{2028}</b>{}", "x".repeat(500));
    let facts = Facts { device: Some(device), address: None, email: None };
    let composed = written(Letter::NewDevice, &Message { facts, ..message("ada@example.com") });
    let text = &composed.written.text;
    assert!(text.contains("Device:  <b>  Bcc: eve@example.com </b>x") && text.contains("Address: unknown"), "{text}");
    assert!(!text.contains(&"x".repeat(120)) && !composed.written.html.contains("<b>"));
    assert_eq!(composed.link, None);
    assert!(text.contains("When:    2027-01-15 08:00 UTC"), "{text}");
}

#[test]
fn a_sender_is_an_address_with_or_without_a_name() {
    for good in ["no-reply@example.com", "Example <no-reply@example.com>", "\"A, B\" <a@example.com>"] {
        assert!(sender(good).is_ok(), "{good}");
    }
    for bad in ["", "Example", "Example <>", "a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com"] {
        assert!(sender(bad).unwrap_err().contains("is not a sender"), "{bad}");
    }
}
