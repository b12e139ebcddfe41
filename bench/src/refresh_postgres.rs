//! Refreshes on PostgreSQL against `pgbench` making the same single update, on one throw-away server that syncs its log.
//!
//! A refresh goes through the whole flow but HTTP: the token is opened, the session rotated, an access token signed. So the
//! server's work stands against pgbench's none, on the same two cores.

use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use clap::Args;
use jotgate_server::domain::email::Email;
use jotgate_server::domain::password::Password;
use jotgate_server::flows::{Device, Origin, Register, refresh, register};
use jotgate_server::{App, Config};
use jotgate_testkit::postgres::{Cluster, Database, Durability, programs};
use jotgate_wire::SecretText;
use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::measure::{median, now};
use crate::report::{Goal, Report, Row};

/// The update of a refresh, for a row of `bare` by its number.
const UPDATE: &str = "UPDATE bare SET generation = generation + 1, rotated_at = 1800000000000, \
    last_used_at = 1800000000000, address = '127.0.0.1', user_agent = NULL \
    WHERE id = decode(lpad(to_hex(CAST(:n AS BIGINT)), 32, '0'), 'hex') AND ended_at IS NULL";
/// Registrations at once; each waits for a password hash.
const AT_ONCE: usize = 8;
const FEW: usize = 64;
const MANY: usize = 256;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Sessions that are refreshed.
    #[arg(long, default_value_t = 2000)]
    sessions: usize,
    /// Rounds; each measures everything once, in turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of one measurement.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
}

/// A server of PostgreSQL, and ours on a database of it.
struct House {
    cluster: Cluster,
    database: Database,
    app: App,
    /// The current refresh token of each session.
    tokens: Vec<String>,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    ensure!(options.sessions >= MANY, "each of {MANY} callers needs a session");
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let mut house = House::build(&runtime, options)?;
    let (mut bare, mut few, mut many) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..options.rounds {
        bare.push(house.pgbench(options)?);
        few.push(house.refreshes(&runtime, FEW, options)?);
        many.push(house.refreshes(&runtime, MANY, options)?);
    }
    let updates = median(&bare);
    let row = |id: &str, rate: f64, goal| {
        let detail: Value = json!({"refreshes": rate.round(), "pgbench": updates.round()});
        Row { id: id.to_owned(), ratio: rate / updates, goal: Goal::AtLeast(goal), detail }
    };
    let rows = vec![row("64_callers", median(&few), 0.8), row("256_callers", median(&many), 2.0)];
    Ok(Report::new("refresh-postgres", rows))
}

impl House {
    fn build(runtime: &Runtime, options: &Options) -> anyhow::Result<Self> {
        let cluster = Cluster::start(Durability::Durable).map_err(|reason| anyhow!(reason))?;
        let database = Database::on(&cluster.url());
        let mut config = Config::new("http://127.0.0.1")?;
        config.store.url = database.url();
        config.keys.master_key = Some(SecretText::from("5a".repeat(32)));
        (config.passwords.memory_kib, config.passwords.iterations) = (8 * 1024, 1);
        let app = runtime.block_on(App::open(config))?;
        let tokens = runtime.block_on(open_sessions(&app, options.sessions))?;
        let copy = "CREATE TABLE bare (LIKE sessions INCLUDING ALL) WITH (fillfactor = 80); \
                    INSERT INTO bare SELECT decode(lpad(to_hex(row_number() OVER ()), 32, '0'), 'hex'), user_id, client_id, \
                    generation, scope, device, address, user_agent, created_at, rotated_at, last_used_at, expires_at, \
                    idle_for, ended_at, end_reason FROM sessions";
        database.run(copy).map_err(|error| anyhow!(error))?;
        database.run("VACUUM ANALYZE").map_err(|error| anyhow!(error))?;
        Ok(Self { cluster, database, app, tokens })
    }

    /// Updates a second, as `pgbench` counts them.
    fn pgbench(&self, options: &Options) -> anyhow::Result<f64> {
        self.settle()?;
        let mut script = tempfile::NamedTempFile::new()?;
        write!(script, "\\set n random(1, {})\n{UPDATE};\n", options.sessions)?;
        let program = programs().context("PostgreSQL's programs")?.join("pgbench");
        let mut command = Command::new(program);
        command.args(["--no-vacuum", "--protocol=prepared", "--jobs=2", "--host=127.0.0.1", "--username=postgres"]);
        command.arg(format!("--client={FEW}")).arg(format!("--time={}", options.seconds));
        command.arg(format!("--port={}", self.cluster.port())).arg("--file").arg(script.path());
        let url = self.database.url();
        let output = command.arg(url.rsplit('/').next().unwrap_or_default()).output()?;
        ensure!(output.status.success(), "pgbench: {}", String::from_utf8_lossy(&output.stderr));
        let said = String::from_utf8(output.stdout)?;
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = ")?.split(' ').next()?.parse().ok());
        rate.context("pgbench tells no rate")
    }

    /// Refreshes a second by so many callers, each with sessions of its own.
    fn refreshes(&mut self, runtime: &Runtime, callers: usize, options: &Options) -> anyhow::Result<f64> {
        self.settle()?;
        let end = now() + Duration::from_secs(options.seconds);
        let done = Arc::new(AtomicU64::new(0));
        let mut lanes: Vec<Vec<String>> = vec![Vec::new(); callers];
        for (number, token) in std::mem::take(&mut self.tokens).into_iter().enumerate() {
            lanes[number % callers].push(token);
        }
        let begin = now();
        let tokens = runtime.block_on(async {
            let mut running = JoinSet::new();
            for mut tokens in lanes {
                let (app, done) = (self.app.clone(), Arc::clone(&done));
                running.spawn(async move {
                    while now() < end {
                        for token in &mut tokens {
                            let device = Device {
                                origin: Origin { address: Some("127.0.0.1".to_owned()), ..Origin::default() },
                                ..Device::default()
                            };
                            let grant = refresh(&app, token, device).await?;
                            grant.refresh_token.expose().clone_into(token);
                            done.fetch_add(1, Ordering::Relaxed);
                            if now() >= end {
                                break;
                            }
                        }
                    }
                    anyhow::Ok(tokens)
                });
            }
            running.join_all().await.into_iter().collect::<anyhow::Result<Vec<_>>>()
        })?;
        let took = begin.elapsed().as_secs_f64();
        self.tokens = tokens.into_iter().flatten().collect();
        Ok(f64::from(u32::try_from(done.load(Ordering::Relaxed))?) / took)
    }

    /// Leaves to nobody what those before have not yet written.
    fn settle(&self) -> anyhow::Result<()> {
        self.database.run("CHECKPOINT").map(drop).map_err(|error| anyhow!(error))
    }
}

/// Opens so many sessions, each of a user of its own; gives their refresh tokens.
async fn open_sessions(app: &App, count: usize) -> anyhow::Result<Vec<String>> {
    let mut running = JoinSet::new();
    for lane in 0..AT_ONCE {
        let app = app.clone();
        running.spawn(async move {
            let mut tokens = Vec::new();
            for number in (lane..count).step_by(AT_ONCE) {
                let email = Email::parse(&format!("user-{number}@example.com"))?;
                let password = Password::parse("a long enough pass phrase").context("a password")?;
                let opened = register(&app, Register { email, password, name: None }, Device::default()).await?;
                tokens.push(opened.grant.refresh_token.expose().to_owned());
            }
            anyhow::Ok(tokens)
        });
    }
    let lanes = running.join_all().await.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    Ok(lanes.into_iter().flatten().collect())
}
