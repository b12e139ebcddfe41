//! One of several servers, in a process of its own.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use jotgate_server::domain::time::Timestamp;
use jotgate_server::{App, Clock, Config, SystemClock, SystemRandom};

use crate::measure::resident_mib;
use crate::site;

/// The same at every node: the keys in the store are sealed with it.
pub(crate) const MASTER_KEY: &str = "5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f";

#[derive(Debug, Clone, Args)]
pub(crate) struct NodeOptions {
    /// The store that all nodes share.
    #[arg(long)]
    store: String,
    /// Where to listen; a port of 0 is any.
    #[arg(long)]
    listen: String,
    /// Who its tokens are by.
    #[arg(long)]
    issuer: String,
    /// Seconds that its clock is ahead.
    #[arg(long)]
    ahead: i64,
}

/// A clock that is wrong.
#[derive(Debug)]
struct Ahead(i64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_seconds(self.0)
    }
}

/// Serves until standard input ends. Says on standard output where.
pub(crate) fn serve(options: &NodeOptions) -> anyhow::Result<()> {
    let mut config = Config::new(&options.issuer)?;
    config.store.url.clone_from(&options.store);
    config.http.listen.clone_from(&options.listen);
    config.keys.master_key = Some(MASTER_KEY.into());
    (config.passwords.memory_kib, config.passwords.iterations) = (8 * 1024, 1);
    config.throttle.enabled = false;
    // A log-in without an answer leaves a session that nobody uses.
    config.sessions.max_per_user = u32::MAX;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let app = App::open_with(config.checked()?, Arc::new(Ahead(options.ahead)), Arc::new(SystemRandom)).await?;
        site::serve(app).await
    })
}

/// A running node; it is stopped when this is dropped.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) address: SocketAddr,
    options: NodeOptions,
    process: Child,
    _output: BufReader<ChildStdout>,
}

impl Node {
    /// One of several, whose tokens are by the same issuer.
    pub(crate) fn start(store: &str, ahead: i64) -> anyhow::Result<Self> {
        let (listen, issuer) = ("127.0.0.1:0".to_owned(), "http://127.0.0.1".to_owned());
        Self::start_with(NodeOptions { store: store.to_owned(), listen, issuer, ahead })
    }

    /// The only one, which is found where its tokens say.
    pub(crate) fn start_alone(store: &str) -> anyhow::Result<Self> {
        let listen = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.to_string();
        let issuer = format!("http://{listen}");
        Self::start_with(NodeOptions { store: store.to_owned(), listen, issuer, ahead: 0 })
    }

    fn start_with(options: NodeOptions) -> anyhow::Result<Self> {
        let NodeOptions { store, listen, issuer, ahead } = &options;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["node-server", "--store", store, "--listen", listen]);
        command.args(["--issuer", issuer, "--ahead", &ahead.to_string()]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut output = BufReader::new(process.stdout.take().context("the node's output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        let address = line.trim().parse().context("a node did not start")?;
        Ok(Self { address, options, process, _output: output })
    }

    /// The memory that it holds, in MiB.
    pub(crate) fn memory(&self) -> anyhow::Result<f64> {
        resident_mib(self.process.id())
    }

    /// Ends it at once (SIGKILL), in whatever it is doing.
    pub(crate) fn kill(&mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }

    /// Starts it again where it was.
    pub(crate) fn start_again(&mut self) -> anyhow::Result<()> {
        *self = Self::start_with(NodeOptions { listen: self.address.to_string(), ..self.options.clone() })?;
        Ok(())
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        // One that does not stop because its database is gone is stopped by force.
        let _ = (self.process.kill(), self.process.wait());
    }
}
