//! From starting `jotgate serve` on an existing database to its first answer, and what memory it holds when idle.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{bail, ensure};
use clap::Args;
use serde_json::json;

use crate::measure::{median, now, resident_mib};
use crate::report::{Goal, Report, Row};

/// The goals, in milliseconds and MiB.
const FIRST_ANSWER_MS: f64 = 100.0;
const IDLE_MIB: f64 = 25.0;
const GIVE_UP: Duration = Duration::from_secs(20);

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Starts to measure.
    #[arg(long, default_value_t = 11)]
    rounds: usize,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let program = program()?;
    let data = tempfile::tempdir()?;
    let address = free_address()?;
    let config = data.path().join("jotgate.toml");
    std::fs::write(
        &config,
        format!("issuer = \"http://{address}\"\n[http]\nlisten = \"{address}\"\n[log]\nlevel = \"warn\"\n"),
    )?;
    start(&program, &config, address)?;
    let mut millis = Vec::new();
    let mut mib = Vec::new();
    for _ in 0..options.rounds {
        let (took, memory) = start(&program, &config, address)?;
        millis.push(took.as_secs_f64() * 1000.0);
        mib.push(memory);
    }
    let (millis, mib) = (median(&millis), median(&mib));
    let rows = vec![
        row("startup.first_answer", millis / FIRST_ANSWER_MS, json!({"ms": millis})),
        row("startup.idle_memory", mib / IDLE_MIB, json!({"mib": mib})),
    ];
    Ok(Report::new("startup", rows))
}

/// The ratio is that to the goal.
fn row(id: &str, ratio: f64, detail: serde_json::Value) -> Row {
    Row { id: id.to_owned(), ratio, goal: Goal::AtMost(1.0), detail }
}

/// The binary beside this one; built when it is not there yet.
pub(crate) fn program() -> anyhow::Result<PathBuf> {
    let status = Command::new("cargo").args(["build", "--release", "--package", "jotgate"]).status()?;
    ensure!(status.success(), "jotgate could not be built");
    let program = std::env::current_exe()?.with_file_name("jotgate");
    ensure!(program.exists(), "{} is not there; run the bench with --release", program.display());
    Ok(program)
}

fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// Starts the server, and stops it after its first answer.
fn start(program: &Path, config: &Path, address: SocketAddr) -> anyhow::Result<(Duration, f64)> {
    let begun = now();
    let mut command = Command::new(program);
    let mut server =
        command.arg("serve").arg("--config").arg(config).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let answered = first_answer(address, &mut server);
    let took = begun.elapsed();
    let memory = answered.and_then(|()| resident_mib(server.id()));
    stop(&mut server)?;
    Ok((took, memory?))
}

fn first_answer(address: SocketAddr, server: &mut Child) -> anyhow::Result<()> {
    let begun = now();
    while begun.elapsed() < GIVE_UP {
        if let Some(status) = server.try_wait()? {
            bail!("the server ended with {status}");
        }
        match ask(address) {
            Ok(()) => return Ok(()),
            Err(_) => std::thread::sleep(Duration::from_micros(200)),
        }
    }
    bail!("the server did not answer within {GIVE_UP:?}")
}

fn ask(address: SocketAddr) -> anyhow::Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 200 "), "not ready: {answer}");
    Ok(())
}

fn stop(server: &mut Child) -> anyhow::Result<()> {
    server.kill()?;
    server.wait()?;
    Ok(())
}
