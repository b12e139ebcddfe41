//! The server under load, in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

use anyhow::Context;
use clap::Args;
use jotgate_server::App;

use super::house::House;
use crate::measure::{cpu_seconds, resident_mib};
use crate::site;

#[derive(Debug, Args)]
pub(crate) struct ServerOptions {
    /// The folder of its data.
    #[arg(long)]
    data: PathBuf,
    /// Passwords are hashed at the price that is usual, in 64 MiB.
    #[arg(long)]
    full_price: bool,
}

/// Serves until standard input ends. Says on standard output where.
pub(crate) fn serve(options: &ServerOptions) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let house = House(options.data.clone());
        let config = if options.full_price { house.config_at_full_price() } else { house.config() };
        let app = App::open(config?).await?;
        site::serve(app).await
    })
}

/// A running server; it is stopped when this is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    process: Child,
    _output: BufReader<ChildStdout>,
}

impl Running {
    pub(crate) fn start(house: &House) -> anyhow::Result<Self> {
        Self::start_with(house, &[])
    }

    /// The same with arguments of [`ServerOptions`].
    pub(crate) fn start_with(house: &House, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("refresh-server").arg("--data").arg(&house.0).args(arguments);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut output = BufReader::new(process.stdout.take().context("the server's output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let address = line.trim().parse().context("the server did not start")?;
        Ok(Self { address, process, _output: output })
    }

    /// The memory that it holds, in MiB.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        resident_mib(self.process.id())
    }

    /// The time that it has spent on processors, in seconds.
    pub(super) fn cpu_seconds(&self) -> anyhow::Result<f64> {
        cpu_seconds(self.process.id())
    }
}

impl Drop for Running {
    /// It finishes what it has begun, so that the database is whole in one file afterwards.
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
