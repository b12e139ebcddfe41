//! The systems whose exports are read: one table.

use std::path::Path;

use clap::ValueEnum;
use jotgate_server::flows::Imported;

use super::fields::Fields;
use super::firebase::HashConfig;
use super::{auth0, django, express, firebase, jotgate, keycloak, supabase};
use crate::exit::Failure;
use crate::input::Input;

/// A system that accounts come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Origin {
    /// Our own form
    #[default]
    Jotgate,
    /// A hand-written application, by the usual names of its columns
    Express,
    /// `manage.py dumpdata auth.user`, or the table `auth_user` as CSV
    Django,
    /// The table `auth.users`, as CSV or JSON
    Supabase,
    /// A bulk export of users, or the export of password hashes that Auth0 makes on request
    Auth0,
    /// An export of a realm with its users
    Keycloak,
    /// `firebase auth:export FILE.json`
    Firebase,
}

/// Reads the accounts of one system.
#[derive(Debug)]
pub(super) struct Reader {
    origin: Origin,
    hash_config: Option<HashConfig>,
}

impl Reader {
    pub(super) fn new(origin: Origin, hash_config: Option<&Path>) -> Result<Self, Failure> {
        let hash_config = match (origin, hash_config) {
            (Origin::Firebase, Some(path)) => {
                let text = Input::File(path.to_owned()).read_text(firebase::MAX_HASH_CONFIG)?;
                Some(HashConfig::parse(&text).map_err(Failure::usage)?)
            }
            (_, Some(_)) => return Err(Failure::usage("--hash-config goes with --from firebase only")),
            (_, None) => None,
        };
        Ok(Self { origin, hash_config })
    }

    /// The account in a record, or why there is none.
    pub(super) fn read(&self, fields: &Fields) -> Result<Imported, String> {
        match (self.origin, &self.hash_config) {
            (Origin::Jotgate, _) => jotgate::read(fields),
            (Origin::Express, _) => express::read(fields),
            (Origin::Django, _) => django::read(fields),
            (Origin::Supabase, _) => supabase::read(fields),
            (Origin::Auth0, _) => auth0::read(fields),
            (Origin::Keycloak, _) => keycloak::read(fields),
            (Origin::Firebase, Some(config)) => firebase::read(fields, config),
            (Origin::Firebase, None) => Err("needs --hash-config".to_owned()),
        }
    }
}
