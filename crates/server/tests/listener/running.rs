//! A server with its own listener on a free port, to connect to by hand.

use std::path::Path;

use jotgate_server::{App, Config, Server};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const PASSWORD: &str = "a long enough pass phrase";

pub(crate) struct Running {
    port: u16,
    stop: Option<oneshot::Sender<()>>,
    ended: JoinHandle<()>,
    _data: TempDir,
}

impl Running {
    pub(crate) async fn start(configure: impl FnOnce(&mut Config, &Path)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::new("http://127.0.0.1").unwrap();
        config.base_dir = data.path().to_owned();
        config.http.listen = "127.0.0.1:0".into();
        config.passwords.memory_kib = 8 * 1024;
        config.passwords.iterations = 1;
        configure(&mut config, data.path());
        let server = Server::bind(App::open(config).await.unwrap()).await.unwrap();
        let port = server.local_address().unwrap().port();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = tokio::spawn(server.run(async move {
            let _ = stopped.await;
        }));
        Self { port, stop: Some(stop), ended, _data: data }
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.unwrap()
    }

    pub(crate) async fn register(&self, transport: &str) -> reqwest::Response {
        let email = format!("{transport}@example.com");
        let body = json!({"email": email, "password": PASSWORD, "transport": transport});
        let url = format!("http://127.0.0.1:{}/v1/register", self.port);
        reqwest::Client::new().post(url).json(&body).send().await.unwrap()
    }

    pub(crate) fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) async fn until_refused(&self) {
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn until_ended(self) {
        self.ended.await.unwrap();
    }
}
