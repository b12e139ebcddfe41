//! Bringing the tables up to date, whoever else is doing the same at this moment.
//!
//! Old and new versions of the program run side by side on one database while it is being replaced node by node. So a
//! step adds (a table, a column with a default, an index) and takes nothing away that a version in use needs; the step
//! that takes something away later says which step a program must know to live with that, and only programs that do not
//! know it refuse.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;

use super::Address;
use super::connection::{Connection, Connector};
use super::error::Fault;
use crate::store::error::{OpenError, StoreError};

/// A step from one version of the tables to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) text: &'static str,
    /// The oldest version that a program must know to work with the tables after this step.
    pub(super) oldest: i64,
}

/// The steps from nothing to now, in order. One that was released is never changed.
pub(super) const STEPS: &[Step] = &[Step { text: include_str!("../migrations/postgres/0001_begin.sql"), oldest: 1 }];

/// The oldest server that has all we use: ids made by the server, and what later versions keep.
const OLDEST_SERVER: i32 = 130_000;

const SERVER: &str = "SELECT CAST(current_setting('server_version_num') AS INTEGER), current_setting('server_version'), \
                      current_setting('server_encoding')";
const MAKE_META: &str = "CREATE TABLE IF NOT EXISTS meta (name TEXT NOT NULL PRIMARY KEY, number BIGINT NOT NULL)";
const BEGIN_COUNTING: &str = "INSERT INTO meta (name, number) VALUES ('schema', 0), ('schema_oldest', 0) \
                              ON CONFLICT (name) DO NOTHING";
const LOOK: &str = "SELECT number FROM meta WHERE name IN ('schema', 'schema_oldest') ORDER BY name";
const HOLD: &str = "SELECT number FROM meta WHERE name IN ('schema', 'schema_oldest') ORDER BY name FOR UPDATE";
const WRITE: &str = "UPDATE meta SET number = CASE name WHEN 'schema' THEN CAST($1 AS BIGINT) ELSE CAST($2 AS BIGINT) END \
                     WHERE name IN ('schema', 'schema_oldest')";

/// A step may have to look at every row, and another process may be taking it at this moment.
const LONGEST_STEP: Duration = Duration::from_hours(1);

/// How often to try when another process makes the same table at the same moment.
const ATTEMPTS: u32 = 20;

/// Connects, and takes the steps that are missing.
pub(super) async fn run(address: &Address, connector: &Connector) -> Result<(), OpenError> {
    run_steps(address, connector, STEPS).await
}

/// The same with any steps, as another version of this program has them.
pub(super) async fn run_steps(address: &Address, connector: &Connector, steps: &[Step]) -> Result<(), OpenError> {
    let failed = |fault: Fault| OpenError::Server { name: address.to_string(), source: fault.error().clone() };
    let mut connection = connector.connect(Arc::new(Notify::new())).await.map_err(failed)?;
    connection.wait_for(LONGEST_STEP);
    check_server(address, &mut connection).await?;
    let version = match version(&mut connection).await.map_err(failed)? {
        Some(version) => version,
        None => begin(&mut connection).await.map_err(failed)?,
    };
    let version =
        if is_missing(version, steps) { upgrade(&mut connection, steps).await.map_err(failed)? } else { version };
    let known = count(steps);
    if version.oldest > known {
        let Version { number: found, oldest } = version;
        return Err(OpenError::NewerTables { name: address.to_string(), found, oldest, known });
    }
    Ok(())
}

/// What the database says of its tables.
#[derive(Clone, Copy, Debug)]
struct Version {
    /// How many steps were taken.
    number: i64,
    /// How many of them a program must know.
    pub(super) oldest: i64,
}

async fn check_server(address: &Address, connection: &mut Connection) -> Result<(), OpenError> {
    let failed = |source| OpenError::Server { name: address.to_string(), source };
    let rows = connection.rows(&[], SERVER, &[]).await.map_err(|fault| failed(fault.error().clone()))?;
    let said = rows.first().and_then(|row| Some((row.try_get(0).ok()?, row.try_get(1).ok()?, row.try_get(2).ok()?)));
    let (number, found, encoding): (i32, String, String) =
        said.ok_or_else(|| failed(StoreError::corrupt("the server does not tell its version")))?;
    if number < OLDEST_SERVER {
        return Err(OpenError::ServerTooOld { name: address.to_string(), found });
    }
    if encoding != "UTF8" {
        return Err(OpenError::Encoding { name: address.to_string(), found: encoding });
    }
    Ok(())
}

/// The version, or nothing where there are no tables yet.
async fn version(connection: &mut Connection) -> Result<Option<Version>, Fault> {
    let exists = connection.rows(&[], "SELECT to_regclass('meta') IS NOT NULL", &[]).await?;
    let exists = exists.first().and_then(|row| row.try_get(0).ok()).unwrap_or(false);
    if exists { look(connection, LOOK).await } else { Ok(None) }
}

async fn look(connection: &mut Connection, text: &'static str) -> Result<Option<Version>, Fault> {
    let rows = connection.rows(&[], text, &[]).await?;
    let number = |index: usize| rows.get(index).and_then(|row| row.try_get(0).ok());
    Ok(number(0).zip(number(1)).map(|(number, oldest)| Version { number, oldest }))
}

/// Makes the table that everything else is counted in. Two processes that do so at once may be in each other's way even
/// with `IF NOT EXISTS`: whoever fails finds the other's table the next time.
async fn begin(connection: &mut Connection) -> Result<Version, Fault> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match make_meta(connection).await {
            Ok(()) => break,
            Err(fault @ Fault::Lost(_)) => return Err(fault),
            Err(fault) if attempt == ATTEMPTS => return Err(fault),
            Err(_) => tokio::task::yield_now().await,
        }
    }
    Ok(Version { number: 0, oldest: 0 })
}

async fn make_meta(connection: &Connection) -> Result<(), Fault> {
    connection.run(MAKE_META).await?;
    connection.run(BEGIN_COUNTING).await
}

fn count(steps: &[Step]) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

fn is_missing(version: Version, steps: &[Step]) -> bool {
    version.number < count(steps)
}

/// Takes the missing steps, all or none, while others wait for the rows that are held. Gives the version afterwards.
async fn upgrade(connection: &mut Connection, steps: &[Step]) -> Result<Version, Fault> {
    connection.run("BEGIN; SET LOCAL statement_timeout = 0").await?;
    let unreadable = || Fault::Final(StoreError::corrupt("the version of the tables"));
    let found = look(connection, HOLD).await?.ok_or_else(unreadable)?;
    let taken = usize::try_from(found.number).map_err(|_| unreadable())?;
    let missing = steps.get(taken..).unwrap_or_default();
    for step in missing {
        connection.run(step.text).await?;
    }
    let Some(last) = missing.last() else {
        connection.run("ROLLBACK").await?;
        return Ok(found);
    };
    let version = Version { number: count(steps), oldest: last.oldest.max(found.oldest) };
    connection.count(&[], WRITE, &[&version.number, &version.oldest]).await?;
    connection.run("COMMIT").await?;
    tracing::info!(version = version.number, "the tables of the database are up to date");
    Ok(version)
}
