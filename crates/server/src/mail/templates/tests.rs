use std::fs;

use super::*;

fn values() -> Values {
    Values {
        service: "Ada's & <Co>".into(),
        email: "ada@example.com".into(),
        link: "https://a.example/reset?token=jgm_1&x=\"y\"".into(),
        hours: "1".into(),
        ..Values::default()
    }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn refusal(files: &[(&str, &str)]) -> String {
    Templates::new(Some(folder(files).path())).unwrap_err().to_string()
}

#[test]
fn every_letter_has_both_forms_and_its_link_in_both() {
    let templates = Templates::new(None).unwrap();
    for letter in Letter::ALL {
        let written = templates.write(letter, &values()).unwrap();
        assert!(!written.subject.is_empty() && written.subject.contains("Ada's & <Co>"), "{letter:?}");
        assert!(written.text.is_ascii() && written.text.ends_with('\n'), "{letter:?}");
        assert_eq!(written.text.contains(&values().link), letter.purpose().is_some(), "{letter:?}");
        assert!(written.html.starts_with("<!doctype html>") && !written.html.contains("<Co>"), "{letter:?}");
        assert!(!written.html.contains("{{") && !written.text.contains("{{"));
    }
}

#[test]
fn a_value_cannot_leave_its_place_in_html_nor_its_line_in_a_header() {
    let html = Template::parse("<a href=\"{{link}}\">{{ service }}</a>").unwrap().fill(&values(), escaped);
    assert_eq!(
        html,
        "<a href=\"https://a.example/reset?token=jgm_1&amp;x=&quot;y&quot;\">Ada&#39;s &amp; &lt;Co&gt;</a>"
    );
    let folder = folder(&[("reset.txt", "Subject: for {{service}}\n\n{{link}}\n")]);
    let values = Values { service: "A\r\nBcc: eve@example.com\u{85}x".into(), ..values() };
    let written = Templates::new(Some(folder.path())).unwrap().write(Letter::Reset, &values).unwrap();
    assert_eq!(written.subject, "for A  Bcc: eve@example.com x");
}

#[test]
fn a_file_takes_the_place_of_its_own_and_of_no_other() {
    let folder = folder(&[("reset.txt", "Subject: Neu\r\n\r\nHier: {{link}}\r\n"), ("notes.md", "{{nothing}}")]);
    let templates = Templates::new(Some(folder.path())).unwrap();
    let written = templates.write(Letter::Reset, &values()).unwrap();
    assert_eq!(
        (written.subject.as_str(), written.text.as_str()),
        ("Neu", "Hier: https://a.example/reset?token=jgm_1&x=\"y\"\n")
    );
    assert!(written.html.contains("Set a new password"));
    assert_ne!(templates.write(Letter::Known, &values()).unwrap().subject, "Neu");
}

#[test]
fn a_template_that_cannot_be_used_is_refused_at_start() {
    for (file, text, expected) in [
        ("reset.txt", "Hello {{link}}", "reset.txt: must begin with a line `Subject: …`"),
        ("reset.txt", "Subject: \n\n{{link}}", "must begin with a line"),
        ("reset.txt", "Subject: a\nb\n\n{{link}}", "must begin with a line"),
        ("reset.txt", "Subject: a {{link}}\n\n{{link}}", "the subject must not have `{{link}}`"),
        ("reset.txt", "Subject: a\n\nno link", "reset.txt: must have `{{link}}` in it"),
        ("reset.html", "<p>no link</p>", "reset.html: must have `{{link}}` in it"),
        ("reset.html", "{{link", "reset.html: has `{{` without `}}`"),
        ("new_device.html", "{{name}}", "new_device.html: `{{name}}` is not known; there are `service`, `email`"),
    ] {
        let said = refusal(&[(file, text)]);
        assert!(said.contains(expected), "{text}: {said}");
    }
    assert!(Templates::new(Some(Path::new("/nowhere"))).unwrap_err().to_string().contains("is no folder"));
}
