//! The life of sessions as an application that mounts the server sees it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;

use jotgate_server::domain::email::Email;
use jotgate_server::domain::password::Password;
use jotgate_server::flows::{self, Device, Failure, LogIn, Register};
use jotgate_server::{App, Config};

const PASSWORD: &str = "a long enough pass phrase";

fn config(folder: &Path) -> Config {
    let mut config = Config::new("https://auth.example.com").unwrap();
    folder.clone_into(&mut config.base_dir);
    (config.passwords.memory_kib, config.passwords.iterations) = (8 * 1024, 1);
    config
}

fn ada() -> Register {
    let email = Email::parse("ada@example.com").unwrap();
    Register { email, password: Password::parse(PASSWORD).unwrap(), name: None }
}

#[tokio::test]
async fn sessions_live_on_in_a_restored_copy() {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    let app = App::open(config(folder.path())).await.unwrap();
    let kept = flows::register(&app, ada(), Device::default()).await.unwrap().grant;
    app.back_up(&flows::By::command_line(), &copy).await.unwrap();
    let refused = App::restore(app.config(), &flows::By::command_line(), &copy).await.unwrap_err().to_string();
    assert!(refused.contains("jotgate.db is there already"), "{refused}");
    app.close().await;
    drop(app);

    let new_home = tempfile::tempdir().unwrap();
    App::restore(&config(new_home.path()), &flows::By::command_line(), &copy).await.unwrap();
    let without_key = App::open(config(new_home.path())).await.unwrap_err().to_string();
    assert!(without_key.contains("back from your backup"), "{without_key}");
    let key = "jotgate.db.master-key";
    std::fs::copy(folder.path().join(key), new_home.path().join(key)).unwrap();
    let app = App::open(config(new_home.path())).await.unwrap();
    flows::refresh(&app, kept.refresh_token.expose(), Device::default()).await.unwrap();
    let trail = flows::audit(&app, flows::Lines::default(), 10).await.unwrap();
    let events: Vec<_> = trail.iter().map(|line| (&*line.event, line.target.as_deref())).collect();
    let restored = copy.display().to_string();
    assert_eq!(events, [("store.restore", Some(&*restored)), ("register", None)], "and not that it was copied");
}

#[tokio::test]
async fn a_log_in_too_many_ends_the_session_that_was_not_used_for_longest() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(folder.path());
    config.sessions.max_per_user = 2;
    let app = App::open(config.checked().unwrap()).await.unwrap();
    let first = flows::register(&app, ada(), Device::default()).await.unwrap();
    let mut others = Vec::new();
    for _ in 0..2 {
        let login = LogIn { email: Some(ada().email), password: Password::parse(PASSWORD).ok() };
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
