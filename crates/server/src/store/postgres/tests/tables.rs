//! The tables, and programs of other versions on them.

use super::{House, OnServer, Store, StoreUrl, limits};
use crate::store::OpenError;
use crate::store::conformance::fixture::{NOW, end, open, rotate, session, user, with_sessions, with_user};
use crate::store::postgres::connection::Connector;
use crate::store::postgres::migrate::{STEPS, Step, run_steps};
use crate::store::sessions::{OpenSessionOutcome, RotateOutcome, Which};
use crate::store::users::{CreateUser, CreateUserOutcome, FindUser};

/// Opens the tables as a version of the program with these further steps does.
async fn open_with(house: &OnServer, more: &[Step]) -> Result<(), OpenError> {
    let address = house.address();
    let connector = Connector::new(&address, limits()).unwrap();
    run_steps(&address, &connector, &[STEPS, more].concat()).await
}

fn adds(text: &'static str) -> Step {
    Step { text, oldest: 1 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_program_goes_on_beside_a_newer_one_until_it_is_told() {
    let Some(house) = OnServer::build("an_older_program_goes_on_beside_a_newer_one_until_it_is_told") else { return };
    let old = house.open();
    let ada = with_sessions(&old, [1, 2]).await;
    let added = adds(
        "ALTER TABLE users ADD COLUMN shoe_size BIGINT NOT NULL DEFAULT 42; CREATE TABLE shoes (id BIGINT); \
         ALTER TABLE sessions ADD COLUMN shoe_id BIGINT; CREATE INDEX sessions_by_shoe ON sessions (shoe_id)",
    );
    // The step waits for what is under way, and what comes meanwhile for the step; nothing fails.
    let refresh_on = async {
        for generation in 0..50 {
            let refreshed = old.rotate(rotate(1, generation, NOW)).await;
            assert!(matches!(refreshed, Ok(RotateOutcome::Rotated { .. })), "{refreshed:?}");
        }
    };
    let steps = [added];
    let (opened, ()) = tokio::join!(open_with(&house, &steps), refresh_on);
    opened.unwrap();
    let again = house.open();
    for (number, store) in [(10, &old), (20, &again)] {
        assert_eq!(store.read(FindUser { id: ada.id }).await, Ok(Some(ada.clone())));
        let made = CreateUser { session: Some(session(number, &user(number))), user: user(number) };
        assert_eq!(
            store.write(made).await,
            Ok(CreateUserOutcome::Created),
            "the one that runs goes on, and one can start"
        );
        let opened = store.write(open(session(number + 1, &ada))).await;
        assert!(matches!(opened, Ok(OpenSessionOutcome::Opened { .. })), "{opened:?}");
        let refreshed = store.rotate(rotate(number, 0, NOW)).await;
        assert!(matches!(refreshed, Ok(RotateOutcome::Rotated { .. })), "{refreshed:?}");
        assert_eq!(store.write(end(&user(number), Which::All)).await.unwrap().len(), 1);
    }
    open_with(&house, &[steps[0], Step { text: "ALTER TABLE users DROP COLUMN name", oldest: 2 }]).await.unwrap();
    let url = StoreUrl::Postgres(Box::new(house.address()));
    let refused = Store::open(&url, limits()).await.unwrap_err().to_string();
    assert!(refused.contains("version 3") && refused.contains("version 2, and this one knows version 1"), "{refused}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_that_fails_leaves_everything_as_it_was() {
    let Some(house) = OnServer::build("a_step_that_fails_leaves_everything_as_it_was") else { return };
    let steps = [adds("CREATE TABLE half (id BIGINT)"), adds("CREATE TABLE users (id BIGINT)")];
    let failed = open_with(&house, &steps).await.unwrap_err().to_string();
    assert!(failed.contains("already exists"), "{failed}");
    let tables = house.database.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").unwrap();
    assert_eq!(tables, [[Some("1".to_owned())]], "only the counters");
    let store = house.open();
    with_user(&store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_newer_programs_take_a_step_once() {
    let Some(house) = OnServer::build("several_newer_programs_take_a_step_once") else { return };
    house.open();
    let step = [adds("CREATE TABLE once (id BIGINT); INSERT INTO once VALUES (1)")];
    let opened = tokio::join!(open_with(&house, &step), open_with(&house, &step), open_with(&house, &step));
    assert!(matches!(opened, (Ok(()), Ok(()), Ok(()))), "{opened:?}");
    assert_eq!(house.database.run("SELECT id FROM once").unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_of_its_own_can_be_named() {
    let Some(house) = OnServer::build("a_schema_of_its_own_can_be_named") else { return };
    let url: StoreUrl = format!("{}?options=-csearch_path%3Dauth", house.database.url()).parse().unwrap();
    let absent = Store::open(&url, limits()).await.unwrap_err().to_string();
    assert!(absent.contains("no schema has been selected"), "{absent}");
    house.database.run("CREATE SCHEMA auth").unwrap();
    let store = Store::open(&url, limits()).await.unwrap();
    with_user(&store).await;
    assert_eq!(house.database.run("SELECT id FROM auth.users").unwrap().len(), 1);
    assert_eq!(house.open().read(FindUser { id: user(1).id }).await, Ok(None), "another schema is another store");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_reached_is_said_without_the_password() {
    let Some(house) = OnServer::build("what_cannot_be_reached_is_said_without_the_password") else { return };
    let place = house.database.url();
    let (_, at) = place.split_once('@').unwrap();
    let cases = [
        ("postgres://nobody:hush@127.0.0.1:1/auth".to_owned(), "refused"),
        (format!("postgres://no_such_role:hush@{at}"), "no_such_role"),
        (format!("{}_absent", place.replace("postgres@", "postgres:hush@")), "does not exist"),
    ];
    for (url, expected) in cases {
        let refused = Store::open(&url.parse().unwrap(), limits()).await.unwrap_err();
        let said = format!("{refused} {refused:?}");
        assert!(said.contains(expected) && !said.contains("hush"), "{said}");
    }
}
