//! The smallest client that can talk to the server: one connection, one request at a time, so that what is measured is the
//! server.

use std::net::SocketAddr;

use anyhow::Context;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longer than any answer of the server.
const LONGEST_ANSWER: usize = 64 * 1024;

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
}

impl Answer {
    /// A text in the body; empty when there is none.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, received: Vec::with_capacity(4096) })
    }

    /// Sends a request with a JSON body and waits for the answer.
    pub(crate) async fn post(&mut self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(path, body).await?;
        self.answer().await
    }

    /// The same with an access token.
    pub(crate) async fn post_as(&mut self, path: &str, access_token: &str, body: &Value) -> anyhow::Result<Answer> {
        self.write(path, &format!("Authorization: Bearer {access_token}\r\n"), body).await?;
        self.answer().await
    }

    /// Sends a request with a JSON body, and does not wait.
    pub(crate) async fn send(&mut self, path: &str, body: &Value) -> anyhow::Result<()> {
        self.write(path, "", body).await
    }

    async fn write(&mut self, path: &str, fields: &str, body: &Value) -> anyhow::Result<()> {
        let body = body.to_string();
        let length = body.len();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n{fields}\
             Content-Length: {length}\r\n\r\n"
        );
        Ok(self.stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await?)
    }

    /// Asks for something with an access token; the status of the answer.
    pub(crate) async fn get_with(&mut self, path: &str, access_token: &str) -> anyhow::Result<u16> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {access_token}\r\n\r\n");
        self.stream.write_all(request.as_bytes()).await?;
        Ok(self.answer().await?.status)
    }

    /// Leaves in the middle of a request; returns when the server has noticed.
    pub(crate) async fn cut(mut self) {
        // What is still said on either side does not matter any more.
        let _ = self.stream.shutdown().await;
        while self.stream.read_buf(&mut self.received).await.is_ok_and(|count| count > 0) {
            self.received.clear();
        }
    }

    /// Sends the bytes of a request and gives status and body of the answer as they are.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.receive_answer().await
    }

    async fn answer(&mut self) -> anyhow::Result<Answer> {
        let (status, body) = self.receive_answer().await?;
        let body = if body.is_empty() { Value::Null } else { serde_json::from_slice(body)? };
        Ok(Answer { status, body })
    }

    async fn receive_answer(&mut self) -> anyhow::Result<(u16, &[u8])> {
        self.received.clear();
        let head = loop {
            if let Some(end) = find_end_of_head(&self.received) {
                break end;
            }
            self.receive().await?;
        };
        let text = std::str::from_utf8(&self.received[..head]).context("the head of an answer is no text")?;
        let (status, length) = (status(text)?, content_length(text)?);
        while self.received.len() < head + length {
            self.receive().await?;
        }
        Ok((status, &self.received[head..head + length]))
    }

    async fn receive(&mut self) -> anyhow::Result<()> {
        let count = self.stream.read_buf(&mut self.received).await?;
        anyhow::ensure!(count > 0, "the connection was closed");
        anyhow::ensure!(self.received.len() <= LONGEST_ANSWER, "an answer is too long");
        Ok(())
    }
}

/// Where the body begins.
fn find_end_of_head(received: &[u8]) -> Option<usize> {
    received.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4)
}

fn status(head: &str) -> anyhow::Result<u16> {
    let status = head.split(' ').nth(1).context("an answer has no status")?;
    Ok(status.parse()?)
}

fn content_length(head: &str) -> anyhow::Result<usize> {
    let value = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then_some(value)
    });
    value.map_or(Ok(0), |value| Ok(value.trim().parse()?))
}
