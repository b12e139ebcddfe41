//! Every call, in the order of the router. What proxies and browsers ask for themselves (forward authentication, pages) is no
//! part of it.

use jotgate_wire::ErrorCode::{
    AccountDisabled, CrossSiteRequest, EmailTaken, InvalidCredentials, InvalidEmail, InvalidField, InvalidRequest,
    NotFound, RefreshTokenExpired, RefreshTokenInvalid, RefreshTokenReused, SessionEnded, SessionNotFound,
    TooManyAttempts, WeakPassword,
};

use super::operation::{
    Access, Answer, Content, Kind, Operation, Parameter, answer, delete, get, in_path, in_query, needs, patch, post,
    takes,
};

const DONE: Answer = answer(204, "Done.", Content::Nothing);
const UNCHANGED: Answer = answer(304, "It is what `If-None-Match` names.", Content::Nothing);
const TOKENS: Content = Content::Json("Tokens");
const SESSION_ID: Parameter = in_path("id", Kind::Text, "The session.");

const ACCOUNTS: &str = "accounts";
const SESSIONS: &str = "sessions";
const PUBLISHED: &str = "published";
const HEALTH: &str = "health";

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        tag: ACCOUNTS,
        body: needs("RegisterRequest"),
        answers: &[answer(201, "The account is there, and a session with it.", TOKENS)],
        refusals: &[InvalidEmail, EmailTaken, WeakPassword, CrossSiteRequest, TooManyAttempts],
        ..post("/v1/register", "register", "Makes an account.")
    },
    Operation {
        tag: SESSIONS,
        body: needs("LoginRequest"),
        answers: &[answer(200, "A session is open.", TOKENS)],
        refusals: &[InvalidCredentials, AccountDisabled, TooManyAttempts, CrossSiteRequest],
        ..post("/v1/login", "logIn", "Opens a session with a password.")
    },
    Operation {
        tag: SESSIONS,
        access: Access::Session,
        body: takes("RefreshRequest"),
        answers: &[answer(200, "The successor, and a fresh access token.", TOKENS)],
        refusals: &[RefreshTokenInvalid, RefreshTokenExpired, RefreshTokenReused, SessionEnded, AccountDisabled],
        ..post("/v1/refresh", "refresh", "Exchanges a refresh token, of the body or the cookie, for its successor.")
    },
    Operation {
        tag: SESSIONS,
        access: Access::Token,
        parameters: &[in_query("scope", Kind::OneOf(&["local", "others", "global"]), "Which sessions end; `local` is this one.")],
        body: takes("LogoutRequest"),
        answers: &[DONE],
        refusals: &[RefreshTokenInvalid, RefreshTokenExpired, RefreshTokenReused, SessionEnded, AccountDisabled],
        ..post("/v1/logout", "logOut", "Ends sessions, by an access token or a refresh token.")
    },
    Operation {
        tag: ACCOUNTS,
        access: Access::Token,
        answers: &[answer(200, "The account.", Content::Json("UserBody"))],
        ..get("/v1/me", "me", "Shows the caller's account.")
    },
    Operation {
        tag: ACCOUNTS,
        access: Access::Token,
        body: needs("UpdateMeRequest"),
        answers: &[answer(200, "The account as it is now.", Content::Json("UserBody"))],
        ..patch("/v1/me", "updateMe", "Changes the caller's account.")
    },
    Operation {
        tag: SESSIONS,
        access: Access::Token,
        answers: &[answer(200, "Live sessions, the last used first.", Content::Json("SessionList"))],
        ..get("/v1/sessions", "sessions", "Lists the caller's sessions.")
    },
    Operation {
        tag: SESSIONS,
        access: Access::Token,
        parameters: &[SESSION_ID],
        answers: &[DONE],
        refusals: &[SessionNotFound],
        ..delete("/v1/sessions/{id}", "endSession", "Ends a session of the caller's.")
    },
    Operation {
        tag: ACCOUNTS,
        access: Access::Token,
        body: needs("PasswordChangeRequest"),
        answers: &[DONE],
        refusals: &[InvalidCredentials, WeakPassword, TooManyAttempts],
        ..post("/v1/password/change", "changePassword", "Changes the caller's password; the other sessions end.")
    },
    Operation {
        tag: PUBLISHED,
        answers: &[answer(200, "A JWK Set (RFC 7517 §5).", Content::Object("application/jwk-set+json")), UNCHANGED],
        ..get("/.well-known/jwks.json", "keys", "The public keys.")
    },
    Operation {
        tag: PUBLISHED,
        answers: &[answer(200, "RFC 8414 §2.", Content::Object("application/json"))],
        ..get("/.well-known/oauth-authorization-server", "metadata", "What the issuer is and has.")
    },
    Operation {
        tag: PUBLISHED,
        answers: &[answer(200, "The same facts.", Content::Object("application/json"))],
        ..get("/.well-known/openid-configuration", "openidMetadata", "What the issuer is and has, where OpenID looks for it.")
    },
    Operation {
        tag: PUBLISHED,
        answers: &[answer(200, "This description.", Content::Object("application/json"))],
        ..get("/openapi.json", "openapi", "What this server takes and answers.")
    },
    Operation {
        tag: PUBLISHED,
        parameters: &[in_path("id", Kind::Text, "The list, by its number.")],
        answers: &[answer(200, "A Token Status List (draft-ietf-oauth-status-list).", Content::Text("application/statuslist+jwt")), UNCHANGED],
        refusals: &[NotFound],
        ..get("/status-lists/{id}", "statusList", "Which sessions have ended, for verifiers of other makes.")
    },
    Operation {
        tag: PUBLISHED,
        parameters: &[in_query("after", Kind::Number { least: 0, most: u64::MAX }, "The number up to which all is known.")],
        answers: &[answer(200, "A signed JWT; a stream of them for who accepts `text/event-stream`.", Content::Text("application/jwt"))],
        refusals: &[InvalidRequest],
        ..get("/v1/revocations", "revocations", "What has ended since.")
    },
    Operation {
        tag: HEALTH,
        answers: &[answer(200, "It is.", Content::Object("application/json"))],
        ..get("/healthz", "alive", "Whether the server is alive.")
    },
    Operation {
        tag: HEALTH,
        answers: &[answer(200, "It can.", Content::Object("application/json"))],
        ..get("/readyz", "ready", "Whether the server can serve.")
    },
];
