//! What every engine must do, in the words of the domain. The cases are generic over how a store is opened.

use super::sql::Sql;
use super::{Store, meta};

pub(super) mod audit;
pub(super) mod engine;
pub(in crate::store) mod fixture;
pub(super) mod keys;
pub(super) mod mail;
pub(super) mod races;
pub(crate) mod revocations;
pub(super) mod sessions;
pub(super) mod tries;
pub(super) mod users;

/// A place where a store is kept, empty at first and gone with the value.
pub(super) trait House: Sized + Send + Sync + 'static {
    /// Nothing, and a word on standard error, where this kind of place cannot be had for the test of this name.
    fn build(test: &str) -> Option<Self>;

    /// Opens the store that is kept there; several times gives several, as several processes have it.
    fn open(&self) -> Store;
}

/// Every statement of the operations, with its name.
pub(super) fn statements() -> Vec<(&'static str, Sql)> {
    [
        super::users::STATEMENTS,
        super::users::import::STATEMENTS,
        super::users::list::STATEMENTS,
        super::users::update::STATEMENTS,
        super::sessions::STATEMENTS,
        super::sessions::open::STATEMENTS,
        super::sessions::rotate::STATEMENTS,
        super::sessions::seen_from::STATEMENTS,
        super::sessions::sweep::STATEMENTS,
        super::revocations::STATEMENTS,
        super::audit::STATEMENTS,
        super::keys::STATEMENTS,
        super::outbox::STATEMENTS,
        super::outbox::prepare::STATEMENTS,
        super::mail_tokens::STATEMENTS,
        super::mail_tokens::reset::STATEMENTS,
        super::mail_tokens::verify::STATEMENTS,
        super::copy::ops::STATEMENTS,
        meta::STATEMENTS,
        super::status::STATEMENTS,
        super::tries::STATEMENTS,
    ]
    .concat()
}

/// Runs every case in a kind of house.
macro_rules! conformance {
    ($house:ty) => {
        $crate::store::conformance::cases! { $house;
            users {
                a_user_is_found_as_created
                an_address_is_one_however_it_is_written
                fifty_registrations_of_one_address_make_one_account
                users_are_listed_in_order_and_in_pages
                users_are_found_by_the_beginning_of_their_address
                a_user_is_changed_in_what_is_given
                only_who_is_an_administrator_now_may_act_as_one
                of_two_administrators_who_close_each_other_one_remains
                a_password_change_ends_the_other_sessions
                a_password_change_needs_the_password_that_was_verified
                of_two_password_changes_at_once_one_wins
                a_hash_is_upgraded_only_while_it_is_the_same
                disabling_ends_all_sessions_once
                an_enabled_user_may_log_in_again
                deleting_leaves_nothing_behind
                imported_accounts_are_made_whole_or_not_at_all
                what_happens_to_nobody_is_told
            }
            races {
                nobody_logs_in_while_the_account_is_closed
                nobody_logs_in_with_a_password_that_is_being_changed
                nobody_logs_in_while_the_account_is_deleted
                log_ins_at_once_count_each_other
                a_refresh_and_a_log_out_at_once_leave_nothing_alive
                sessions_that_end_twice_at_once_are_told_once
                everything_at_once_keeps_the_rules
            }
            sessions {
                a_session_is_found_as_opened
                a_session_needs_an_open_account_and_the_verified_password
                a_log_in_gives_the_user_as_stored_whatever_was_known
                of_too_many_sessions_the_least_recently_used_end
                of_many_log_ins_at_once_no_more_than_allowed_live
                the_current_token_rotates
                a_retry_replays_without_a_change
                fifty_refreshes_with_one_token_give_one_generation
                an_old_token_ends_the_session_once
                a_rotation_that_was_overtaken_ends_nothing
                a_log_out_everywhere_that_was_overtaken_ends_nothing
                the_retry_window_begins_with_the_rotation_however_long_that_was_waited_for
                a_session_that_is_over_refuses
                a_token_from_the_future_is_refused_and_harmless
                one_session_ends
                the_others_end
                all_sessions_end
                nobody_ends_the_session_of_another
                live_sessions_are_listed_last_used_first
                dead_sessions_are_cleared_away_in_steps
                sessions_tell_where_somebody_was
            }
            revocations {
                entries_are_numbered_in_order
                a_user_is_named_where_everything_of_theirs_ends
                every_kind_of_subject_is_kept
                a_token_ends_by_its_name
                expired_entries_are_forgotten_and_numbers_never_come_back
                without_its_counter_nothing_ends
                a_number_beyond_the_head_gets_nothing
                a_reader_never_sees_a_hole
            }
            audit {
                a_line_is_read_as_it_was_written
                lines_are_listed_newest_first_and_by_what_is_asked
                lines_are_listed_by_who_did_it
                paging_sees_each_old_line_once_while_others_are_written
                what_an_operation_did_and_its_line_are_one
                old_lines_are_forgotten_in_steps
            }
            keys {
                keys_are_kept_as_given
                of_two_first_starts_one_makes_the_keys
                a_new_purpose_gets_its_keys
                a_key_lives_from_next_to_gone
                of_many_servers_one_takes_each_step
                a_revoked_key_is_gone_named_and_replaced_at_once
                the_next_key_takes_over_from_a_revoked_one
                of_two_revocations_at_once_one_key_signs
                what_is_interrupted_leaves_nothing_half_done
                all_keys_get_another_master_key_or_none
            }
            mail {
                a_mail_is_taken_up_by_one_until_its_attempt_counts_as_failed
                of_many_servers_one_takes_up_each_mail
                a_failed_attempt_is_due_again_when_it_says
                a_request_leaves_the_same_row_for_everybody
                a_new_link_voids_the_old_and_keeps_its_distance
                a_used_link_does_not_come_back_with_a_retry
                a_reset_sets_the_password_and_ends_all_sessions
                of_fifty_uses_of_a_link_one_succeeds
                a_link_is_good_for_one_thing_and_for_a_time
                another_password_voids_the_links_of_before
                a_new_address_is_taken_when_it_is_proven
                an_address_of_somebody_else_is_not_taken
                of_several_who_take_one_address_at_once_one_gets_it
                registering_where_it_has_to_be_proven_tells_nothing
                an_account_its_session_and_its_mail_come_together
                nobody_logs_in_before_the_address_is_proven
                a_new_device_is_told_of_once
                a_reuse_is_told_of_once
                a_closed_account_keeps_no_links
            }
            tries {
                what_servers_count_adds_up
                a_change_is_seen_by_everyone_once
                what_is_forgotten_is_gone
                servers_that_share_at_once_lose_nothing
            }
            engine {
                a_failed_operation_undoes_itself_and_harms_no_neighbour
                an_operation_that_panics_harms_no_neighbour
                what_was_answered_is_there_after_opening_again
                a_store_left_open_loses_nothing
                two_stores_in_one_place_both_write
                ten_first_openings_at_once_agree
                a_closed_store_finishes_what_it_accepted_and_refuses_the_rest
                a_change_goes_on_when_nobody_waits_for_it
                a_commit_elsewhere_is_noticed
                a_read_operation_cannot_write
                a_store_answers_a_ping
            }
        }
    };
}

/// Makes a test of each case, in a module for each noun.
macro_rules! cases {
    ($house:ty; $($noun:ident { $($case:ident)* })*) => {
        $(mod $noun {
            use $crate::store::conformance::House;
            #[allow(unused_imports, reason = "a house may be named by its path")]
            use super::*;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(house) = <$house as House>::build(stringify!($case)) {
                    $crate::store::conformance::$noun::$case(&house).await;
                }
            })*
        })*
    };
}

pub(super) use {cases, conformance};
