//! `GET /dev/mail`: in development, the mails that were not sent. These routes are there only where mail is shown instead of sent.

use std::fmt::Write;

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use super::answer::rfc3339;
use super::layers;
use super::pages::page;
use crate::app::App;
use crate::mail::{ShownMail, escaped};

/// The HTML of our own templates, or of the operator's: its style counts, and it loads and sends nothing.
const POLICY: HeaderValue = HeaderValue::from_static(
    "sandbox allow-popups allow-top-navigation-by-user-activation; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
);

/// All of them, the newest first.
pub(crate) async fn list(State(app): State<App>) -> Response {
    let mails = app.inner.mail.shown().unwrap_or_default();
    let mut body = String::from("<p>Nothing is sent: these are the newest mails, kept in memory.</p><ul>");
    for mail in &mails {
        let path = format!("{}/dev/mail/{}", app.config().base_path(), mail.id);
        let (subject, to) = (escaped(&mail.subject), escaped(&mail.to));
        let _ = write!(body, "<li><a href=\"{path}\">{subject}</a><br>to {to}, {}</li>", rfc3339(mail.at));
    }
    body.push_str(if mails.is_empty() { "</ul><p>There are none yet.</p>" } else { "</ul>" });
    page(StatusCode::OK, "Mail", &body)
}

/// One as text, with its link.
pub(crate) async fn show(State(app): State<App>, Path(id): Path<String>) -> Response {
    let Some(mail) = find(&app, &id) else { return layers::not_found().await.into_response() };
    let mut body = format!("<p>to {}, {}</p><pre>{}</pre>", escaped(&mail.to), rfc3339(mail.at), escaped(&mail.text));
    if let Some(link) = &mail.link {
        let _ = write!(body, "<p><a href=\"{0}\">{0}</a></p>", escaped(link));
    }
    let base = app.config().base_path();
    let _ = write!(
        body,
        "<p><a href=\"{base}/dev/mail/{}/html\">as HTML</a> · <a href=\"{base}/dev/mail\">all mail</a></p>",
        mail.id
    );
    page(StatusCode::OK, &mail.subject, &body)
}

/// One in HTML.
pub(crate) async fn html(State(app): State<App>, Path(id): Path<String>) -> Response {
    let Some(mail) = find(&app, &id) else { return layers::not_found().await.into_response() };
    let content_type = HeaderValue::from_static("text/html; charset=utf-8");
    let headers = [(header::CONTENT_TYPE, content_type), (header::CONTENT_SECURITY_POLICY, POLICY)];
    (StatusCode::OK, headers, mail.html).into_response()
}

fn find(app: &App, id: &str) -> Option<ShownMail> {
    app.inner.mail.shown()?.into_iter().find(|mail| mail.id.to_string() == id)
}
