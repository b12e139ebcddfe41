//! Every call, in the order of the router. What proxies and browsers ask for themselves (forward authentication, pages) is no
//! part of it.

use jotgate_wire::ErrorCode::{
    AccountDisabled, CrossSiteRequest, EmailNotVerified, EmailTaken, InvalidCredentials, InvalidCursor, InvalidEmail,
    InvalidField, InvalidRequest, MailNotConfigured, NotFound, OwnAccount, RefreshTokenExpired, RefreshTokenInvalid,
    RefreshTokenReused, SessionEnded, SessionNotFound, TokenInvalid, TooManyAttempts, UserNotFound, WeakPassword,
};

use super::operation::{
    Access, Answer, Content, Kind, Operation, Parameter, answer, delete, get, in_path, in_query, needs, patch, post,
    takes,
};

const DONE: Answer = answer(204, "Done.", Content::Nothing);
/// The same whoever has the address.
const SENT: Answer =
    answer(202, "What is asked for happens when the link in a mail is followed.", Content::Json("AcceptedBody"));
const TAKEN_IN: Answer = answer(202, "If there is such an account, it gets a mail.", Content::Nothing);
const ENDED: Answer = answer(200, "Done, and its sessions have ended.", Content::Json("EndedBody"));
const UNCHANGED: Answer = answer(304, "It is what `If-None-Match` names.", Content::Nothing);
const TOKENS: Content = Content::Json("Tokens");
const USER_ID: Parameter = in_path("id", Kind::Text, "The account.");
const LIMIT: Parameter = in_query("limit", Kind::Number { least: 1, most: 200 }, "So many at once; 50 when left out.");
const CURSOR: Parameter = in_query("cursor", Kind::Text, "`next` of the page before, with the same filters.");
const SESSION_ID: Parameter = in_path("id", Kind::Text, "The session.");

const ACCOUNTS: &str = "accounts";
const SESSIONS: &str = "sessions";
const ADMINISTRATION: &str = "administration";
const PUBLISHED: &str = "published";
const HEALTH: &str = "health";

pub(super) const OPERATIONS: &[Operation] = &[
    Operation {
        tag: ACCOUNTS,
        body: Some(needs("RegisterRequest")),
        answers: &[answer(201, "The account is there, and a session with it.", TOKENS), SENT],
        refusals: &[InvalidEmail, EmailTaken, WeakPassword, CrossSiteRequest, TooManyAttempts],
        ..post("/v1/register", "register", "Makes an account.")
    },
    Operation {
        tag: SESSIONS,
        body: Some(needs("LoginRequest")),
        answers: &[answer(200, "A session is open.", TOKENS)],
        refusals: &[InvalidCredentials, EmailNotVerified, AccountDisabled, TooManyAttempts, CrossSiteRequest],
        ..post("/v1/login", "logIn", "Opens a session with a password.")
    },
    Operation {
        tag: SESSIONS,
        access: Access::Session,
        body: Some(takes("RefreshRequest")),
        answers: &[answer(200, "The successor, and a fresh access token.", TOKENS)],
        refusals: &[RefreshTokenInvalid, RefreshTokenExpired, RefreshTokenReused, SessionEnded, AccountDisabled],
        ..post("/v1/refresh", "refresh", "Exchanges a refresh token, of the body or the cookie, for its successor.")
    },
    Operation {
        tag: SESSIONS,
        access: Access::EitherToken,
        parameters: &[in_query(
            "scope",
            Kind::OneOf(&["local", "others", "global"]),
            "Which sessions end; `local` is this one.",
        )],
        body: Some(takes("LogoutRequest")),
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
        body: Some(needs("UpdateMeRequest")),
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
        body: Some(needs("PasswordChangeRequest")),
        answers: &[DONE],
        refusals: &[InvalidCredentials, WeakPassword, TooManyAttempts],
        ..post("/v1/password/change", "changePassword", "Changes the caller's password; the other sessions end.")
    },
    Operation {
        tag: ACCOUNTS,
        body: Some(needs("EmailRequest")),
        answers: &[TAKEN_IN],
        refusals: &[MailNotConfigured, TooManyAttempts],
        ..post("/v1/password/forgot", "forgotPassword", "Sends a link to set another password.")
    },
    Operation {
        tag: ACCOUNTS,
        body: Some(needs("PasswordResetRequest")),
        answers: &[DONE],
        refusals: &[TokenInvalid, WeakPassword, TooManyAttempts],
        ..post("/v1/password/reset", "resetPassword", "Sets another password; all sessions end.")
    },
    Operation {
        tag: ACCOUNTS,
        body: Some(needs("EmailVerifyRequest")),
        answers: &[DONE],
        refusals: &[TokenInvalid, EmailTaken],
        ..post("/v1/email/verify", "verifyEmail", "Proves an address by the link that was sent to it.")
    },
    Operation {
        tag: ACCOUNTS,
        body: Some(needs("EmailRequest")),
        answers: &[TAKEN_IN],
        refusals: &[MailNotConfigured, TooManyAttempts],
        ..post("/v1/email/resend", "resendVerification", "Sends the link to prove an address once more.")
    },
    Operation {
        tag: ACCOUNTS,
        access: Access::Token,
        body: Some(needs("EmailChangeRequest")),
        answers: &[SENT],
        refusals: &[InvalidEmail, InvalidCredentials, MailNotConfigured, TooManyAttempts],
        ..post(
            "/v1/email/change",
            "changeEmail",
            "Sends a link to another address, which takes its place when that is followed.",
        )
    },
    Operation {
        tag: ADMINISTRATION,
        access: Access::Administrator,
        parameters: &[in_query("email", Kind::Text, "How the address begins."), LIMIT, CURSOR],
        answers: &[answer(200, "A page.", Content::Json("AccountPage"))],
        refusals: &[InvalidField, InvalidCursor],
        ..get("/v1/admin/users", "accounts", "Lists accounts.")
    },
    Operation {
        tag: ADMINISTRATION,
        access: Access::Administrator,
        body: Some(needs("CreateAccountRequest")),
        answers: &[answer(201, "The account.", Content::Json("AccountBody"))],
        refusals: &[InvalidEmail, EmailTaken, WeakPassword],
        ..post("/v1/admin/users", "createAccount", "Makes an account.")
    },
    Operation {
        tag: ADMINISTRATION,
        access: Access::Administrator,
        parameters: &[USER_ID],
        answers: &[answer(200, "The account.", Content::Json("AccountBody"))],
        refusals: &[UserNotFound],
        ..get("/v1/admin/users/{id}", "account", "Shows an account.")
    },
    Operation {
        tag: ADMINISTRATION,
        access: Access::Administrator,
        parameters: &[USER_ID],
        body: Some(needs("UpdateAccountRequest")),
        answers: &[answer(200, "The account as it is now.", Content::Json("AccountBody"))],
        refusals: &[UserNotFound, OwnAccount],
        ..patch("/v1/admin/users/{id}", "updateAccount", "Changes roles, metadata and the name of an account.")
    },
    Operation {
        tag: ADMINISTRATION,
        access: Access::Administrator,
        parameters: &[USER_ID],
        answers: &[ENDED],
        refusals: &[UserNotFound, OwnAccount],
        ..delete("/v1/admin/users/{id}", "deleteAccount", "Deletes an account.")
    },
    Operation {
        tag: ADMINISTRATION,
        access: Access::Administrator,
        parameters: &[USER_ID],
        answers: &[ENDED],
        refusals: &[UserNotFound, OwnAccount],
        ..post("/v1/admin/users/{id}/disable", "disableAccount", "Closes an account.")
    },
    Operation {
        tag: ADMINISTRATION,
        access: Access::Administrator,
        parameters: &[USER_ID],
        answers: &[DONE],
        refusals: &[UserNotFound],
        ..post("/v1/admin/users/{id}/enable", "enableAccount", "Opens a closed account again.")
    },
    Operation {
        tag: ADMINISTRATION,
        access: Access::Administrator,
        parameters: &[USER_ID],
        answers: &[answer(200, "Live sessions, the last used first.", Content::Json("SessionList"))],
        refusals: &[UserNotFound],
        ..get("/v1/admin/users/{id}/sessions", "sessionsOf", "Lists the sessions of an account.")
    },
    Operation {
        tag: ADMINISTRATION,
        access: Access::Administrator,
        parameters: &[USER_ID],
        answers: &[ENDED],
        refusals: &[UserNotFound],
        ..delete("/v1/admin/users/{id}/sessions", "endSessionsOf", "Ends all sessions of an account.")
    },
    Operation {
        tag: ADMINISTRATION,
        access: Access::Administrator,
        parameters: &[SESSION_ID],
        answers: &[DONE],
        refusals: &[SessionNotFound],
        ..delete("/v1/admin/sessions/{id}", "endAnySession", "Ends a session.")
    },
    Operation {
        tag: ADMINISTRATION,
        access: Access::Administrator,
        answers: &[answer(200, "The roles of the configuration.", Content::Json("RoleList"))],
        ..get("/v1/admin/roles", "roles", "Lists the roles.")
    },
    Operation {
        tag: ADMINISTRATION,
        access: Access::Administrator,
        parameters: &[
            in_query("user", Kind::Id, "Only what is about this account."),
            in_query("event", Kind::Text, "Only this event."),
            in_query("actor", Kind::Text, "Only what they did: a kind of actor, or an account by its id."),
            in_query("since", Kind::Time, "Only what happened then or later."),
            LIMIT,
            CURSOR,
        ],
        answers: &[answer(200, "A page, the newest line first.", Content::Json("AuditPage"))],
        refusals: &[InvalidField, InvalidCursor],
        ..get("/v1/admin/audit", "audit", "Lists the lines of the audit trail.")
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
        ..get(
            "/.well-known/openid-configuration",
            "openidMetadata",
            "What the issuer is and has, where OpenID looks for it.",
        )
    },
    Operation {
        tag: PUBLISHED,
        answers: &[answer(200, "This description.", Content::Object("application/json"))],
        ..get("/openapi.json", "openapi", "What this server takes and answers.")
    },
    Operation {
        tag: PUBLISHED,
        parameters: &[in_path("id", Kind::Text, "The list, by its number.")],
        answers: &[
            answer(
                200,
                "A Token Status List (draft-ietf-oauth-status-list).",
                Content::Text("application/statuslist+jwt"),
            ),
            UNCHANGED,
        ],
        refusals: &[NotFound],
        ..get("/status-lists/{id}", "statusList", "Which sessions have ended, for verifiers of other makes.")
    },
    Operation {
        tag: PUBLISHED,
        parameters: &[in_query(
            "after",
            Kind::Number { least: 0, most: u64::MAX },
            "The number up to which all is known.",
        )],
        answers: &[answer(
            200,
            "A signed JWT; a stream of them for who accepts `text/event-stream`.",
            Content::Text("application/jwt"),
        )],
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
