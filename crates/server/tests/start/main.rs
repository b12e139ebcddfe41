//! Starting: what survives a restart, what is refused with a word on what to change, and several processes on one store.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::path::Path;
use std::time::Duration;

use jotgate_jose::Algorithm;
use jotgate_server::config::Seconds;
use jotgate_server::domain::email::Email;
use jotgate_server::domain::password::Password;
use jotgate_server::domain::session::EndReason;
use jotgate_server::flows::{self, Device, LogIn, Opened, Register};
use jotgate_server::{App, Config};
use jotgate_wire::{SecretText, TokenFacts, VerificationCode};

const PASSWORD: &str = "a long enough pass phrase";

fn config(folder: &Path) -> Config {
    let mut config = Config::new("https://auth.example.com").unwrap();
    folder.clone_into(&mut config.base_dir);
    config.passwords.memory_kib = 8 * 1024;
    config.passwords.iterations = 1;
    config
}

async fn refusal(config: Config) -> String {
    App::open(config).await.expect_err("refused").to_string()
}

async fn register(app: &App) -> Opened {
    let email = Email::parse("ada@example.com").unwrap();
    let register = Register { email, password: Password::parse(PASSWORD).unwrap(), name: None };
    flows::register(app, register, Device::default()).await.unwrap()
}

#[tokio::test]
async fn a_restart_keeps_keys_sessions_and_log_outs() {
    let folder = tempfile::tempdir().unwrap();
    let app = App::open(config(folder.path())).await.unwrap();
    let kept = register(&app).await.grant;
    let login = LogIn { email: Email::parse("ada@example.com").ok(), password: Password::parse(PASSWORD).ok() };
    let ended = flows::login(&app, login, Device::default()).await.unwrap().grant;
    flows::logout(
        &app,
        flows::Origin::default(),
        flows::Credential::Access(ended.access_token.expose()),
        flows::Scope::Local,
    )
    .await
    .unwrap();
    app.close().await;

    let app = App::open(config(folder.path())).await.unwrap();
    flows::authenticate(&app, kept.access_token.expose()).unwrap();
    let refused = flows::authenticate(&app, ended.access_token.expose()).unwrap_err().to_string();
    assert!(refused.contains("session_ended"), "{refused}");
    flows::refresh(&app, kept.refresh_token.expose(), Device::default()).await.unwrap();
    assert!(flows::refresh(&app, ended.refresh_token.expose(), Device::default()).await.is_err());
}

#[tokio::test]
async fn another_master_key_or_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    App::open(config(folder.path())).await.unwrap().close().await;
    let file = folder.path().join("jotgate.db.master-key");
    let key = std::fs::read_to_string(&file).unwrap();

    std::fs::remove_file(&file).unwrap();
    let said = refusal(config(folder.path())).await;
    assert!(said.contains("put") && said.contains("back from your backup"), "{said}");
    assert!(!file.exists());

    let mut other = config(folder.path());
    other.keys.master_key = Some(SecretText::from("0f".repeat(32)));
    let said = refusal(other).await;
    assert!(said.contains("not the master key that the database was made with"), "{said}");

    let mut same = config(folder.path());
    same.keys.master_key = Some(SecretText::from(key.as_str()));
    App::open(same).await.unwrap();
    std::fs::write(folder.path().join("key"), &key).unwrap();
    let mut in_file = config(folder.path());
    in_file.keys.master_key_file = Some("key".into());
    App::open(in_file).await.unwrap();
}

#[tokio::test]
async fn a_database_from_a_newer_version_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    App::open(config(folder.path())).await.unwrap().close().await;
    let database = rusqlite::Connection::open(folder.path().join("jotgate.db")).unwrap();
    database.execute("UPDATE meta SET number = 4000 WHERE name = 'schema'", []).unwrap();
    drop(database);
    let said = refusal(config(folder.path())).await;
    assert!(said.contains("4000") && said.contains("newer"), "{said}");
}

/// The command line makes a key; the running server publishes it.
#[tokio::test]
async fn a_key_that_another_process_made_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let server = App::open(config(folder.path())).await.unwrap();
    let _jobs = server.start_jobs();
    let command = App::open(config(folder.path())).await.unwrap();
    let made = flows::generate_key(&command).await.unwrap();
    command.close().await;
    let noticed = async {
        while server.verifying_keys().get(&made.kid).is_none() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), noticed).await.expect("noticed");
}

#[tokio::test]
async fn every_algorithm_serves() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::Ps256, Algorithm::Es384, Algorithm::Hs256] {
        let folder = tempfile::tempdir().unwrap();
        let mut config = config(folder.path());
        config.tokens.algorithm = algorithm;
        if algorithm.is_symmetric() {
            config.tokens.secret = Some("kX9vQ2mZ7rT4wB6nL1pS8dF3gH5jK0aYuEiOcVtR".into());
        }
        let app = App::open(config.checked().unwrap()).await.unwrap();
        let grant = register(&app).await.grant;
        flows::authenticate(&app, grant.access_token.expose()).unwrap();
        assert_eq!(app.verifying_keys().keys()[0].algorithm(), algorithm);
    }
}

#[tokio::test]
async fn servers_that_start_at_once_share_one_key() {
    let folder = tempfile::tempdir().unwrap();
    let starts: Vec<_> = (0..4).map(|_| tokio::spawn(App::open(config(folder.path())))).collect();
    let mut kids = std::collections::HashSet::new();
    for start in starts {
        let app = start.await.unwrap().unwrap();
        kids.insert(app.verifying_keys().keys()[0].kid().unwrap().to_owned());
    }
    assert_eq!(kids.len(), 1);
}

/// The command line ends a session; the running server notices.
#[tokio::test]
async fn an_end_by_another_process_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let server = App::open(config(folder.path())).await.unwrap();
    let _jobs = server.start_jobs();
    let opened = register(&server).await;
    let command = App::open(config(folder.path())).await.unwrap();
    let ended = flows::end_sessions_of(&command, &flows::By::command_line(), opened.user.id, EndReason::Administrator)
        .await
        .unwrap();
    assert_eq!(ended, 1);
    until_ended(&server, &opened).await;
}

async fn until_ended(server: &App, opened: &Opened) {
    let sid = opened.grant.session.to_string();
    let facts = TokenFacts { sid: Some(&sid), ..TokenFacts::default() };
    let noticed = async {
        while server.revocations().check(&facts) != Some(VerificationCode::SessionEnded) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), noticed).await.expect("noticed");
}

#[tokio::test]
async fn an_access_token_never_outlives_its_session() {
    let folder = tempfile::tempdir().unwrap();
    let mut short = config(folder.path());
    short.sessions.absolute_ttl = Seconds(60);
    short.sessions.idle_ttl = Seconds(60);
    let app = App::open(short.checked().unwrap()).await.unwrap();
    let grant = register(&app).await.grant;
    assert_eq!((grant.expires_in, grant.refresh_expires_in), (60, 60));
}

/// A commit between opening and following must not wait for the next one.
#[tokio::test]
async fn an_end_before_the_jobs_start_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let server = App::open(config(folder.path())).await.unwrap();
    let opened = register(&server).await;
    let command = App::open(config(folder.path())).await.unwrap();
    flows::end_sessions_of(&command, &flows::By::command_line(), opened.user.id, EndReason::Administrator)
        .await
        .unwrap();
    command.close().await;
    let _jobs = server.start_jobs();
    until_ended(&server, &opened).await;
}

/// Yesterday's tokens may live longer than today's: an end is remembered for as long as any token may be left.
#[tokio::test]
async fn an_end_outlives_every_token_whatever_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let mut long = config(folder.path());
    long.tokens.access_ttl = Seconds(3600);
    let app = App::open(long).await.unwrap();
    let grant = register(&app).await.grant;
    app.close().await;
    let mut short = config(folder.path());
    short.tokens.access_ttl = Seconds(60);
    let app = App::open(short).await.unwrap();
    flows::logout(
        &app,
        flows::Origin::default(),
        flows::Credential::Access(grant.access_token.expose()),
        flows::Scope::Local,
    )
    .await
    .unwrap();
    let database = rusqlite::Connection::open(folder.path().join("jotgate.db")).unwrap();
    let forget_at: i64 = database.query_row("SELECT max(forget_at) FROM revocations", [], |row| row.get(0)).unwrap();
    let ended_at: i64 = database.query_row("SELECT max(ended_at) FROM sessions", [], |row| row.get(0)).unwrap();
    assert!(forget_at - ended_at >= (3600 + 300) * 1000, "{}", forget_at - ended_at);
}

/// The rules hold for a configuration made in code, too.
#[tokio::test]
async fn a_configuration_made_in_code_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let mut bad = config(folder.path());
    bad.issuer = "http://evil.example".into();
    bad.tokens.access_ttl = Seconds(31_536_000);
    bad.http.allowed_origins = vec!["*".into()];
    let said = refusal(bad).await;
    for key in ["`issuer`", "`tokens.access_ttl`", "`http.allowed_origins`"] {
        assert!(said.contains(key), "{said}");
    }
}
