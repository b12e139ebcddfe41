//! A throw-away PostgreSQL from the packages of the system, and databases in it.
//!
//! There is one for each test process, started when the first test needs it. A shell holds it: when the process ends, in
//! whatever way, the shell's standard input ends, and it stops the server and removes its folder.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::skip;

/// Names a server to use instead, as `postgres://USER:PASSWORD@HOST:PORT/DATABASE` with the right to create databases.
const ELSEWHERE: &str = "JOTGATE_TEST_POSTGRES";

/// Names the folder of the programs to start servers with, instead of the newest that are installed.
const PROGRAMS: &str = "JOTGATE_TEST_POSTGRES_BIN";

const SCRIPT: &str = include_str!("postgres/cluster.sh");

/// Where the packages of Debian and its relatives, and of others, keep the programs.
const FOLDERS: [&str; 3] = ["/usr/lib/postgresql", "/usr/pgsql", "/opt/homebrew/opt"];

/// A database of its own for a test; it is removed when this is dropped.
#[derive(Debug)]
pub struct Database {
    server: String,
    name: String,
}

impl Database {
    /// A new and empty database. Nothing, and the line that `cargo xtask test` counts, where there is no PostgreSQL.
    #[must_use]
    pub fn create(test: &str) -> Option<Self> {
        match shared() {
            Ok(server) => Some(Self::on(&server)),
            Err(reason) => {
                skip::aloud(test, &reason);
                None
            }
        }
    }

    /// A new and empty database on this server.
    ///
    /// # Panics
    ///
    /// If the server does not make one.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test that gets no database fails")]
    pub fn on(server: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("jotgate_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        run(server, &format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")).expect("a database");
        Self { server: server.to_owned(), name }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> String {
        let (place, query) = self.server.split_once('?').unwrap_or((&self.server, ""));
        let place = place.rsplit_once('/').map_or(place, |(place, _)| place);
        let separator = if query.is_empty() { "" } else { "?" };
        format!("{place}/{}{separator}{query}", self.name)
    }

    /// Runs statements in it.
    ///
    /// # Errors
    ///
    /// What the server says.
    pub fn run(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        run(&self.url(), sql)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // One that stays goes with its server.
        let _ = run(&self.server, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

/// Runs statements on a server, and gives the rows of the last as texts. Blocks, and may be called from within a runtime.
///
/// # Errors
///
/// What the server says.
pub fn run(url: &str, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
    let (url, sql) = (url.to_owned(), sql.to_owned());
    let done = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        runtime.block_on(async {
            let said = |error: tokio_postgres::Error| format!("{error}: {:?}", error.as_db_error());
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls).await.map_err(said)?;
            let driving = tokio::spawn(connection);
            let messages = client.simple_query(&sql).await.map_err(said)?;
            drop(client);
            // Its end is the end of the connection, whatever it says.
            let _ = driving.await;
            Ok(messages.into_iter().filter_map(texts).collect())
        })
    });
    done.join().unwrap_or_else(|_| Err("a thread panicked".to_owned()))
}

fn texts(message: tokio_postgres::SimpleQueryMessage) -> Option<Vec<Option<String>>> {
    let tokio_postgres::SimpleQueryMessage::Row(row) = message else { return None };
    Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
}

/// The server of this process, or why there is none.
fn shared() -> Result<String, String> {
    static SHARED: OnceLock<Result<(String, Option<Cluster>), String>> = OnceLock::new();
    let server = SHARED.get_or_init(|| match named(ELSEWHERE) {
        Some(url) => Ok((url, None)),
        None => Cluster::start(Durability::Fast).map(|cluster| (cluster.url(), Some(cluster))),
    });
    server.as_ref().map(|(url, _)| url.clone()).map_err(Clone::clone)
}

#[expect(clippy::disallowed_methods, reason = "this is the one place where tests read these variables")]
fn named(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

/// Whether a server keeps what it has committed when the machine fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// It does not, and is fast.
    Fast,
    /// It does.
    Durable,
}

/// A server of one's own, gone with the value or the process.
#[derive(Debug)]
pub struct Cluster {
    folder: PathBuf,
    port: u16,
    shell: Mutex<Shell>,
}

#[derive(Debug)]
struct Shell {
    process: Child,
    /// Taken when it is to end.
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Cluster {
    /// Starts a server on a free port.
    ///
    /// # Errors
    ///
    /// When PostgreSQL is not installed or does not start.
    pub fn start(durability: Durability) -> Result<Self, String> {
        let programs = programs().ok_or("PostgreSQL is not installed (the package `postgresql` brings it)")?;
        let kind = if durability == Durability::Fast { "fast" } else { "durable" };
        let mut failure = String::new();
        // The port was free a moment ago, which is all that can be known.
        for _ in 0..3 {
            match Self::start_on(&programs, free_port().map_err(|error| error.to_string())?, kind) {
                Ok(cluster) => return Ok(cluster),
                Err(error) => failure = error,
            }
        }
        Err(format!("PostgreSQL did not start: {failure}"))
    }

    /// Starts a standby that follows the server on this port, until it is [promoted](Self::promote).
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn standby(of: u16) -> Result<Self, String> {
        let programs = programs().ok_or("PostgreSQL is not installed (the package `postgresql` brings it)")?;
        Self::start_on(&programs, free_port().map_err(|error| error.to_string())?, &format!("standby:{of}"))
    }

    fn start_on(programs: &Path, port: u16, kind: &str) -> Result<Self, String> {
        let mut command = as_somebody();
        command.args(["sh", "-c", SCRIPT, "cluster.sh"]).arg(programs).arg(port.to_string()).arg(kind);
        // A Ctrl-C in the terminal is for the tests; the server ends with them.
        let command = command.current_dir("/").process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().map_err(|error| error.to_string())?;
        let (Some(input), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            return Err("no pipes".to_owned());
        };
        let mut shell = Shell { process, input: Some(input), output: BufReader::new(output) };
        let folder = PathBuf::from(shell.line().map_err(|error| error.to_string())?);
        Ok(Self { folder, port, shell: Mutex::new(shell) })
    }

    /// The server, as its super-user and over TCP.
    #[must_use]
    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    /// The port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its socket; `data` in it is that of its data.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Ends it as an operator would: what is under way is undone, and all that is committed is kept.
    pub fn stop(&self) {
        self.tell("stop");
    }

    /// Ends it at once, as if it had crashed.
    pub fn crash(&self) {
        self.tell("crash");
    }

    /// Stops its processes where they are (SIGSTOP): its connections are open and new ones are taken, and nobody answers. Needs
    /// Linux.
    pub fn freeze(&self) {
        self.tell("freeze");
    }

    /// Lets them go on.
    pub fn thaw(&self) {
        self.tell("thaw");
    }

    /// Makes a standby the one that takes changes.
    pub fn promote(&self) {
        self.tell("promote");
    }

    /// Starts it again.
    pub fn start_again(&self) {
        self.tell("start");
    }

    /// Starts it again where it is gone, however it came to an end, and does not wait until it is ready. Tells whether it was
    /// gone.
    pub fn revive(&self) -> bool {
        self.tell("revive") == "gone"
    }

    /// Has it offer TLS with this certificate and key from the next start on.
    ///
    /// # Errors
    ///
    /// When the files cannot be read, or not put into its folder.
    pub fn use_certificate(&self, certificate: &Path, key: &Path) -> io::Result<()> {
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        let text = |file: &Path| std::fs::read_to_string(file).map(|text| text.replace('\n', "|"));
        let (certificate, key) = (text(certificate)?.replace(' ', "~"), text(key)?.replace(' ', "~"));
        shell.tell(&format!("certificate {certificate} {key}")).map(drop)
    }

    /// Has it offer no TLS from the next start on.
    ///
    /// # Errors
    ///
    /// When the shell that holds it is gone.
    pub fn use_no_certificate(&self) -> io::Result<()> {
        self.shell.lock().unwrap_or_else(PoisonError::into_inner).tell("plain").map(drop)
    }

    #[expect(clippy::expect_used, reason = "a test without its server fails")]
    fn tell(&self, word: &str) -> String {
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        shell.tell(word).expect("the shell that holds PostgreSQL does as it is told")
    }
}

impl Shell {
    /// Its answer.
    fn tell(&mut self, word: &str) -> io::Result<String> {
        let input = self.input.as_mut().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(input, "{word}")?;
        input.flush()?;
        self.line()
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        match self.output.read_line(&mut line)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(line.trim_end().to_owned()),
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.process.wait();
    }
}

/// The folder of the PostgreSQL that the environment names, whatever is in it, or else of the newest that is installed.
#[must_use]
pub fn programs() -> Option<PathBuf> {
    named(PROGRAMS).map(PathBuf::from).or_else(newest)
}

fn newest() -> Option<PathBuf> {
    let versions = FOLDERS.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let with_server = versions.map(|version| version.path().join("bin")).filter(|bin| bin.join("initdb").is_file());
    with_server.max_by_key(|bin| {
        let digits: String = bin.to_string_lossy().chars().filter(char::is_ascii_digit).collect();
        digits.parse::<u64>().unwrap_or_default()
    })
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// What puts a command under another user where this is the super-user, whom PostgreSQL does not serve.
fn as_somebody() -> Command {
    let id = |arguments: &[&str]| Command::new("id").args(arguments).stderr(Stdio::null()).output();
    let is_super_user = id(&["-u"]).is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    if !is_super_user {
        return Command::new("env");
    }
    let user = ["postgres", "nobody"].into_iter().find(|user| id(&["-u", user]).is_ok_and(|o| o.status.success()));
    let mut command = Command::new("setpriv");
    let user = user.unwrap_or("nobody");
    command.arg(format!("--reuid={user}")).arg(format!("--regid={}", group(user))).arg("--clear-groups").arg("--");
    command
}

fn group(user: &str) -> String {
    let output = Command::new("id").args(["-g", user]).output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(output.trim_ascii()).into_owned()
}
