//! `jotgate users import`: accounts of another system.
//!
//! Accounts are made in groups, each in one transaction, and one whose address is known is left alone. So an import that
//! was interrupted is begun again with the same command.

use std::collections::HashMap;
use std::path::PathBuf;

use jotgate_server::App;
use jotgate_server::domain::email::Email;
use jotgate_server::flows::{self, ImportMode, ImportOutcome, Imported};

use crate::config_source::ConfigArgs;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::store::{self, Absent};

mod auth0;
mod django;
mod express;
mod fields;
mod firebase;
mod jotgate;
mod keycloak;
mod origin;
mod progress;
mod records;
mod report;
mod supabase;

use origin::{Origin, Reader};
use progress::Progress;
use records::{Record, Records};
use report::Report;

/// Accounts in one transaction. Other changes wait for it, so that it must not take long.
const GROUP: usize = 250;

/// Takes accounts over from another system, with their passwords' hashes as they are
#[derive(Debug, clap::Args)]
#[command(after_help = "\
FILE is JSON Lines, a JSON document, or CSV with a head (a name ending in .csv). Without --from, an account has
`email` and, as far as they are known, `id`, `email_verified`, `name`, `roles`, `password_hash`, `disabled`, `created_at`.
People log in with the password they have, and its hash is replaced then. An account whose address is known is left
alone, so an import that was interrupted is begun again with the same command. Exits with 1 when accounts were refused.

Examples:
  jotgate users import users.jsonl --dry-run
  jotgate users import users.csv --from express --refused refused.jsonl
  jotgate users import users.json --from firebase --hash-config hash-config.txt")]
pub(crate) struct Args {
    /// The file of accounts
    file: PathBuf,
    /// The system that wrote the file
    #[arg(long, value_enum, default_value_t, value_name = "SYSTEM")]
    from: Origin,
    /// Firebase's password hash parameters, as its console shows them
    #[arg(long, value_name = "FILE", required_if_eq("from", "firebase"))]
    hash_config: Option<PathBuf>,
    /// Write the refused accounts to this file, with the reasons, one JSON object a line
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,
    /// Say what would become of each account, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    config: ConfigArgs,
}

pub(crate) fn run(args: &Args, output: Output) -> Result<Exit, Failure> {
    let reader = Reader::new(args.from, args.hash_config.as_deref())?;
    let records = Records::open(&args.file)?;
    let absent = if args.dry_run { Absent::Refuse } else { Absent::Make };
    let mode = if args.dry_run { ImportMode::DryRun } else { ImportMode::Write };
    store::with(&args.config, absent, output, |app| async {
        // Only now, so that a command that could not begin leaves no file that it refuses to replace the next time.
        let report = Report::new(output, args.refused.as_deref(), mode, records.noun())?;
        Import { app, mode, reader, report, seen: HashMap::new() }.run(records, output).await
    })
}

/// An import under way.
struct Import {
    app: App,
    mode: ImportMode,
    reader: Reader,
    report: Report,
    /// Where in the file each address was seen.
    seen: HashMap<Box<str>, u64>,
}

impl Import {
    async fn run(mut self, mut records: Records, output: Output) -> Result<Exit, Failure> {
        let progress = Progress::new(records.size(), output);
        let mut group = Vec::with_capacity(GROUP);
        while let Some(record) = records.next()? {
            group.extend(self.read(record)?);
            if group.len() == GROUP {
                self.write(std::mem::take(&mut group)).await?;
                progress.at(records.position());
            }
        }
        self.write(group).await?;
        progress.end();
        self.report.finish()
    }

    /// The account of a record, unless it is refused.
    fn read(&mut self, record: Record) -> Result<Option<(u64, Imported)>, Failure> {
        let Record { place, content } = record;
        match content
            .and_then(|fields| self.reader.read(&fields))
            .and_then(|account| self.first_of_its_address(place, account))
        {
            Ok(account) => Ok(Some((place, account))),
            Err(reason) => self.report.refused(place, &reason).map(|()| None),
        }
    }

    fn first_of_its_address(&mut self, place: u64, account: Imported) -> Result<Imported, String> {
        // What is no address is refused with the others' reasons.
        let Ok(email) = Email::parse(&account.email) else { return Ok(account) };
        match self.seen.insert(email.key().into(), place) {
            Some(before) => {
                self.seen.insert(email.key().into(), before);
                Err(format!("has the address of {} {before}", self.report.noun()))
            }
            None => Ok(account),
        }
    }

    async fn write(&mut self, group: Vec<(u64, Imported)>) -> Result<(), Failure> {
        let (places, accounts): (Vec<u64>, Vec<Imported>) = group.into_iter().unzip();
        let outcomes = flows::import(&self.app, accounts, self.mode).await.map_err(store::refused)?;
        for (place, outcome) in places.into_iter().zip(outcomes) {
            match outcome {
                ImportOutcome::Imported(_) => self.report.imported(),
                ImportOutcome::Known => self.report.known(),
                ImportOutcome::Refused(refusal) => self.report.refused(place, &refusal.to_string())?,
            }
        }
        Ok(())
    }
}
