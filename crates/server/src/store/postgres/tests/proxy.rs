//! A way to the server that can be cut at a chosen message.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Where to cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Cut {
    Nowhere = 0,
    /// The commit does not reach the server.
    BeforeCommit = 1,
    /// The commit takes place, and the answer does not come back.
    AfterCommit = 2,
    /// A statement that commits by itself takes place, and the answer does not come back.
    AfterStatement = 3,
}

/// Passes connections on. It cuts as often as it was told to, and then no more.
#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    cut: AtomicU8,
    times: AtomicU32,
    done: AtomicU32,
    silent: AtomicBool,
}

impl Proxy {
    pub(super) async fn start(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let proxy = Self { port, state: Arc::clone(&state) };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let state = Arc::clone(&state);
                tokio::spawn(async move {
                    if let Ok(server) = TcpStream::connect(("127.0.0.1", server)).await {
                        pass(client, server, state).await;
                    }
                });
            }
        });
        proxy
    }

    /// Cuts the next connections that come to this.
    pub(super) fn cut(&self, cut: Cut, times: u32) {
        self.state.times.store(times, Ordering::SeqCst);
        self.state.cut.store(cut as u8, Ordering::SeqCst);
    }

    /// Passes on no request any more, without a word.
    pub(super) fn fall_silent(&self) {
        self.state.silent.store(true, Ordering::SeqCst);
    }

    /// How many connections were cut.
    pub(super) fn done(&self) -> u32 {
        self.state.done.load(Ordering::SeqCst)
    }
}

impl State {
    async fn speak(&self) {
        if self.silent.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
    }

    /// Whether to cut here.
    fn takes(&self, cut: Cut) -> bool {
        if self.cut.load(Ordering::SeqCst) != cut as u8 {
            return false;
        }
        let left = self.times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        if left.is_ok() {
            self.done.fetch_add(1, Ordering::SeqCst);
        }
        left.is_ok()
    }
}

async fn pass(client: TcpStream, server: TcpStream, state: Arc<State>) {
    let (from_client, to_client) = client.into_split();
    let (mut from_server, to_server) = server.into_split();
    let answers = tokio::spawn(async move {
        let mut to_client = to_client;
        // Either end may be the first to go.
        let _ = tokio::io::copy(&mut from_server, &mut to_client).await;
    });
    let end = requests(from_client, to_server, &state).await;
    if let Some(to_server) = end {
        answers.abort();
        let _ = answers.await;
        // The server has got all and may take its time; nothing comes back any more.
        drop(to_server);
    }
}

/// Passes requests on until one is to be cut at; gives then what leads to the server.
async fn requests(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, state: &State) -> Option<OwnedWriteHalf> {
    // The first message has no kind.
    let length = client.read_u32().await.ok()?;
    let mut start = vec![0; length as usize - 4];
    client.read_exact(&mut start).await.ok()?;
    state.speak().await;
    server.write_all(&[&length.to_be_bytes(), start.as_slice()].concat()).await.ok()?;
    let mut executes = false;
    loop {
        let kind = client.read_u8().await.ok()?;
        let length = client.read_u32().await.ok()?;
        let mut body = vec![0; length as usize - 4];
        client.read_exact(&mut body).await.ok()?;
        state.speak().await;
        let commits = kind == b'Q' && body == b"COMMIT\0";
        if commits && state.takes(Cut::BeforeCommit) {
            return Some(server);
        }
        executes |= kind == b'E';
        let is_statement = kind == b'S' && std::mem::take(&mut executes);
        let after = (commits && state.takes(Cut::AfterCommit)) || (is_statement && state.takes(Cut::AfterStatement));
        server.write_all(&[&[kind], length.to_be_bytes().as_slice(), &body].concat()).await.ok()?;
        if after {
            return Some(server);
        }
    }
}
