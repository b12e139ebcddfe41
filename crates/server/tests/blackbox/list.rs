//! Every scenario by name, handed to a macro that makes tests of them.

macro_rules! every_scenario {
    ($with:ident) => {
        $with! {
            accounts: register_log_in_and_read_me registration_is_judged one_address_many_registrations wrong_password_and_unknown_user_are_alike
                addresses_are_compared_as_people_mean_them names_are_set_and_cleared passwords_change_and_end_the_others guessing_is_slowed_down
                two_password_changes_at_once;
            admin: every_route_needs_the_scope accounts_are_made_shown_changed_and_deleted what_cannot_be_is_refused
                closing_an_account_ends_its_sessions_at_once administrators_cannot_take_themselves_out
                roles_grant_scopes_from_the_next_refresh_on pages_have_each_old_account_and_line_once
                cursors_cannot_be_forged_or_taken_elsewhere the_trail_is_read_by_what_is_asked;
            audit: every_flow_leaves_its_line a_reuse_has_one_line operators_leave_their_lines
                asking_for_mail_has_a_line_that_tells_nobody_apart what_people_change_of_themselves_has_a_line;
            refresh: rotates_and_replays_within_the_window a_late_replay_ends_the_session an_older_generation_ends_the_session fifty_at_once
                idle_and_absolute_ends forged_tokens refusals_name_their_reason chain_of_many
                a_client_has_limits_of_its_own;
            logout: local_others_and_global with_a_refresh_token with_an_expired_access_token sessions_are_listed_and_ended
                somebody_elses_session_is_not_found ended_tokens_are_refused_at_once
                others_by_refresh_token_keep_the_own_session an_answered_log_out_is_known_here;
            cookies: the_whole_life_in_cookies another_site_cannot_use_them a_refused_refresh_clears_nothing planted_cookies cors_by_exact_origin;
            revocations: every_end_is_in_the_feed the_feed_is_published_and_no_access_token what_is_no_number_is_refused
                an_end_arrives_while_one_waits a_stream_goes_on_where_it_was_left;
            mail: a_link_sets_a_new_password an_account_without_a_password_gets_one_by_a_link pages_work_without_scripts
                an_address_is_verified a_link_expires
                an_address_is_changed_when_it_is_proven nobody_learns_who_is_known
                a_link_goes_to_the_address_of_the_account_however_it_was_asked_for links_lead_to_the_configured_origin
                of_fifty_uses_of_a_link_one_sets_the_password people_are_told_of_what_they_may_not_have_done
                nobody_fills_a_mailbox_by_accounts_of_their_own;
            hostile: bodies_are_read_strictly oversized_requests unknown_paths_and_methods two_authorization_headers
                secrets_are_not_repeated tokens_of_strangers;
            published: key_set_and_metadata health every_answer_has_an_id a_foreign_library_verifies_the_token
                what_is_published_changes_with_the_keys a_revoked_key_ends_its_tokens_and_no_session;
        }
    };
}
