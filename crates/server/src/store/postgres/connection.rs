//! One connection: how it is made, and what is asked of it.

use std::collections::HashMap;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
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
use crate::store::tx::Value as Kept;

/// How much longer than the server we wait for a statement before we take the connection for lost.
const GRACE: Duration = Duration::from_secs(2);

/// A value of a parameter, of whatever type.
pub(super) type Value<'a> = &'a (dyn ToSql + Sync);

/// What goes ahead of a statement in the same round trip.
#[derive(Debug)]
pub(super) enum Ahead {
    /// A text without parameters.
    Text(&'static str),
    /// A change with its parameters.
    Change(&'static str, Vec<Kept>),
}

/// A request that waits for its answer, or has not been sent yet.
type Answer<'a, E> = Pin<Box<dyn Future<Output = Result<(), E>> + Send + 'a>>;
type Sent<'a> = Answer<'a, Error>;

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

    /// How long an answer is waited for.
    pub(super) fn longest_statement(&self) -> Duration {
        self.limits.statement_timeout + GRACE
    }

    /// Connects. The notifications that the connection hears of, if it listens, are passed on.
    pub(super) async fn connect(&self, heard: Arc<Notify>) -> Result<Connection, Fault> {
        let (client, task) = match &self.tls {
            Some(tls) => driven(self.config.connect(tls.clone()).await?, heard),
            None => driven(self.config.connect(NoTls).await?, heard),
        };
        let limit = self.longest_statement();
        let connection = Connection {
            client,
            task,
            statements: HashMap::new(),
            limit,
            in_transaction: false,
            has_timelines: false,
            #[cfg(test)]
            round_trips: std::sync::atomic::AtomicU32::default(),
        };
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
        // Whoever listens hears nothing more, and finds out when he asks.
        heard.notify_one();
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
    pub(super) has_timelines: bool,
    /// How often an answer was waited for.
    #[cfg(test)]
    pub(super) round_trips: std::sync::atomic::AtomicU32,
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

    /// The rows of a statement, after what goes ahead of it in the same round trip.
    pub(super) async fn rows(
        &mut self,
        ahead: &[Ahead],
        text: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<Row>, Fault> {
        let (statement, prepared) = (self.prepared(text).await?, self.prepared_for(ahead).await?);
        let query = Box::pin(self.client.query(&statement, values));
        self.in_time(in_order(self.sent(ahead, &prepared), query)).await
    }

    /// The rows of two statements, one after the other in the same round trip, and the timeline if it is asked for and there is one.
    pub(super) async fn rows_of_both(
        &mut self,
        ahead: &[Ahead],
        (one, one_values): (&'static str, &[Value<'_>]),
        (other, other_values): (&'static str, &[Value<'_>]),
        with_timeline: bool,
    ) -> Result<(Vec<Row>, Vec<Row>, u32), Fault> {
        let (one, other) = (self.prepared(one).await?, self.prepared(other).await?);
        let timeline = if with_timeline && self.has_timelines { Some(self.prepared(TIMELINE).await?) } else { None };
        let prepared = self.prepared_for(ahead).await?;
        let (one, other) = (self.client.query(&one, one_values), self.client.query(&other, other_values));
        let last = async {
            match &timeline {
                Some(timeline) => self.client.query(timeline, &[]).await.map(Some),
                None => Ok(None),
            }
        };
        let all = Box::pin(async {
            let (one, other, timeline) = tokio::join!(biased; one, other, last);
            Ok((one?, other?, timeline?))
        });
        let (one, other, found) = self.in_time(in_order(self.sent(ahead, &prepared), all)).await?;
        Ok((one, other, found.map_or(Ok(0), |rows| read_timeline(&rows))?))
    }

    /// How many rows a statement has changed, after what goes ahead of it in the same round trip.
    pub(super) async fn count(
        &mut self,
        ahead: &[Ahead],
        text: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, Fault> {
        let (statement, prepared) = (self.prepared(text).await?, self.prepared_for(ahead).await?);
        let execute = Box::pin(self.client.execute(&statement, values));
        self.in_time(in_order(self.sent(ahead, &prepared), execute)).await
    }

    /// A last change and, in the same round trip, the commit. Tells how many rows were changed.
    pub(super) async fn commit_with(
        &mut self,
        ahead: &[Ahead],
        text: &'static str,
        values: &[Value<'_>],
    ) -> Result<u64, Fault> {
        let (statement, prepared) = (self.prepared(text).await?, self.prepared_for(ahead).await?);
        let (last, commit) = (self.client.execute(&statement, values), self.client.batch_execute("COMMIT"));
        let (mut is_over, mut is_counted) = (false, false);
        let both = Box::pin(async {
            let (changed, committed) = tokio::join!(biased; last, commit);
            (is_over, is_counted) = (committed.is_ok(), changed.is_ok());
            // After a statement that failed a commit is answered as if all were well, and is none.
            let changed = changed?;
            committed.map(|()| changed)
        });
        let committed = self.in_time(in_order(self.sent(ahead, &prepared), both)).await;
        // Whatever it has answered, a lost connection commits nothing more: its count tells what became of this.
        self.in_transaction = !is_over || matches!(committed, Err(Fault::Lost(_)));
        if is_counted && committed.is_err() {
            // It was counted and has failed all the same, as where only its beginning did: the next count would be taken for this one.
            self.in_transaction = true;
            self.task.abort();
        }
        committed
    }

    /// Finds out whether the server can be asked for its timeline: not every engine that speaks PostgreSQL's protocol can.
    pub(super) async fn look_for_timelines(&mut self) -> Result<(), Fault> {
        match self.rows(&[], TIMELINE, &[]).await {
            Ok(_) => self.has_timelines = true,
            Err(fault @ Fault::Lost(_)) => return Err(fault),
            Err(fault) => tracing::debug!(error = %fault.error(), "the database does not say on which timeline it is"),
        }
        Ok(())
    }

    /// Waits for answers for so long, from now on.
    pub(super) fn wait_for(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// How long answers are waited for.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Whether the connection is known to have ended.
    pub(super) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// What goes ahead, not yet sent: each is with its first poll.
    fn sent<'a>(&'a self, ahead: &'a [Ahead], prepared: &'a [Statement]) -> Vec<Sent<'a>> {
        let mut prepared = prepared.iter();
        let send = |ahead: &'a Ahead| -> Option<Sent<'a>> {
            Some(match ahead {
                Ahead::Text(text) => Box::pin(self.client.batch_execute(text)),
                Ahead::Change(_, values) => {
                    let statement = prepared.next()?;
                    let values: Vec<Value<'a>> = values.iter().map(|value| value as Value<'a>).collect();
                    Box::pin(async move { self.client.execute(statement, &values).await.map(drop) })
                }
            })
        };
        ahead.iter().filter_map(send).collect()
    }

    /// The statements of the changes among them, in their order.
    async fn prepared_for(&mut self, ahead: &[Ahead]) -> Result<Vec<Statement>, Fault> {
        let mut prepared = Vec::new();
        for ahead in ahead {
            if let Ahead::Change(text, _) = ahead {
                prepared.push(self.prepared(text).await?);
            }
        }
        Ok(prepared)
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
        #[cfg(test)]
        self.round_trips.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        match tokio::time::timeout(self.limit, answer).await {
            Ok(answer) => Ok(answer?),
            Err(_) => Err(Fault::Lost(StoreError::Unavailable("the database did not answer in time".to_owned()))),
        }
    }
}

/// The timeline that the server writes on.
fn read_timeline(rows: &[Row]) -> Result<u32, Fault> {
    let timeline: Option<i64> = rows.first().and_then(|row| row.try_get(0).ok());
    let timeline = timeline.and_then(|timeline| u32::try_from(timeline).ok());
    timeline.ok_or_else(|| Fault::Final(StoreError::corrupt("the timeline of the database")))
}

/// Sends all in their order and waits for all answers; of several failures the first in that order is the cause of the others,
/// whichever is noticed first.
async fn in_order<T, E>(earlier: Vec<Answer<'_, E>>, last: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let mut last = pin!(last);
    let mut earlier: Vec<_> = earlier.into_iter().enumerate().collect();
    let (mut failure, mut answer): (Option<(usize, E)>, _) = (None, None);
    let answered = poll_fn(|context| {
        earlier.retain_mut(|(at, sent)| match sent.as_mut().poll(context) {
            Poll::Ready(answered) => {
                let is_first = failure.as_ref().is_none_or(|(first, _)| *at < *first);
                failure = answered.err().filter(|_| is_first).map(|error| (*at, error)).or(failure.take());
                false
            }
            Poll::Pending => true,
        });
        if answer.is_none()
            && let Poll::Ready(answered) = last.as_mut().poll(context)
        {
            answer = Some(answered);
        }
        if earlier.is_empty() { answer.take().map_or(Poll::Pending, Poll::Ready) } else { Poll::Pending }
    })
    .await;
    failure.map_or(answered, |(_, error)| Err(error))
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

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    /// The answers come while they are looked at: the cause is looked at too soon, and its consequence just then.
    #[tokio::test]
    async fn the_first_failure_in_the_order_is_the_cause() {
        let late = async {
            tokio::task::yield_now().await;
            Err("cause")
        };
        let earlier: Vec<Answer<'_, _>> =
            vec![Box::pin(ready(Ok(()))), Box::pin(late), Box::pin(ready(Err("consequence")))];
        assert_eq!(in_order(earlier, ready(Err::<(), _>("last"))).await, Err("cause"));
        assert_eq!(in_order(Vec::new(), ready(Err::<(), _>("last"))).await, Err("last"));
    }
}
