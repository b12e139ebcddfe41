//! A server of our own for a measurement: the real one, on a free port, with its data in a folder that goes with it.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::Arc;

use jotgate_server::{App, Clock, Config, Server, SystemRandom};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

/// Serves in a process of its own until standard input ends. Says on standard output where.
pub(crate) async fn serve(app: App) -> anyhow::Result<()> {
    let server = Server::bind(app).await?;
    let mut output = std::io::stdout();
    writeln!(output, "{}", server.local_address()?)?;
    output.flush()?;
    let (stopped, stop) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        // However it ends, it is the end.
        let _ = std::io::stdin().read(&mut [0]);
        drop(stopped);
    });
    let stopping = async {
        let _ = stop.await;
    };
    server.run(stopping).await;
    Ok(())
}

/// A running server; it ends with the value.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) address: SocketAddr,
    /// Before the data, which goes last.
    _runtime: Runtime,
    data: TempDir,
}

impl Site {
    /// Starts a server on its own threads, by a clock of the caller's.
    pub(crate) fn start(clock: Arc<dyn Clock>, configure: impl FnOnce(&mut Config)) -> anyhow::Result<Self> {
        let data = tempfile::tempdir()?;
        let mut config = Config::new("http://127.0.0.1")?;
        data.path().clone_into(&mut config.base_dir);
        "127.0.0.1:0".clone_into(&mut config.http.listen);
        // Not what is measured here: the cheapest that is allowed.
        (config.passwords.memory_kib, config.passwords.iterations) = (8 * 1024, 1);
        config.throttle.enabled = false;
        configure(&mut config);
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
        let server = runtime.block_on(async {
            let app = App::open_with(config.checked()?, clock, Arc::new(SystemRandom)).await?;
            anyhow::Ok(Server::bind(app).await?)
        })?;
        let address = server.local_address()?;
        runtime.spawn(server.run(std::future::pending()));
        Ok(Self { address, _runtime: runtime, data })
    }

    /// The folder of its data.
    pub(crate) fn data(&self) -> &std::path::Path {
        self.data.path()
    }
}
