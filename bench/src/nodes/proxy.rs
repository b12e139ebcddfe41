//! A way to the database that can be cut: what is sent then arrives nowhere, and nothing says so, as with a pulled cable.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A proxy on a free port. It goes on until the runtime ends.
#[derive(Debug)]
pub(super) struct Proxy {
    pub(super) port: u16,
    cut: Arc<watch::Sender<bool>>,
}

impl Proxy {
    pub(super) async fn start(to: SocketAddr) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let cut = Arc::new(watch::Sender::new(false));
        let told = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                tokio::spawn(connect(near, to, told.subscribe()));
            }
        });
        Ok(Self { port, cut })
    }

    /// Cuts the way, or mends it. What was open when it was cut stays dead.
    pub(super) fn set_cut(&self, cut: bool) {
        self.cut.send_replace(cut);
    }
}

async fn connect(near: TcpStream, to: SocketAddr, mut cut: watch::Receiver<bool>) {
    if cut.wait_for(|cut| !cut).await.is_err() {
        return;
    }
    let Ok(far) = TcpStream::connect(to).await else { return };
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    let both = async { tokio::join!(pass(near_read, far_write), pass(far_read, near_write)) };
    tokio::select! {
        _ = both => return,
        _ = cut.wait_for(|cut| *cut) => {}
    }
    // Both ends stay open, and silent, until the way is mended; then they are found to be dead.
    let _ = cut.wait_for(|cut| !cut).await;
}

async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin) {
    let mut some = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = from.read(&mut some).await {
        if to.write_all(&some[..count]).await.is_err() {
            break;
        }
    }
    // The other end may be gone already.
    let _ = to.shutdown().await;
}
