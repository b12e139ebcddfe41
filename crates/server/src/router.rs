//! Every URL, on one screen.

use axum::Router;
use axum::routing::{any, delete, get, post};

use crate::app::App;
use crate::http::{
    admin, auth_request, cors, dev_mail, email_change, email_resend, email_verify, forward_auth, health, jwks, layers,
    login, logout, me, metadata, openapi, pages, password_change, password_forgot, password_reset, refresh, register,
    revocations, sessions, status_lists,
};

impl App {
    /// All routes of the server, to nest in an application under the path of the issuer: with the issuer
    /// `https://example.com/auth` as `Router::new().nest("/auth", app.router())`.
    ///
    /// Start the jobs beside it ([`App::start_jobs`]); `serve` does both.
    pub fn router(&self) -> Router {
        let first_party = Router::new()
            .route("/v1/register", post(register::post))
            .route("/v1/login", post(login::post))
            .route("/v1/refresh", post(refresh::post))
            .route("/v1/logout", post(logout::post))
            .route("/v1/me", get(me::get).patch(me::patch))
            .route("/v1/sessions", get(sessions::get))
            .route("/v1/sessions/{id}", delete(sessions::delete))
            .route("/v1/password/change", post(password_change::post))
            .route("/v1/password/forgot", post(password_forgot::post))
            .route("/v1/password/reset", post(password_reset::post))
            .route("/v1/email/verify", post(email_verify::post))
            .route("/v1/email/resend", post(email_resend::post))
            .route("/v1/email/change", post(email_change::post))
            .fallback(layers::not_found)
            .method_not_allowed_fallback(layers::method_not_allowed);
        let administration = Router::new()
            .route("/v1/admin/users", get(admin::users::get).post(admin::users::post))
            .route("/v1/admin/users/{id}", get(admin::user::get).patch(admin::user::patch).delete(admin::user::delete))
            .route("/v1/admin/users/{id}/disable", post(admin::disable::post))
            .route("/v1/admin/users/{id}/enable", post(admin::enable::post))
            .route("/v1/admin/users/{id}/sessions", get(admin::sessions::get).delete(admin::sessions::delete_all))
            .route("/v1/admin/sessions/{id}", delete(admin::sessions::delete))
            .route("/v1/admin/roles", get(admin::roles::get))
            .route("/v1/admin/audit", get(admin::audit::get))
            .method_not_allowed_fallback(layers::method_not_allowed);
        let first_party = first_party.merge(administration);
        let first_party = cors::configured(first_party, &self.config().http.allowed_origins);
        let published = Router::new()
            .route("/.well-known/jwks.json", get(jwks::get))
            .route("/.well-known/oauth-authorization-server", get(metadata::get))
            .route("/.well-known/openid-configuration", get(metadata::get))
            .route("/openapi.json", get(openapi::get))
            .route("/status-lists/{id}", get(status_lists::get))
            .route("/v1/revocations", get(revocations::get))
            .method_not_allowed_fallback(layers::method_not_allowed)
            .layer(cors::anyone());
        let for_proxies = Router::new()
            .route("/authz/forward-auth", get(forward_auth::get))
            .route("/authz/forward-auth/", any(forward_auth::prefixed))
            .route("/authz/forward-auth/{*original}", any(forward_auth::prefixed))
            .route("/authz/auth-request", get(auth_request::get))
            .method_not_allowed_fallback(layers::method_not_allowed);
        let health = Router::new().route("/healthz", get(health::alive)).route("/readyz", get(health::ready));
        let health = health.method_not_allowed_fallback(layers::method_not_allowed);
        let all = first_party.merge(published).merge(for_proxies).merge(health).merge(self.pages());
        layers::around(all, self).with_state(self.clone())
    }

    /// The pages that links in mails open, and in development those mails.
    fn pages(&self) -> Router<App> {
        let mut pages = Router::new()
            .route("/email/verify", get(pages::verify).post(pages::verified))
            .route("/password/reset", get(pages::reset).post(pages::has_reset));
        if self.config().mail.show {
            pages = pages
                .route("/dev/mail", get(dev_mail::list))
                .route("/dev/mail/{id}", get(dev_mail::show))
                .route("/dev/mail/{id}/html", get(dev_mail::html));
        }
        pages.method_not_allowed_fallback(layers::method_not_allowed)
    }

    /// The whole site of `serve`: the routes under the base path of the issuer, its metadata where RFC 8414 §3.1 looks for
    /// it, and the health checks at the root as well.
    pub(crate) fn site(&self) -> Router {
        let base = self.config().base_path();
        if base.is_empty() {
            return self.router();
        }
        let root = Router::new()
            .route(&format!("/.well-known/oauth-authorization-server{base}"), get(metadata::get))
            .layer(cors::anyone())
            .route("/healthz", get(health::alive))
            .route("/readyz", get(health::ready))
            .fallback(layers::not_found);
        layers::around(root, self).with_state(self.clone()).nest(&base, self.router())
    }
}
