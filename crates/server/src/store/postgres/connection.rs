//! One connection: how it is made, and what is asked of it.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Error, NoTls, Row, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::error::Fault;
use super::{Address, Limits, tls};
use crate::store::error::{OpenError, StoreError};

/// How much longer than the server we wait for a statement before we take the connection for lost.
const GRACE: Duration = Duration::from_secs(2);

/// A value of a parameter, of whatever type.
pub(super) type Value<'a> = &'a (dyn ToSql + Sync);

/// Makes connections.
#[derive(Clone)]
pub(super) struct Connector {
    config: Config,
    tls: Option<MakeRustlsConnect>,
    limits: Limits,
}

impl Connector {
    /// Reads the certificates that are trusted.
    pub(super) fn new(address: &Address, limits: Limits) -> Result<Self, OpenError> {
        let mut config = address.config().clone();
        config.connect_timeout(limits.connect_timeout);
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(limits.statement_timeout + GRACE);
        }
        Ok(Self { config, tls: tls::connector(address)?, limits })
    }

    /// Connects. The notifications that the connection hears of, if it listens, are passed on.
    pub(super) async fn connect(&self, heard: Arc<Notify>) -> Result<Connection, Fault> {
        let (client, task) = match &self.tls {
            Some(tls) => driven(self.config.connect(tls.clone()).await?, heard),
            None => driven(self.config.connect(NoTls).await?, heard),
        };
        let limit = self.limits.statement_timeout + GRACE;
        let (statements, in_transaction, has_timelines) = (HashMap::new(), false, false);
        let connection = Connection { client, task, statements, limit, in_transaction, has_timelines };
        connection.run(&settings(self.limits)).await?;
        Ok(connection)
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector").field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// What every connection is told first, whatever the server's own settings are: how long things may take, that nobody sees
/// more than what is committed, and that a commit is answered when it is on disk.
fn settings(limits: Limits) -> String {
    let millis = limits.statement_timeout.as_millis();
    format!(
        "SET statement_timeout = {millis}; SET idle_in_transaction_session_timeout = {millis}; \
         SET default_transaction_isolation = 'read committed'; \
         SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
    )
}

/// Sets a task to move the connection's bytes. It ends with the connection, or when it is aborted.
fn driven<T>(
    (client, mut connection): (Client, tokio_postgres::Connection<Socket, T>),
    heard: Arc<Notify>,
) -> (Client, JoinHandle<()>)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let task = tokio::spawn(async move {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            match message {
                Ok(AsyncMessage::Notification(_)) => heard.notify_one(),
                Ok(_) => {}
                // Whoever waits for an answer is told by the client's end.
                Err(error) => {
                    tracing::debug!(%error, "a connection to the database ended");
                    break;
                }
            }
        }
    });
    (client, task)
}

/// A connection to the database. It is closed when dropped, which undoes what was not committed.
pub(super) struct Connection {
    client: Client,
    task: JoinHandle<()>,
    statements: HashMap<&'static str, Statement>,
    /// How long to wait for an answer.
    limit: Duration,
    /// From before a transaction begins until it is known to have ended.
    pub(super) in_transaction: bool,
    /// Whether the server can be asked on which timeline it writes.
    has_timelines: bool,
}

/// The timeline of what is written now: the first eight digits of the file's name (PostgreSQL, "Continuous Archiving"). It is
/// another one on a standby that was promoted, and after a recovery to a point in time.
const TIMELINE: &str =
    "SELECT CAST(CAST('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS BIT(32)) AS BIGINT)";

impl Connection {
    /// Runs a text without parameters; several statements may stand in it.
    pub(super) async fn run(&self, text: &str) -> Result<(), Fault> {
        self.in_time(self.client.batch_execute(text)).await
    }

    /// Sends a text without parameters, and neither waits for the answer nor learns it.
    pub(super) fn send(&self, text: &str) {
        // The first poll sends; what comes back goes nowhere.
        let _ = pin!(self.client.batch_execute(text)).as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }

    /// The rows of a statement; `begin`, if there is one, goes before it in the same round trip.
    pub(super) async fn rows(
        &mut self,
        begin: Option<&'static str>,
        text: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Fault> {
        let statement = self.prepared(text).await?;
        self.after(begin, self.client.query(&statement, values)).await
    }

    /// How many rows a statement has changed; `begin`, if there is one, goes before it in the same round trip.
    pub(super) async fn count(
        &mut self,
        begin: Option<&'static str>,
        text: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, Fault> {
        let statement = self.prepared(text).await?;
        self.after(begin, self.client.execute(&statement, values)).await
    }

    /// A last change and, in the same round trip, the commit. Tells how many rows were changed.
    pub(super) async fn commit_with(&mut self, text: &'static str, values: &[Value<'_>]) -> Result<u64, Fault> {
        let statement = self.prepared(text).await?;
        let (last, commit) = (self.client.execute(&statement, values), self.client.batch_execute("COMMIT"));
        let (changed, committed) = self.in_time(async { Ok::<_, Error>(tokio::join!(biased; last, commit)) }).await?;
        // After a statement that failed a commit is answered as if all were well, and is none.
        let changed = changed?;
        committed?;
        Ok(changed)
    }

    /// Finds out whether the server can be asked for its timeline: not every engine that speaks PostgreSQL's protocol can.
    pub(super) async fn look_for_timelines(&mut self) -> Result<(), Fault> {
        match self.rows(None, TIMELINE, &[]).await {
            Ok(_) => self.has_timelines = true,
            Err(fault @ Fault::Lost(_)) => return Err(fault),
            Err(fault) => tracing::debug!(error = %fault.error(), "the database does not say on which timeline it is"),
        }
        Ok(())
    }

    /// The timeline that the server writes on; 0 where it has none.
    pub(super) async fn timeline(&mut self, begin: Option<&'static str>) -> Result<u32, Fault> {
        if !self.has_timelines {
            return Ok(0);
        }
        let rows = self.rows(begin, TIMELINE, &[]).await?;
        let timeline: Option<i64> = rows.first().and_then(|row| row.try_get(0).ok());
        let timeline = timeline.and_then(|timeline| u32::try_from(timeline).ok());
        timeline.ok_or_else(|| Fault::Final(StoreError::corrupt("the timeline of the database")))
    }

    /// Waits for answers for so long, from now on.
    pub(super) fn wait_for(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// Whether the connection is known to have ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    async fn after<T>(
        &self,
        begin: Option<&'static str>,
        statement: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Fault> {
        let Some(begin) = begin else { return self.in_time(statement).await };
        let both = async { Ok::<_, Error>(tokio::join!(biased; self.client.batch_execute(begin), statement)) };
        let (first, second) = self.in_time(both).await?;
        first?;
        Ok(second?)
    }

    async fn prepared(&mut self, text: &'static str) -> Result<Statement, Fault> {
        if let Some(statement) = self.statements.get(text) {
            return Ok(statement.clone());
        }
        let statement = self.in_time(self.client.prepare(text)).await?;
        self.statements.insert(text, statement.clone());
        Ok(statement)
    }

    /// A server that keeps silent is as good as gone; what it did with the request is not known then.
    async fn in_time<T>(&self, answer: impl Future<Output = Result<T, Error>>) -> Result<T, Fault> {
        match tokio::time::timeout(self.limit, answer).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Fault::Lost(StoreError::Unavailable("the database did not answer in time".to_owned()))),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("in_transaction", &self.in_transaction).finish_non_exhaustive()
    }
}
