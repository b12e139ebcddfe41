//! Kills the server at random moments under load. What was answered must be there after the restart, and no other change
//! half.

mod client;
pub(crate) mod ledger;
mod place;

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::chance::Chance;
use crate::nodes::Node;
use crate::report::{Goal, Report, Row};
use client::Client;
pub(crate) use place::Place;

/// Complaints that a report repeats in full.
const SHOWN: usize = 5;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often the server is killed.
    #[arg(long, default_value_t = 200)]
    kills: u32,
    /// Clients that load it.
    #[arg(long, default_value_t = 16)]
    clients: u64,
    /// Its store is on a PostgreSQL of its own, instead of SQLite.
    #[arg(long)]
    postgres: bool,
    /// Decides when it is killed.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<Report> {
    let place = Place::new(options.postgres)?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut chance = Chance::new(options.seed);
    let mut server = place.start()?;
    let mut clients = runtime.block_on(register(server.address, options.clients))?;
    let mut complaints = Vec::new();
    for _ in 0..options.kills {
        let moment = Duration::from_millis(chance.below(200));
        clients = runtime.block_on(kill_after(moment, &mut server, clients))?;
        server = place.start()?;
        let checker = Checker { store: place.url(), servers: &[server.address] };
        complaints.extend(checker.check(&runtime, &mut clients)?);
    }
    let answers: u64 = clients.iter().map(|client| client.answers).sum();
    Ok(report(options.kills, answers, &complaints))
}

fn report(kills: u32, answers: u64, complaints: &[String]) -> Report {
    let shown = &complaints[..complaints.len().min(SHOWN)];
    let detail = json!({"kills": kills, "answers": answers, "complaints": shown});
    let count = u32::try_from(complaints.len()).map_or(f64::INFINITY, f64::from);
    let row = Row { id: "kill.complaints".to_owned(), ratio: count, goal: Goal::AtMost(0.0), detail };
    Report::new("kill", vec![row])
}

async fn register(address: SocketAddr, clients: u64) -> anyhow::Result<Vec<Client>> {
    let mut registered = Vec::new();
    for number in 0..clients {
        registered.push(Client::register(address, number).await?);
    }
    Ok(registered)
}

async fn kill_after(moment: Duration, server: &mut Node, clients: Vec<Client>) -> anyhow::Result<Vec<Client>> {
    let loading = load(server.address, clients, u64::MAX);
    let killing = async {
        tokio::time::sleep(moment).await;
        server.kill()
    };
    let (clients, ()) = tokio::try_join!(loading, killing)?;
    Ok(clients)
}

async fn load(address: SocketAddr, clients: Vec<Client>, requests: u64) -> anyhow::Result<Vec<Client>> {
    let mut running = JoinSet::new();
    for client in clients {
        running.spawn(client.go_on(address, requests));
    }
    running.join_all().await.into_iter().collect()
}

/// Compares what clients were told with a store, and asks its servers about what they were not told. It knows neither what
/// kind of store it is nor who runs the servers.
struct Checker<'a> {
    /// As `store.url` names it.
    store: String,
    /// The servers; each client asks one of them.
    servers: &'a [SocketAddr],
}

impl Checker<'_> {
    fn check(&self, runtime: &Runtime, clients: &mut [Client]) -> anyhow::Result<Vec<String>> {
        let (stored, mut complaints) = ledger::read(&self.store)?;
        complaints.extend(ledger::compare(clients.iter().flat_map(Client::told), &stored));
        for (client, server) in clients.iter_mut().zip(self.servers.iter().cycle()) {
            complaints.extend(runtime.block_on(client.settle(*server, &stored))?);
        }
        Ok(complaints)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::Arc;

    use jotgate_server::SystemClock;

    use super::*;
    use crate::refresh::House;
    use crate::site::Site;

    /// The state of a store after some load, and again after some more.
    fn two_states() -> (Site, Vec<Client>, House, tempfile::TempDir, Runtime) {
        let site = Site::start(Arc::new(SystemClock), |_| {}).unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let earlier = tempfile::tempdir().unwrap();
        let clients = runtime.block_on(async {
            let clients = register(site.address, 4).await.unwrap();
            let clients = load(site.address, clients, 10).await.unwrap();
            for file in ["jotgate.db", "jotgate.db-wal"] {
                fs::copy(site.data().join(file), earlier.path().join(file)).unwrap();
            }
            load(site.address, clients, 10).await.unwrap()
        });
        let house = House(site.data().to_owned());
        (site, clients, house, earlier, runtime)
    }

    #[test]
    fn a_store_that_keeps_its_word_gets_no_complaint() {
        let (site, mut clients, house, _earlier, runtime) = two_states();
        let checker = Checker { store: house.store(), servers: &[site.address] };
        assert_eq!(checker.check(&runtime, &mut clients).unwrap(), Vec::<String>::new());
    }

    /// As a disk that says "written" and forgets.
    #[test]
    fn a_store_that_lies_is_found_out() {
        let (_site, clients, _house, earlier, _runtime) = two_states();
        let (stored, damage) = ledger::read(&House(earlier.path().to_owned()).store()).unwrap();
        assert_eq!(damage, Vec::<String>::new(), "it is sound, and yet not true");
        let complaints = ledger::compare(clients.iter().flat_map(Client::told), &stored);
        assert!(!complaints.is_empty());
    }

    /// As a store whose transactions fall apart: a new password, and sessions that should have ended with the old one.
    #[test]
    fn half_of_a_change_is_found_out() {
        let site = Site::start(Arc::new(SystemClock), |_| {}).unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let mut client = runtime.block_on(Client::register(site.address, 1)).unwrap();
        runtime.block_on(client.change_password_unheard(site.address)).unwrap();
        let (mut stored, _) = ledger::read(&House(site.data().to_owned()).store()).unwrap();
        for session in stored.values_mut() {
            session.ended = false;
        }
        let complaints = runtime.block_on(client.settle(site.address, &stored)).unwrap();
        assert!(complaints.iter().any(|complaint| complaint.contains("half of a password change")), "{complaints:?}");
    }
}
