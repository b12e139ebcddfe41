//! A running `jotgate serve` on a free port, with data in a desk.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::support::Desk;

/// Cheap passwords, so that tests of other things are quick.
pub(crate) const CONFIG: &str = "issuer = \"http://127.0.0.1:4400\"\n[http]\nlisten = \"127.0.0.1:0\"\n\
    [passwords]\nmemory_kib = 8192\niterations = 1\n";

/// The process, and everything that it has said.
pub(crate) struct Server {
    child: Child,
    pub(crate) url: String,
    /// What it printed on standard output when it was ready.
    pub(crate) announced: Value,
    said: Arc<Mutex<Vec<u8>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Server {
    /// Starts it with the `jotgate.toml` of the desk.
    pub(crate) fn start(desk: &Desk) -> Self {
        Self::start_with(desk.command(&["serve", "--json"]))
    }

    /// Starts it with a command that prints one JSON line, and waits for that line.
    pub(crate) fn start_with(mut command: Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let log = collect(child.stderr.take().unwrap(), Arc::clone(&said));
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        stdout.read_line(&mut first).unwrap();
        said.lock().unwrap().extend_from_slice(first.as_bytes());
        let Ok(announced) = serde_json::from_str::<Value>(&first) else {
            let _ = (child.wait(), log.join());
            panic!("it did not start: {first}{}", String::from_utf8_lossy(&said.lock().unwrap()));
        };
        let url = format!("http://{}", announced["listening"].as_str().unwrap());
        let rest = collect(stdout, Arc::clone(&said));
        Self { child, url, announced, said, readers: vec![log, rest] }
    }

    /// Asks it to stop, and returns its exit code and everything it has said.
    pub(crate) fn stop(mut self) -> (i32, String) {
        self.signal("TERM");
        let status = self.child.wait().unwrap();
        (status.code().unwrap_or(-1), self.everything())
    }

    /// Ends it at once (SIGKILL), in whatever it is doing.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        self.everything();
    }

    pub(crate) fn signal(&self, name: &str) {
        let script = format!("kill -{name} {}", self.child.id());
        assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
    }

    /// Waits for its end without asking for it.
    pub(crate) fn wait(&mut self) -> i32 {
        self.child.wait().unwrap().code().unwrap_or(-1)
    }

    /// Waits until it has said this.
    pub(crate) fn says(&mut self, words: &str) {
        while !String::from_utf8_lossy(&self.said.lock().unwrap()).contains(words) {
            assert!(self.child.try_wait().unwrap().is_none(), "it ended without having said `{words}`");
            std::thread::yield_now();
        }
    }

    fn everything(&mut self) -> String {
        for reader in self.readers.drain(..) {
            reader.join().unwrap();
        }
        String::from_utf8_lossy(&self.said.lock().unwrap()).into_owned()
    }
}

/// A test that fails leaves no server behind.
impl Drop for Server {
    fn drop(&mut self) {
        let _ = (self.child.kill(), self.child.wait());
    }
}

fn collect(mut from: impl Read + Send + 'static, into: Arc<Mutex<Vec<u8>>>) -> JoinHandle<()> {
    std::thread::spawn(move || {
        let mut some = [0; 4096];
        while let Ok(count @ 1..) = from.read(&mut some) {
            into.lock().unwrap().extend_from_slice(&some[..count]);
        }
    })
}
