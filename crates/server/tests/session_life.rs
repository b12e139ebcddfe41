//! The life of sessions as an application that mounts the server sees it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use jotgate_server::domain::email::Email;
use jotgate_server::domain::password::Password;
use jotgate_server::flows::{self, Device, Failure, LogIn, Register};
use jotgate_server::{App, Config};

const PASSWORD: &str = "a long enough pass phrase";

#[tokio::test]
async fn a_log_in_too_many_ends_the_session_that_was_not_used_for_longest() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::new("https://auth.example.com").unwrap();
    folder.path().clone_into(&mut config.base_dir);
    (config.passwords.memory_kib, config.passwords.iterations) = (8 * 1024, 1);
    config.sessions.max_per_user = 2;
    let app = App::open(config.checked().unwrap()).await.unwrap();
    let email = Email::parse("ada@example.com").unwrap();
    let register = Register { email: email.clone(), password: Password::parse(PASSWORD).unwrap(), name: None };
    let first = flows::register(&app, register, Device::default()).await.unwrap();
    let mut others = Vec::new();
    for _ in 0..2 {
        let login = LogIn { email: Some(email.clone()), password: Password::parse(PASSWORD).ok() };
        others.push(flows::login(&app, login, Device::default()).await.unwrap().grant);
    }
    assert!(
        flows::authenticate(&app, first.grant.access_token.expose()).is_err(),
        "its access token is refused at once"
    );
    let refused = flows::refresh(&app, first.grant.refresh_token.expose(), Device::default()).await;
    assert!(matches!(refused, Err(Failure::SessionEnded)), "{refused:?}");
    for grant in others {
        flows::authenticate(&app, grant.access_token.expose()).unwrap();
        flows::refresh(&app, grant.refresh_token.expose(), Device::default()).await.unwrap();
    }
    assert_eq!(flows::sessions(&app, first.user.id).await.unwrap().len(), 2);
}
