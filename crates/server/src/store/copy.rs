//! Moving house: copies everything of one store into another, of either kind.
//!
//! Rows go over in pages, in the order of their keys. A page that is there already is not written again, so a copy that
//! was interrupted goes on where it was. At the end both sides are read once more, and their counts and checksums must
//! agree: that finds a copy that went wrong, and a source that was written to meanwhile. Until then the destination is
//! marked, and no server starts on it.

use std::collections::HashMap;

use aws_lc_rs::digest::{Context, SHA256};

use super::error::{OpenError, StoreError};
use super::tx::Value;
use super::url::{InvalidStoreUrl, StoreUrl};
use super::{Op, ReadOp, Store};
use crate::audit::system_line;
use crate::config::StoreConfig;
use crate::domain::audit::{By, Event};

pub(in crate::store) mod ops;
mod tables;
#[cfg(test)]
pub(in crate::store) mod tests;

pub(crate) use ops::IsUnfinishedCopy;
use ops::{Between, Count, Finish, Line, Mark, Page, Put, Remove, Which};

/// Rows read and written at a time.
const PAGE: u32 = 1000;

/// Why a store was not copied.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopyError {
    /// One of the two is not the name of a store.
    #[error("{which}: {reason}")]
    Url {
        /// `from` or `to`.
        which: &'static str,
        /// What is wrong.
        reason: InvalidStoreUrl,
    },
    /// Both are the same store.
    #[error("the two are the same store; name another to copy to")]
    Same,
    /// Nothing is there to copy.
    #[error("there is no store at {0}")]
    NoSource(String),
    /// The destination holds something else.
    #[error(
        "{0} holds data already, and not of an unfinished copy; name an empty database, or a file that is not there"
    )]
    NotEmpty(String),
    /// The source is itself half a copy.
    #[error("{0} is the destination of a copy that was not finished; finish that one first")]
    SourceUnfinished(String),
    /// A store cannot be opened.
    #[error("{which}: {source}")]
    Open {
        /// `from` or `to`.
        which: &'static str,
        /// Why.
        source: OpenError,
    },
    /// A store fails.
    #[error("{which}: {source}")]
    Store {
        /// `from` or `to`.
        which: &'static str,
        /// How.
        source: StoreError,
    },
    /// The two differ at the end.
    #[error(
        "the table {table} differs at the end ({from} rows against {to}): the source was written to meanwhile; stop its \
         servers and run the same command again, it goes on from here"
    )]
    Differs {
        /// Where.
        table: &'static str,
        /// Rows in the source.
        from: u64,
        /// Rows in the destination.
        to: u64,
    },
}

/// How far a copy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CopyProgress {
    /// What is being done, in a word: `copying` or `checking`.
    pub step: &'static str,
    /// The table.
    pub table: &'static str,
    /// Rows done of all tables, in both steps.
    pub done: u64,
    /// Rows to do in both steps.
    pub total: u64,
}

/// A table that was copied and checked.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct CopiedTable {
    /// Its name.
    pub table: &'static str,
    /// Its rows, on both sides.
    pub rows: u64,
    /// SHA-256 over the rows in their order, in hexadecimal; the same on both sides.
    pub sha256: String,
}

/// Copies everything from one store into another that is empty, or holds an unfinished copy. A destination of its own kind
/// is made when it is not there. When it is whole, its audit trail says who did it.
///
/// # Errors
///
/// When either cannot be used, or they differ at the end. The destination stays marked as unfinished then, and the same
/// call goes on where it was.
pub async fn copy_store(
    from: &str,
    to: &str,
    by: &By,
    mut progress: impl FnMut(CopyProgress) + Send,
) -> Result<Vec<CopiedTable>, CopyError> {
    let parse = |which, text: &str| text.parse::<StoreUrl>().map_err(|reason| CopyError::Url { which, reason });
    let (from, to) = (parse("from", from)?, parse("to", to)?);
    if from.same_place(&to) {
        return Err(CopyError::Same);
    }
    if !from.may_exist() {
        return Err(CopyError::NoSource(from.to_string()));
    }
    let source = open("from", &from).await?;
    let destination = open("to", &to).await?;
    let names = (from.to_string(), to.to_string());
    let copied = between(&source, &destination, &names, (PAGE, by), &mut progress).await;
    source.close().await;
    destination.close().await;
    copied
}

async fn open(which: &'static str, url: &StoreUrl) -> Result<Store, CopyError> {
    let opened = Store::open(url, StoreConfig::default().limits()).await;
    opened.map_err(|source| CopyError::Open { which, source })
}

/// Copies between two open stores; the names are for errors, and who did it for the trail of the destination.
async fn between(
    source: &Store,
    destination: &Store,
    (from, to): &(String, String),
    (page, by): (u32, &By),
    progress: &mut (impl FnMut(CopyProgress) + Send),
) -> Result<Vec<CopiedTable>, CopyError> {
    let (source, destination) =
        (Side { which: "from", store: source, name: from }, Side { which: "to", store: destination, name: to });
    Copying { source, destination, page, by, progress, done: 0, total: 0 }.run().await
}

/// One of the two stores, with its names for errors.
struct Side<'a> {
    which: &'static str,
    store: &'a Store,
    name: &'a str,
}

impl Side<'_> {
    async fn read<O: ReadOp>(&self, op: O) -> Result<O::Output, CopyError> {
        self.store.read(op).await.map_err(|source| CopyError::Store { which: self.which, source })
    }

    async fn write<O: Op>(&self, op: O) -> Result<O::Output, CopyError> {
        self.store.write(op).await.map_err(|source| CopyError::Store { which: self.which, source })
    }
}

struct Copying<'a, P> {
    source: Side<'a>,
    destination: Side<'a>,
    /// Rows read and written at a time.
    page: u32,
    by: &'a By,
    progress: &'a mut P,
    done: u64,
    total: u64,
}

impl<P: FnMut(CopyProgress) + Send> Copying<'_, P> {
    async fn run(mut self) -> Result<Vec<CopiedTable>, CopyError> {
        if self.source.read(IsUnfinishedCopy).await? {
            return Err(CopyError::SourceUnfinished(self.source.name.to_owned()));
        }
        if self.destination.read(IsUnfinishedCopy).await? {
            self.remove_surplus().await?;
        } else {
            self.refuse_data().await?;
            self.destination.write(Mark).await?;
        }
        for of in Which::all() {
            // Each row is copied, and then read on both sides.
            self.total += 2 * self.source.read(Count(of)).await?;
        }
        for of in Which::all() {
            self.copy(of).await?;
        }
        let mut checked = Vec::new();
        for of in Which::all() {
            checked.push(self.check(of).await?);
        }
        // After all lines that were copied.
        let line = system_line(Event::StoreCopy, self.by).target(self.source.name.to_owned());
        self.destination.write(Finish(line)).await?;
        Ok(checked)
    }

    async fn refuse_data(&self) -> Result<(), CopyError> {
        for of in Which::all().filter(|of| of.table().name != "meta") {
            if self.destination.read(Count(of)).await? > 0 {
                return Err(CopyError::NotEmpty(self.destination.name.to_owned()));
            }
        }
        Ok(())
    }

    /// Takes out of the destination what an earlier try copied and the source no longer has, or has otherwise; what refers
    /// to others first.
    async fn remove_surplus(&self) -> Result<(), CopyError> {
        for of in Which::all().rev() {
            let mut after = of.before_all();
            loop {
                let page = self.destination.read(Page { of, after: after.clone(), limit: self.page }).await?;
                let Some(last) = page.last().map(|line| line.key().clone()) else { break };
                let kept = self.source.read(Between { of, after, last: last.clone() }).await?;
                let kept = by_key(&kept);
                let stays =
                    |line: &Line| kept.get(line.key()).is_some_and(|kept| of.table().is_referred_to || *kept == line);
                let keys = page.iter().filter(|line| !stays(line)).map(|line| line.key().clone()).collect();
                self.destination.write(Remove { of, keys }).await?;
                after = last;
            }
        }
        Ok(())
    }

    async fn copy(&mut self, of: Which) -> Result<(), CopyError> {
        let mut after = of.before_all();
        loop {
            let page = self.source.read(Page { of, after: after.clone(), limit: self.page }).await?;
            let Some(last) = page.last().map(|line| line.key().clone()) else { return Ok(()) };
            let there = self.destination.read(Between { of, after, last: last.clone() }).await?;
            let rows = page.len();
            let there = by_key(&there);
            let lines: Vec<_> = page.into_iter().filter(|line| there.get(line.key()) != Some(&line)).collect();
            if !lines.is_empty() {
                self.destination.write(Put { of, lines }).await?;
            }
            self.step("copying", of, rows);
            after = last;
        }
    }

    async fn check(&mut self, of: Which) -> Result<CopiedTable, CopyError> {
        let table = of.table().name;
        let (from, to) = tokio::join!(digest(&self.source, of), digest(&self.destination, of));
        let (from, to) = (from?, to?);
        if from != to {
            return Err(CopyError::Differs { table, from: from.rows, to: to.rows });
        }
        self.step("checking", of, usize::try_from(from.rows).unwrap_or(usize::MAX));
        Ok(CopiedTable { table, rows: from.rows, sha256: from.sha256 })
    }

    fn step(&mut self, step: &'static str, of: Which, rows: usize) {
        self.done += rows as u64;
        (self.progress)(CopyProgress { step, table: of.table().name, done: self.done, total: self.total });
    }
}

/// Every column that is copied, as `table.column`, to be held against the schema.
#[cfg(test)]
pub(in crate::store) fn columns() -> std::collections::BTreeSet<String> {
    let of = |table: &'static tables::Table| table.columns.iter().map(|column| format!("{}.{column}", table.name));
    tables::TABLES.iter().flat_map(of).collect()
}

fn by_key(lines: &[Line]) -> HashMap<&Value, &Line> {
    lines.iter().map(|line| (line.key(), line)).collect()
}

#[derive(PartialEq, Eq)]
struct Digest {
    rows: u64,
    sha256: String,
}

/// Reads a whole table and digests it, each value with its kind and length before it.
async fn digest(side: &Side<'_>, of: Which) -> Result<Digest, CopyError> {
    let (mut context, mut rows, mut after) = (Context::new(&SHA256), 0, of.before_all());
    loop {
        let page = side.read(Page { of, after, limit: PAGE }).await?;
        rows += page.len() as u64;
        page.iter().flat_map(|line| &line.0).for_each(|value| add(&mut context, value));
        let Some(last) = page.last().map(|line| line.key().clone()) else { break };
        after = last;
    }
    Ok(Digest { rows, sha256: hexadecimal(context.finish().as_ref()) })
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

fn add(context: &mut Context, value: &Value) {
    let number;
    let (kind, bytes): (u8, &[u8]) = match value {
        Value::Null => (0, &[]),
        Value::Int(value) => {
            number = value.to_be_bytes();
            (1, &number)
        }
        Value::Text(text) => (2, text.as_bytes()),
        Value::Bytes(bytes) => (3, bytes),
    };
    context.update(&[kind]);
    context.update(&(bytes.len() as u64).to_be_bytes());
    context.update(bytes);
}
