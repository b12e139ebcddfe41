use super::*;

const FREE: u32 = 5;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_800_000_000 + seconds)
}

fn throttle() -> Throttle {
    Throttle::new(&config::Throttle { enabled: true }, b"a key")
}

fn who<'a>(account: &'a str, network: &str) -> Who<'a> {
    Who { account: Some(account), network: Some(Subnet::parse(network).unwrap()) }
}

fn fail(throttle: &Throttle, who: Who<'_>, now: Timestamp) {
    drop(throttle.admit(Act::LogIn, who, now).unwrap());
}

fn refused(throttle: &Throttle, who: Who<'_>, now: Timestamp) -> Option<Refused> {
    throttle.admit(Act::LogIn, who, now).map(Attempt::not_tried).err()
}

/// A network of its own for each number.
fn network(number: u32) -> String {
    format!("2001:db8:{:x}:{:x}::1", number >> 16, number & 0xFFFF)
}

#[test]
fn fifty_at_once_are_fifty_tries_and_the_right_one_among_them_is_no_exception() {
    let (throttle, who) = (throttle(), who("ada", "192.0.2.1"));
    let at_once: Vec<_> = (0..50).filter_map(|_| throttle.admit(Act::LogIn, who, at(0)).ok()).collect();
    assert_eq!(at_once.len(), FREE as usize);
    let mut at_once = at_once.into_iter();
    at_once.next().unwrap().succeeded();
    // The others are still under way.
    assert_eq!(refused(&throttle, who, at(0)), None);
    drop(at_once);
    assert_eq!(refused(&throttle, who, at(0)), None);
    fail(&throttle, who, at(0));
    assert_eq!(refused(&throttle, who, at(0)).map(|refused| refused.wait), Some(1));
}

#[test]
fn a_success_starts_its_own_account_and_network_anew_and_nothing_else() {
    let throttle = throttle();
    let (here, there, other) = (who("ada", "192.0.2.1"), who("ada", "192.0.2.2"), who("bob", "192.0.2.1"));
    for who in [here, there, other] {
        (0..FREE - 1).for_each(|_| fail(&throttle, who, at(0)));
    }
    throttle.admit(Act::LogIn, here, at(0)).unwrap().succeeded();
    (0..FREE).for_each(|_| fail(&throttle, here, at(0)));
    for who in [there, other] {
        fail(&throttle, who, at(0));
        assert_eq!(refused(&throttle, who, at(0)), Some(Refused { wait: 1, for_strangers: false }));
    }
    // Fourteen failures of one account and one success so far, which has not made them fewer; six more make twenty.
    (0..6).for_each(|number| fail(&throttle, who("ada", &network(number)), at(0)));
    (0..5).for_each(|_| throttle.admit_known(Act::LogIn, who("ada", &network(9)), at(0)).unwrap().succeeded());
    assert_eq!(refused(&throttle, who("ada", &network(8)), at(0)), Some(Refused { wait: 1, for_strangers: true }));
}

/// However many networks guess, the account is one; and whoever is known there need not wait for them.
#[test]
fn an_account_that_is_attacked_from_everywhere_waits_for_strangers_only() {
    let throttle = throttle();
    (0..20).for_each(|number| fail(&throttle, who("ada", &network(number)), at(0)));
    let home = who("ada", "192.0.2.1");
    assert_eq!(refused(&throttle, home, at(0)), Some(Refused { wait: 1, for_strangers: true }));
    throttle.admit_known(Act::LogIn, home, at(0)).unwrap().succeeded();
    assert_eq!(refused(&throttle, who("bob", "192.0.2.1"), at(0)), None);
    // The known one is held to their own failures.
    (0..FREE).for_each(|_| drop(throttle.admit_known(Act::LogIn, home, at(9)).unwrap()));
    let refused = throttle.admit_known(Act::LogIn, home, at(9)).map(Attempt::not_tried);
    assert_eq!(refused, Err(Refused { wait: 1, for_strangers: false }));
}

#[test]
fn a_network_that_tries_many_accounts_waits_and_its_neighbour_does_not() {
    let throttle = throttle();
    // All addresses of one network of version 6 are one, and a mapped one of version 4 is of version 4.
    for number in 0..100 {
        let account = format!("account {number}");
        fail(&throttle, who(&account, &format!("2001:db8::{number:x}:1")), at(0));
        fail(&throttle, who(&account, if number % 2 == 0 { "192.0.2.1" } else { "::ffff:192.0.2.1" }), at(0));
    }
    for (network, waits) in
        [("2001:db8::ffff", true), ("192.0.2.1", true), ("2001:db8:0:1::1", false), ("192.0.2.2", false)]
    {
        let refused = refused(&throttle, who("another", network), at(0));
        assert_eq!(refused, waits.then_some(Refused { wait: 1, for_strangers: true }), "{network}");
    }
}

/// Behind a proxy that nobody configured everyone comes from this machine.
#[test]
fn this_machine_is_no_network_to_wait_for() {
    let throttle = throttle();
    for number in 0..300 {
        fail(&throttle, who(&format!("account {number}"), "127.0.0.1"), at(0));
    }
    assert_eq!(refused(&throttle, who("another", "127.0.0.1"), at(0)), None);
    (0..FREE).for_each(|_| fail(&throttle, who("ada", "::1"), at(0)));
    assert!(refused(&throttle, who("ada", "::1"), at(0)).is_some());
}

#[test]
fn without_a_network_all_come_from_one_place() {
    let throttle = throttle();
    let nowhere = Who { account: Some("ada"), network: None };
    (0..FREE).for_each(|_| fail(&throttle, nowhere, at(0)));
    assert_eq!(refused(&throttle, nowhere, at(0)), Some(Refused { wait: 1, for_strangers: false }));
}

#[test]
fn what_was_not_tried_is_not_counted_and_nobody_waits_for_it() {
    let (throttle, who) = (throttle(), who("ada", "192.0.2.1"));
    throttle.admit(Act::LogIn, who, at(0)).unwrap().not_tried();
    assert_eq!(throttle.recent().len(), 0);
    (0..FREE).for_each(|_| fail(&throttle, who, at(0)));
    throttle.admit(Act::LogIn, who, at(1)).unwrap().not_tried();
    assert!(throttle.admit(Act::LogIn, who, at(1)).is_ok());
}

#[test]
fn each_act_is_counted_by_itself() {
    let throttle = throttle();
    (0..FREE).for_each(|_| drop(throttle.admit_act(Act::ChangePassword, "ada", at(0)).unwrap()));
    assert_eq!(throttle.admit_act(Act::ChangePassword, "ada", at(0)).map(Attempt::not_tried), Err(1));
    assert_eq!(refused(&throttle, who("ada", "192.0.2.1"), at(0)), None);
    throttle.admit_act(Act::ChangePassword, "ada", at(1)).unwrap().succeeded();
    assert!(throttle.admit_act(Act::ChangePassword, "ada", at(1)).is_ok());
}

#[test]
fn switched_off_it_admits_everything() {
    let throttle = Throttle::new(&config::Throttle { enabled: false }, b"a key");
    (0..1000).for_each(|_| fail(&throttle, who("ada", "192.0.2.1"), at(0)));
    assert_eq!(throttle.recent().len(), 0);
}

/// Names that are put together differently are different, also where one text could run into the next.
#[test]
fn counters_are_told_apart() {
    let throttle = throttle();
    let name = |act, parts| throttle.name(act, parts);
    let names = [
        name(Act::LogIn, ["each", "a", "b"]),
        name(Act::LogIn, ["each", "ab", ""]),
        name(Act::LogIn, ["each", "", "ab"]),
        name(Act::LogIn, ["account", "a", "b"]),
        name(Act::Register, ["each", "a", "b"]),
        Throttle::new(&config::Throttle { enabled: true }, b"another key").name(Act::LogIn, ["each", "a", "b"]),
    ];
    for (index, one) in names.iter().enumerate() {
        assert!(names[index + 1..].iter().all(|other| one != other), "{index}");
    }
}

#[test]
fn a_flood_of_accounts_and_networks_is_bounded_and_forgets_those_tried_least() {
    let throttle = throttle();
    let victim = who("victim", "192.0.2.1");
    (0..FREE).for_each(|_| fail(&throttle, victim, at(0)));
    for number in 0..100_000 {
        fail(&throttle, who(&number.to_string(), &network(number)), at(0));
    }
    assert!(throttle.recent().len() <= memory::MOST, "{}", throttle.recent().len());
    assert!(refused(&throttle, victim, at(0)).is_some());
    // Addresses that were tried once are nobody else's business.
    assert_eq!(throttle.take_changes(1000).len(), 3);
}

/// What servers tell each other, through a store that adds it up.
#[test]
fn two_servers_hold_one_guesser_to_one_count() {
    let (one, other) = (throttle(), throttle());
    let who = who("ada", "192.0.2.1");
    (0..3).for_each(|_| fail(&one, who, at(0)));
    let changes = one.take_changes(10);
    assert_eq!(changes.iter().map(|change| (change.failed, change.cleared)).collect::<Vec<_>>(), [(3, false); 3]);
    let stored: Vec<_> = changes.iter().map(stored).collect();
    one.take_in(&stored);
    other.take_in(&stored);
    for server in [&one, &other] {
        assert_eq!(server.take_changes(10), []);
        (0..2).for_each(|_| fail(server, who, at(0)));
        assert_eq!(refused(server, who, at(0)).map(|refused| refused.wait), Some(1));
    }
    // A right password here is known there.
    let later = at(60);
    one.admit(Act::LogIn, who, later).unwrap().succeeded();
    let changes = one.take_changes(10);
    let cleared: Vec<_> = changes.iter().filter(|change| change.cleared).collect();
    assert_eq!(cleared.len(), 1);
    assert_eq!(cleared[0].failed, 0);
    other.take_in(&[stored_as(cleared[0], 0)]);
    // Two that the other server has not shared yet stay.
    (0..3).for_each(|_| fail(&other, who, later));
    assert_eq!(refused(&other, who, later).map(|refused| refused.wait), Some(1));
}

#[test]
fn what_could_not_be_shared_is_shared_later() {
    let throttle = throttle();
    let who = who("ada", "192.0.2.1");
    (0..4).for_each(|_| fail(&throttle, who, at(0)));
    let changes = throttle.take_changes(10);
    throttle.give_back(&changes);
    fail(&throttle, who, at(0));
    assert!(throttle.take_changes(10).iter().all(|change| change.failed == 5 && !change.cleared));
}

#[test]
fn the_most_pressing_changes_are_shared_first() {
    let throttle = throttle();
    for number in 0..20 {
        let account = format!("account {number}");
        (0..if number == 7 { 5 } else { 3 }).for_each(|_| fail(&throttle, who(&account, &network(number)), at(0)));
    }
    let first = throttle.take_changes(3);
    assert_eq!(first.iter().map(|change| change.failed).collect::<Vec<_>>(), [5; 3]);
    assert_eq!(throttle.take_changes(1000).len(), 57);
}

fn stored(change: &TriesChange) -> StoredTries {
    stored_as(change, change.failed)
}

fn stored_as(change: &TriesChange, failed: u32) -> StoredTries {
    let tries = Tries { failed, since: change.since, last: change.last };
    StoredTries { name: change.name, tries, sequence: 1 }
}
