//! The line to the server, which can be cut and mended: a forwarder of connections.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A forwarder. Verifiers know only its address.
pub(super) struct Line {
    address: SocketAddr,
    listener: Mutex<Option<TcpListener>>,
    whole: Arc<watch::Sender<bool>>,
}

impl Line {
    pub(super) async fn bind() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        Ok(Self { address, listener: Mutex::new(Some(listener)), whole: Arc::new(watch::Sender::new(true)) })
    }

    pub(super) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Begins to forward to the server.
    pub(super) fn open(&self, server: SocketAddr) {
        let listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner).take();
        let whole = Arc::clone(&self.whole);
        if let Some(listener) = listener {
            tokio::spawn(async move {
                while let Ok((client, _)) = listener.accept().await {
                    tokio::spawn(forward(client, server, whole.subscribe()));
                }
            });
        }
    }

    /// Ends every connection, and those that are tried from now on.
    pub(super) fn cut(&self) {
        self.whole.send_replace(false);
    }

    pub(super) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn forward(mut client: TcpStream, server: SocketAddr, mut whole: watch::Receiver<bool>) {
    let both_ways = async {
        let mut server = TcpStream::connect(server).await?;
        server.set_nodelay(true)?;
        client.set_nodelay(true)?;
        copy_bidirectional(&mut client, &mut server).await
    };
    tokio::select! {
        // Whoever waits for it sees that it is over.
        _ = both_ways => {}
        _ = whole.wait_for(|whole| !whole) => {}
    }
}
