//! Whether the time of an answer tells who has an account: logging in with a wrong password, registering where addresses have to be
//! proven, asking for a new password, and asking for another link, each for known, unknown, disabled and password-less users.
//!
//! The kinds come in an order of chance, so that what a request leaves to be done behind its answer does not always meet the same kind
//! next. No account is asked for twice at one route.

use std::net::SocketAddr;

use anyhow::{Context, ensure};
use clap::Args;
use jotgate_server::config::Verification;
use jotgate_server::domain::email::Email;
use jotgate_server::domain::password::Password;
use jotgate_server::flows::{self, By, ImportMode, Imported, NewUser};
use jotgate_server::{App, Config, Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::chance::Chance;
use crate::http::Connection;
use crate::login::people::PASSWORD;
use crate::measure::{median, now};
use crate::report::{Goal, Report, Row};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Requests for each kind of account at each route.
    #[arg(long, default_value_t = 1000)]
    tries: usize,
}

/// The known ones come first: the others are held against them.
const KINDS: [&str; 4] = ["known", "unknown", "disabled", "passwordless"];

/// What is asked of the server, and what it has to answer whoever it is about.
const ROUTES: [(&str, &str, u16); 4] = [
    ("login", "/v1/login", 401),
    ("register", "/v1/register", 202),
    ("forgot", "/v1/password/forgot", 202),
    ("resend", "/v1/email/resend", 202),
];

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let place = Place::open(options.tries)?;
    let client = Builder::new_current_thread().enable_all().build()?;
    let mut rows = Vec::new();
    for (name, path, status) in ROUTES {
        let times = client.block_on(measure(place.address, path, status, options.tries))?;
        let medians: Vec<f64> = times.iter().map(|times| median(times)).collect();
        let known = medians.first().copied().unwrap_or_default();
        let others = KINDS.iter().zip(&medians).skip(1);
        rows.extend(others.map(|(kind, other)| row(name, kind, known, *other)));
    }
    Ok(Report::new("indistinguishable", rows))
}

fn row(route: &str, kind: &str, known: f64, other: f64) -> Row {
    let detail: Value = json!({"known_ms": known, "other_ms": other});
    let ratio = (other / known).max(known / other);
    Row { id: format!("indistinguishable.{route}.{kind}_vs_known"), ratio, goal: Goal::AtMost(1.05), detail }
}

/// Milliseconds until each answer, by kind.
async fn measure(address: SocketAddr, path: &str, status: u16, tries: usize) -> anyhow::Result<Vec<Vec<f64>>> {
    let mut connection = Connection::open(address).await?;
    let mut chance = Chance::new(7);
    let mut times: Vec<Vec<f64>> = vec![Vec::with_capacity(tries); KINDS.len()];
    for number in 0..tries {
        for kind in shuffled(&mut chance) {
            let email = address_of(KINDS[kind], number, path);
            let body = match path {
                "/v1/login" => json!({"email": email, "password": "not the password of anybody"}),
                "/v1/register" => json!({"email": email, "password": PASSWORD}),
                _ => json!({"email": email}),
            };
            let begin = now();
            let answer = connection.post(path, &body).await?;
            times[kind].push(begin.elapsed().as_secs_f64() * 1000.0);
            ensure!(answer.status == status, "{path} for {} was answered with {}", KINDS[kind], answer.status);
        }
    }
    Ok(times)
}

/// Whoever registers is known afterwards, so the unknown ones have a name for each route.
fn address_of(kind: &str, number: usize, path: &str) -> String {
    let at = if kind == "unknown" { path.trim_start_matches('/').replace('/', ".") } else { String::new() };
    format!("{kind}{at}{number}@example.com")
}

fn shuffled(chance: &mut Chance) -> [usize; KINDS.len()] {
    let mut order = [0, 1, 2, 3];
    for last in (1..order.len()).rev() {
        let other = usize::try_from(chance.below(last as u64 + 1)).unwrap_or_default();
        order.swap(last, other);
    }
    order
}

/// A server with mail that is shown, and so many accounts of each kind.
struct Place {
    address: SocketAddr,
    /// Before the data, which goes last.
    _runtime: Runtime,
    _data: TempDir,
}

impl Place {
    fn open(people: usize) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let mut config = Config::new("http://127.0.0.1")?;
        data.path().clone_into(&mut config.base_dir);
        "127.0.0.1:0".clone_into(&mut config.http.listen);
        // The cheapest hash that is allowed, beside which a difference shows most.
        (config.passwords.memory_kib, config.passwords.iterations) = (7 * 1024, 1);
        config.throttle.enabled = false;
        config.accounts.verification = Verification::Required;
        config.mail.show = true;
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let server = runtime.block_on(async {
            let app = App::open(config.checked()?).await?;
            move_in(&app, people).await?;
            anyhow::Ok(Server::bind(app).await?)
        })?;
        let address = server.local_address()?;
        runtime.spawn(server.run(std::future::pending()));
        Ok(Self { address, _runtime: runtime, _data: data })
    }
}

/// Accounts that have one hash between them: its cost is all that matters of it.
async fn move_in(app: &App, people: usize) -> anyhow::Result<()> {
    let (email, password) = (Email::parse("first@example.com")?, Password::parse(PASSWORD)?);
    let first = flows::create_user(app, &By::command_line(), NewUser::new(email, Some(password))).await?;
    let hash = first.password_hash.context("an account has no hash")?.as_str().to_owned();
    for kind in KINDS.into_iter().filter(|kind| *kind != "unknown") {
        let accounts = (0..people).map(|number| Imported {
            email: address_of(kind, number, ""),
            password_hash: (kind != "passwordless").then(|| hash.clone()),
            disabled: kind == "disabled",
            ..Imported::default()
        });
        flows::import(app, accounts.collect(), ImportMode::Write).await?;
    }
    Ok(())
}
