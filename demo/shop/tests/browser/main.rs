//! The shop in a real browser: a headless Chromium, driven by Playwright's core from Node.js.
//!
//! Each test is one scenario of `scenarios.mjs`, with a shop, a clock and neighbours of its own. All of them run in one browser, started
//! by whichever test comes first. `cargo xtask test` gets what they need; where it is not, each says that it is skipped.
#![expect(clippy::unwrap_used, clippy::panic, reason = "these are tests; what cannot be set up fails them")]

mod driver;
mod line;
mod site;

use driver::scenario;

macro_rules! scenarios {
    ($($name:ident)*) => {
        /// Every scenario, by its name in `scenarios.mjs`.
        pub(crate) const SCENARIOS: &[&str] = &[$(stringify!($name)),*];

        $(#[test]
        fn $name() {
            scenario(stringify!($name));
        })*
    };
}

scenarios! {
    seven_steps
    forty_requests_in_four_tabs_are_one_refresh
    without_web_locks_each_tab_refreshes_once
    a_lost_answer_logs_nobody_out
    an_outage_logs_nobody_out
    a_log_out_is_seen_by_all_tabs
    a_stolen_copy_ends_the_session
    another_origin_can_do_nothing_with_the_cookies
    another_site_is_not_sent_the_cookies
    another_origin_opens_no_web_socket
    scripts_find_no_token
    planted_cookies_do_not_survive_a_log_in
    the_page_is_in_nobodys_frame
    bearer_tokens_stay_in_the_memory_of_the_tab
    what_lacks_a_scope_is_refused_by_name
    it_works_by_keyboard
    it_is_light_and_dark
}
