use uuid::Uuid;

use super::*;
use crate::domain::user::sample;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn message(kind: Kind, user: Option<UserId>) -> Message {
    Message {
        id: MessageId::new(Uuid::from_u128(9)),
        kind,
        user,
        to: sample::user().email,
        facts: Facts::default(),
        queued_at: NOW,
        attempts: 1,
    }
}

fn unverified() -> User {
    sample::user()
}

fn verified() -> User {
    User { email_verified_at: Some(NOW), ..sample::user() }
}

fn disabled(user: User) -> User {
    User { disabled_at: Some(NOW), ..user }
}

fn other() -> User {
    User { id: UserId::new(Uuid::from_u128(2)), ..verified() }
}

#[test]
fn names_lead_back_to_what_they_name() {
    for kind in Kind::ALL {
        assert_eq!(Kind::from_name(kind.name()), Some(kind));
    }
    for purpose in Purpose::ALL {
        assert_eq!(Purpose::from_name(purpose.name()), Some(purpose));
    }
    assert_eq!((Kind::from_name("Reset"), Purpose::from_name("")), (None, None));
}

#[test]
fn what_is_written_follows_from_who_has_the_address_now() {
    let me = Some(unverified().id);
    for (kind, user, at_address, expected) in [
        (Kind::Verify, None, None, None),
        (Kind::Verify, None, Some(unverified()), Some(Letter::Verify)),
        (Kind::Verify, None, Some(verified()), None),
        (Kind::Verify, None, Some(disabled(unverified())), None),
        (Kind::Registered, me, None, None),
        (Kind::Registered, me, Some(unverified()), Some(Letter::Verify)),
        (Kind::Registered, me, Some(verified()), None),
        (Kind::Registered, me, Some(disabled(unverified())), None),
        (Kind::Registered, me, Some(other()), Some(Letter::Known)),
        (Kind::Registered, me, Some(User { email_verified_at: None, ..other() }), Some(Letter::Known)),
        (Kind::Registered, me, Some(disabled(other())), None),
        (Kind::Reset, None, None, None),
        (Kind::Reset, None, Some(unverified()), Some(Letter::Reset)),
        (Kind::Reset, None, Some(verified()), Some(Letter::Reset)),
        (Kind::Reset, None, Some(disabled(verified())), None),
    ] {
        assert_eq!(letter(&message(kind, user), at_address.as_ref(), None), expected, "{kind:?} {at_address:?}");
    }
}

#[test]
fn another_address_is_proven_only_while_it_is_free_and_its_owner_may_log_in() {
    let change = message(Kind::ChangeEmail, Some(verified().id));
    for (at_address, owner, expected) in [
        (None, Some(verified()), Some(Letter::ChangeEmail)),
        (Some(verified()), Some(verified()), Some(Letter::ChangeEmail)),
        (Some(other()), Some(verified()), None),
        (None, Some(disabled(verified())), None),
        (None, None, None),
    ] {
        assert_eq!(letter(&change, at_address.as_ref(), owner.as_ref()), expected, "{at_address:?} {owner:?}");
    }
}

#[test]
fn what_is_asked_for_an_account_goes_to_the_address_that_it_has() {
    let account = sample::user();
    let asked = Email::from_stored("ＡＤＡ@example.com", account.email.key());
    for kind in Kind::ALL {
        let message = Message { to: asked.clone(), ..message(kind, None) };
        let is_asked_for = [Kind::Verify, Kind::Registered, Kind::Reset].contains(&kind);
        let expected = if is_asked_for { &account.email } else { &asked };
        assert_eq!(receiver(&message, Some(&account)).display(), expected.display(), "{kind:?}");
        assert_eq!(receiver(&message, None).display(), asked.display(), "{kind:?}");
    }
}

#[test]
fn notices_go_out_whatever_became_of_the_account() {
    for (kind, expected) in [
        (Kind::PasswordChanged, Letter::PasswordChanged),
        (Kind::NewDevice, Letter::NewDevice),
        (Kind::SessionReused, Letter::SessionReused),
        (Kind::EmailChanged, Letter::EmailChanged),
    ] {
        assert_eq!(letter(&message(kind, None), None, None), Some(expected));
        assert_eq!(expected.purpose(), None, "a notice has no link that opens anything");
    }
}

#[test]
fn a_token_is_good_for_its_purpose_until_its_end() {
    let token = MailToken {
        hash: [7; 32],
        user: sample::user().id,
        purpose: Purpose::Reset,
        email: sample::user().email,
        issued_at: NOW,
        expires_at: NOW.plus_seconds(3600),
    };
    let last = Timestamp::from_millis(token.expires_at.millis() - 1);
    assert!(token.is_good(&[Purpose::Reset], NOW) && token.is_good(&[Purpose::Verify, Purpose::Reset], last));
    assert!(!token.is_good(&[Purpose::Reset], token.expires_at));
    assert!(!token.is_good(&[Purpose::Verify, Purpose::ChangeEmail], NOW));
    assert_eq!(Purpose::ALL.map(Purpose::hours), [24, 1, 24]);
}

#[test]
fn pauses_grow_to_half_an_hour_and_are_never_the_same_for_all() {
    let pause = |attempts: u32, chance: u8| {
        let message = Message { attempts, ..message(Kind::NewDevice, None) };
        try_again(&message, NOW, chance).unwrap().millis_since(NOW) / 1000
    };
    let nominal: Vec<_> = [1, 2, 3, 4, 5, 6, 100].map(|attempts| pause(attempts, 128)).into();
    assert_eq!(nominal, [10, 40, 160, 640, 1800, 1800, 1800]);
    assert_eq!((pause(5, 0), pause(5, 255)), (1350, 2246));
}

#[test]
fn what_is_of_no_use_any_more_is_given_up() {
    let reset = Message { attempts: 5, ..message(Kind::Reset, None) };
    assert!(try_again(&reset, NOW.plus_seconds(1700), 128).is_some());
    assert_eq!(try_again(&reset, NOW.plus_seconds(1800), 128), None, "it would be sent after an hour");
    let notice = Message { kind: Kind::PasswordChanged, ..reset };
    assert!(try_again(&notice, NOW.plus_seconds(80_000), 128).is_some());
    assert_eq!(try_again(&notice, NOW.plus_seconds(86_400), 128), None);
}

#[test]
fn links_to_one_account_keep_their_distance() {
    assert!(!may_send_again(NOW, NOW.plus_seconds(59)));
    assert!(may_send_again(NOW, NOW.plus_seconds(60)));
    assert!(!may_send_again(NOW, NOW.minus_seconds(5)), "a clock that was set back opens nothing");
}
