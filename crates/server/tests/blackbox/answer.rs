//! An answer taken apart, and what is asserted of every refusal.

use std::sync::Mutex;

use reqwest::header::HeaderMap;
use serde_json::Value;

/// Tokens that servers gave out, for the test that looks for them in the log. Of an access token it is the signature.
pub(crate) static SECRETS: Mutex<Vec<String>> = Mutex::new(Vec::new());

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body =
            if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
        let answer = Self { status, headers, body };
        answer.remember_secrets();
        answer
    }

    fn remember_secrets(&self) {
        let in_body = ["access_token", "refresh_token"].map(|member| self.body[member].as_str().map(str::to_owned));
        let in_cookies = ["jg_at", "jg_rt"].map(|name| self.cookie(name));
        let tokens = in_body.into_iter().chain(in_cookies).flatten().filter(|token| !token.is_empty());
        let secrets = tokens.map(|token| token.rsplit('.').next().unwrap_or_default().to_owned());
        SECRETS.lock().unwrap().extend(secrets);
    }

    pub(crate) fn text(&self, member: &str) -> String {
        self.body[member].as_str().unwrap_or_else(|| panic!("no `{member}` in {self:?}")).to_owned()
    }

    pub(crate) fn number(&self, member: &str) -> i64 {
        self.body[member].as_i64().unwrap_or_else(|| panic!("no `{member}` in {self:?}"))
    }

    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    /// A success with that status.
    #[track_caller]
    pub(crate) fn ok(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// A refusal with that status and code, in the shape that the contract promises for every one.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store");
        assert_eq!(self.text("type"), format!("urn:jotgate:error:{code}"));
        assert_eq!(self.number("status"), i64::from(status));
        assert_eq!(self.text("request_id"), self.header("x-request-id"));
        assert!(!self.text("title").is_empty() && !self.text("detail").is_empty());
        self
    }

    /// The value of a cookie that this answer sets.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let values = self.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
        let mut found = values.filter_map(|value| value.strip_prefix(name)?.strip_prefix('='));
        found.next().map(|rest| rest.split(';').next().unwrap().to_owned())
    }
}
