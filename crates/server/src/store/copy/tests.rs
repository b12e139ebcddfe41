//! Copies between stores of any two kinds.

use super::*;
use crate::domain::key::{KeyPurpose, KeyState, StoredKey};
use crate::store::audit::ListLines;
use crate::store::conformance::House;
use crate::store::conformance::fixture::{NOW, end, open, rotate, session, user, with_sessions};
use crate::store::keys::{InsertKeysIfNone, LoadKeys};
use crate::store::sessions::{FindSession, OpenSession, Which as WhichSessions};
use crate::store::users::{CreateUser, DeleteUser};

/// Makes a test of each case for two kinds of house.
macro_rules! copies {
    ($name:ident, $from:ty, $to:ty) => {
        $crate::store::copy::tests::copies! { @ $name, $from, $to;
            everything_goes_over
            an_interrupted_copy_goes_on_and_is_not_served_before
            a_source_that_changed_between_two_tries_is_followed
            a_source_that_changes_meanwhile_is_found_out
            data_is_never_overwritten
        }
    };
    (@ $name:ident, $from:ty, $to:ty; $($case:ident)*) => {
        mod $name {
            #[allow(unused_imports, reason = "a house may be named by its path")]
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                use $crate::store::conformance::House;
                if let (Some(from), Some(to)) = (<$from>::build(stringify!($case)), <$to>::build(stringify!($case))) {
                    $crate::store::copy::tests::$case(&from, &to).await;
                }
            })*
        }
    };
}

pub(in crate::store) use copies;

/// Some pages of sessions, some of them ended, and a key.
async fn furnished(house: &impl House) -> Store {
    let store = house.open();
    let ada = with_sessions(&store, 1..=70).await;
    store.write(rotate(7, 0, NOW)).await.unwrap();
    store.write(end(&ada, WhichSessions::One(session(9, &ada).id))).await.unwrap();
    let key = StoredKey {
        kid: "Ünïcode \u{1F511}".to_owned(),
        purpose: KeyPurpose::Signing,
        algorithm: "EdDSA".to_owned(),
        state: KeyState::Active,
        sealed: Some(vec![0, 255, 39, 0]),
        public: Some(vec![39, 0]),
        created_at: NOW,
        activate_at: Some(NOW),
        activated_at: Some(NOW),
        retired_at: None,
    };
    store.write(InsertKeysIfNone { keys: vec![key], master: -7 }).await.unwrap();
    store
}

const PAGE: u32 = 20;

async fn copy(from: &Store, to: &Store) -> Result<Vec<CopiedTable>, CopyError> {
    between(from, to, &names(), (PAGE, &By::command_line()), &mut |_| {}).await
}

fn names() -> (String, String) {
    ("the old store".to_owned(), "the new store".to_owned())
}

pub(in crate::store) async fn everything_goes_over(from: &impl House, to: &impl House) {
    let (source, destination) = (furnished(from).await, to.open());
    let mut steps = Vec::new();
    let copied = between(&source, &destination, &names(), (PAGE, &By::command_line()), &mut |step| steps.push(step))
        .await
        .unwrap();
    let rows = |name: &str| copied.iter().find(|table| table.table == name).map(|table| table.rows);
    assert_eq!(
        (rows("users"), rows("sessions"), rows("revocations"), rows("keys")),
        (Some(1), Some(70), Some(1), Some(1))
    );
    assert!(steps.iter().all(|step| step.done <= step.total) && steps.windows(2).all(|two| two[0].done <= two[1].done));
    assert_eq!(steps.last().map(|step| step.done), steps.last().map(|step| step.total));
    assert_eq!(destination.read(LoadKeys).await, source.read(LoadKeys).await);
    let rotated = FindSession { id: session(7, &user(1)).id };
    assert_eq!(destination.read(rotated).await.unwrap().map(|session| session.generation), Some(1));
    // The feed goes on with the next number, and not again from the first.
    destination.write(end(&user(1), WhichSessions::All)).await.unwrap();
    let feed = destination.read(crate::store::revocations::RevocationsAfter { after: 1, limit: 1 }).await.unwrap();
    assert_eq!(feed.entries.first().map(|entry| entry.sequence), Some(2));
    assert!(!destination.read(IsUnfinishedCopy).await.unwrap());
    // Another copy into it that ends at the same time.
    destination.write(Finish(system_line(Event::StoreCopy, &By::command_line()))).await.unwrap();
    assert_eq!((copies_told(&source).await, copies_told(&destination).await), (0, 1));
}

/// How often the trail says that the store was copied.
async fn copies_told(store: &Store) -> usize {
    let event = Some(Event::StoreCopy);
    let lines = ListLines { before: None, since: None, user: None, event, by: None, limit: 100 };
    store.read(lines).await.unwrap().len()
}

pub(in crate::store) async fn an_interrupted_copy_goes_on_and_is_not_served_before(from: &impl House, to: &impl House) {
    let (source, destination) = (furnished(from).await, to.open());
    {
        let (sender, mut stopped) = tokio::sync::mpsc::unbounded_channel();
        let (names, by) = (names(), By::command_line());
        let mut after_a_page = |step: CopyProgress| {
            if step.table == "sessions" {
                let _ = sender.send(());
            }
        };
        let copying = between(&source, &destination, &names, (PAGE, &by), &mut after_a_page);
        tokio::select! {
            biased;
            _ = stopped.recv() => {}
            done = copying => assert!(done.is_ok(), "a copy too fast to be interrupted is a copy"),
        }
    }
    let served = !destination.read(IsUnfinishedCopy).await.unwrap();
    let again = copy(&source, &destination).await;
    assert_eq!(again.is_ok(), !served, "{again:?}");
    assert!(!destination.read(IsUnfinishedCopy).await.unwrap());
    assert!(matches!(copy(&source, &destination).await, Err(CopyError::NotEmpty(_))));
    assert_eq!(copies_told(&destination).await, 1, "once, however often it was begun");
}

pub(in crate::store) async fn a_source_that_changed_between_two_tries_is_followed(from: &impl House, to: &impl House) {
    let (source, destination) = (furnished(from).await, to.open());
    copy(&source, &destination).await.unwrap();
    destination.write(Mark).await.unwrap();
    let half = copy(&destination, &source).await;
    assert!(matches!(half, Err(CopyError::SourceUnfinished(_))), "{half:?}");
    source.write(DeleteUser { id: user(1).id, now: NOW, forget_at: NOW }).await.unwrap();
    source.write(CreateUser { user: user(2), session: Some(session(1, &user(2))) }).await.unwrap();
    let copied = copy(&source, &destination).await.unwrap();
    let rows = |name: &str| copied.iter().find(|table| table.table == name).map(|table| table.rows);
    assert_eq!((rows("users"), rows("sessions")), (Some(1), Some(1)));
    let found = destination.read(FindSession { id: session(1, &user(2)).id }).await.unwrap();
    assert_eq!(found.map(|session| session.user_id), Some(user(2).id));
}

pub(in crate::store) async fn a_source_that_changes_meanwhile_is_found_out(from: &impl House, to: &impl House) {
    let (source, destination) = (furnished(from).await, to.open());
    let meanwhile = from.open();
    let mut once = true;
    let mut change = |step: CopyProgress| {
        if step.table == "keys" && std::mem::take(&mut once) {
            let newcomer = OpenSession { verified: None, ..open(session(5000, &user(1))) };
            let written = async { meanwhile.write(newcomer).await };
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(written)).unwrap();
        }
    };
    let told = between(&source, &destination, &names(), (PAGE, &By::command_line()), &mut change).await.unwrap_err();
    assert!(matches!(told, CopyError::Differs { table: "sessions", from: 71, to: 70 }), "{told}");
    assert!(destination.read(IsUnfinishedCopy).await.unwrap());
    copy(&source, &destination).await.unwrap();
}

pub(in crate::store) async fn data_is_never_overwritten(from: &impl House, to: &impl House) {
    let (source, destination) = (furnished(from).await, to.open());
    destination.write(CreateUser { user: user(3), session: None }).await.unwrap();
    let told = copy(&source, &destination).await.unwrap_err().to_string();
    assert!(told.contains("the new store holds data already"), "{told}");
    assert!(!destination.read(IsUnfinishedCopy).await.unwrap());
}
