//! The plain pages that links in mails open where the application has none of its own: `GET` shows a form, and only sending it uses the
//! link up, since programs that look for malice open every link of a mail. They work without scripts and load nothing.

use std::fmt::Write;
use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jotgate_wire::{ErrorCode, SecretText};

use super::error::ApiError;
use super::{input, json, password_change};
use crate::app::App;
use crate::domain::audit::Origin;
use crate::flows::{self, Device, ResetPassword, Verified};
use crate::mail::escaped;

const STYLE: &str = "body{font-family:sans-serif;line-height:1.5;max-width:28rem;margin:4rem auto;padding:0 1rem}\
                     label{display:block}input,button{font:inherit;padding:.5rem;margin:.5rem 0;box-sizing:border-box}\
                     input{width:100%}button{padding:.5rem 1rem}pre{white-space:pre-wrap;overflow-wrap:anywhere}";

/// Our own style and nothing else, and forms that go back here (CSP 3 §6.4.1).
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = base64_simd::STANDARD.encode_to_string(digest(&SHA256, STYLE.as_bytes()).as_ref());
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
});

/// `GET /email/verify?token=…`.
pub(crate) async fn verify(request: Request) -> Response {
    let token = member(request.uri().query().unwrap_or_default().as_bytes(), "token");
    let form = format!(
        "<p>Confirm that this e-mail address is yours.</p><form method=\"post\">{}<button>Confirm</button></form>",
        hidden(&token)
    );
    page(StatusCode::OK, "Confirm your e-mail address", &form)
}

/// `POST /email/verify`.
pub(crate) async fn verified(State(app): State<App>, origin: Origin, Form(body): Form) -> Response {
    match flows::verify_email(&app, origin, member(&body, "token").expose()).await {
        Ok(Verified::Address) => {
            page(StatusCode::OK, "Thank you", "<p>Your e-mail address is confirmed. You can close this page.</p>")
        }
        Ok(Verified::NewAddress) => page(
            StatusCode::OK,
            "Thank you",
            "<p>Your account has this e-mail address now. You can close this page.</p>",
        ),
        Err(failure) => refused(&failure.into()),
    }
}

/// `GET /password/reset?token=…`.
pub(crate) async fn reset(State(app): State<App>, request: Request) -> Response {
    let token = member(request.uri().query().unwrap_or_default().as_bytes(), "token");
    reset_form(&app, StatusCode::OK, &token, None)
}

/// `POST /password/reset`. What is wrong with a password is said above the form, and the link stays good.
pub(crate) async fn has_reset(State(app): State<App>, device: Device, Form(body): Form) -> Response {
    let token = member(&body, "token");
    let outcome = match input::new_password("new_password", &member(&body, "new_password")) {
        Ok(new) => {
            let reset = ResetPassword { token: token.expose(), new };
            flows::reset_password(&app, reset, &device).await.map_err(password_change::refusal)
        }
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => page(
            StatusCode::OK,
            "Thank you",
            "<p>Your password is changed, and all devices are logged out. Log in with the new one.</p>",
        ),
        Err(error) if error.code() == ErrorCode::WeakPassword.as_str() => {
            reset_form(&app, error.status(), &token, Some(error.detail()))
        }
        Err(error) => refused(&error),
    }
}

fn reset_form(app: &App, status: StatusCode, token: &SecretText, wrong: Option<&str>) -> Response {
    let mut form = String::new();
    if let Some(wrong) = wrong {
        let _ = write!(form, "<p role=\"alert\"><strong>{}</strong></p>", escaped(wrong));
    }
    let least = app.config().passwords.min_length;
    let _ = write!(
        form,
        "<form method=\"post\">{}<label>New password, {least} characters or more\
         <input type=\"password\" name=\"new_password\" autocomplete=\"new-password\" minlength=\"{least}\" required autofocus>\
         </label><button>Set password</button></form>",
        hidden(token)
    );
    page(status, "Set a new password", &form)
}

/// An error of the API in the words of a page.
fn refused(error: &ApiError) -> Response {
    let text = format!("<p>{}</p>", escaped(error.detail()));
    let retry_after = error.retry_after_header();
    let mut response = page(error.status(), "That did not work", &text);
    if let Some(value) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}

/// A page of ours.
pub(super) fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let title = escaped(title);
    let text = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" content=\"noindex\">\
         <title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>{body}</body></html>"
    );
    let mut response = (status, text).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(policy) = HeaderValue::from_str(&POLICY) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

fn hidden(token: &SecretText) -> String {
    format!("<input type=\"hidden\" name=\"token\" value=\"{}\">", escaped(token.expose()))
}

/// The value of a member of a query or a form; empty when it is not there.
fn member(encoded: &[u8], name: &str) -> SecretText {
    let found = url::form_urlencoded::parse(encoded).find(|(key, _)| key == name);
    found.map(|(_, value)| value.into_owned()).unwrap_or_default().into()
}

/// The body of a form.
pub(crate) struct Form(Bytes);

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = Response;

    async fn from_request(request: Request<Body>, _: &S) -> Result<Self, Response> {
        json::read(request.into_body()).await.map(Self).map_err(|error| refused(&error))
    }
}
