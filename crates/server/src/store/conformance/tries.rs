use super::House;
use super::fixture::{NOW, at_once};
use crate::domain::throttle::Tries;
use crate::store::Store;
use crate::store::tries::{ChangedTries, CountTries, DropTries, ForgetTries, ShareTries, TriesAfter, TriesChange};

fn change(name: u8, failed: u32) -> TriesChange {
    TriesChange { name: [name; 16], failed, cleared: false, since: NOW, last: NOW, longest: 60 }
}

async fn share(store: &Store, changes: impl IntoIterator<Item = TriesChange>) {
    store.write(ShareTries { changes: changes.into_iter().collect() }).await.unwrap();
}

async fn after(store: &Store, after: u64) -> ChangedTries {
    store.read(TriesAfter { after, limit: 100 }).await.unwrap()
}

/// The first byte of each name with its failures, in the order of the changes.
async fn counted(store: &Store, since: u64) -> Vec<(u8, u32)> {
    after(store, since).await.tries.iter().map(|stored| (stored.name[0], stored.tries.failed)).collect()
}

pub(in crate::store) async fn what_servers_count_adds_up(house: &impl House) {
    let (one, other) = (house.open(), house.open());
    share(&one, [change(1, 3), change(2, 4)]).await;
    share(&other, [change(1, 2), TriesChange { cleared: true, ..change(2, 1) }]).await;
    assert_eq!(counted(&one, 0).await, [(1, 5), (2, 1)]);
    // Of one server, too.
    share(&one, [change(3, 1), change(3, 2)]).await;
    assert_eq!(counted(&one, 4).await, [(3, 3)]);
    // A minute later one of the five is forgiven.
    let later = TriesChange { last: NOW.plus_seconds(61), ..change(1, 1) };
    share(&one, [later]).await;
    let found = after(&other, 6).await.tries;
    assert_eq!(found[0].tries, Tries { failed: 5, since: NOW.plus_seconds(60), last: NOW.plus_seconds(61) });
}

pub(in crate::store) async fn a_change_is_seen_by_everyone_once(house: &impl House) {
    let (one, other) = (house.open(), house.open());
    assert_eq!(after(&one, 0).await, ChangedTries { head: 0, tries: Vec::new() });
    share(&one, [change(1, 3), change(2, 3), change(3, 3)]).await;
    share(&other, [change(2, 1)]).await;
    assert_eq!(counted(&other, 0).await, [(1, 3), (3, 3), (2, 4)]);
    assert_eq!(counted(&one, 3).await, [(2, 4)]);
    assert_eq!(after(&one, 4).await, ChangedTries { head: 4, tries: Vec::new() });
    // Whoever has seen more than there is learns it.
    assert_eq!(after(&one, 9).await, ChangedTries { head: 4, tries: Vec::new() });
    let page = one.read(TriesAfter { after: 0, limit: 2 }).await.unwrap();
    assert_eq!(page.tries.iter().map(|stored| stored.sequence).collect::<Vec<_>>(), [1, 3]);
}

pub(in crate::store) async fn what_is_forgotten_is_gone(house: &impl House) {
    let store = house.open();
    share(&store, (1..=9).map(|name| change(name, u32::from(name)))).await;
    assert_eq!(store.read(CountTries).await, Ok(9));
    // One failure is forgiven each minute.
    let now = NOW.plus_seconds(240);
    assert_eq!(store.write(ForgetTries { now, limit: 3 }).await, Ok(3));
    assert_eq!(store.write(ForgetTries { now, limit: 3 }).await, Ok(1));
    assert_eq!(store.write(ForgetTries { now, limit: 3 }).await, Ok(0));
    assert_eq!(store.write(DropTries { count: 2 }).await, Ok(2));
    assert_eq!(counted(&store, 0).await, [(7, 7), (8, 8), (9, 9)]);
}

/// Servers that name the same counters in another order, while others are forgotten.
pub(in crate::store) async fn servers_that_share_at_once_lose_nothing(house: &impl House) {
    let store = house.open();
    let rounds = (0..20).map(|round| {
        let names: Vec<u8> = if round % 2 == 0 { (1..=8).collect() } else { (1..=8).rev().collect() };
        ShareTries { changes: names.into_iter().map(|name| change(name, 1)).collect() }
    });
    let forgetting = (0..10).map(|_| ForgetTries { now: NOW.minus_seconds(1), limit: 100 });
    let (shared, forgotten) = tokio::join!(at_once(&store, rounds), at_once(&store, forgetting));
    assert!(shared.iter().all(Result::is_ok), "{shared:?}");
    assert!(forgotten.iter().all(|forgotten| *forgotten == Ok(0)), "{forgotten:?}");
    let mut counted = counted(&store, 0).await;
    counted.sort_unstable();
    assert_eq!(counted, (1..=8).map(|name| (name, 20)).collect::<Vec<_>>());
    assert_eq!(after(&store, 160).await.head, 160);
}
