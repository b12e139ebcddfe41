//! A progress bar for long work: on a terminal only, on standard error, and never for programs.

use indicatif::{ProgressBar, ProgressStyle};

use crate::output::Output;

/// The form of the bar. It is checked by a test.
const TEMPLATE: &str = "{msg} {wide_bar} {human_pos}/{human_len} {eta}";

/// A bar for so many steps; where nobody would see it, one that shows nothing.
pub(crate) fn bar(output: Output, steps: u64) -> ProgressBar {
    if output.is_json() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(steps);
    match ProgressStyle::with_template(TEMPLATE) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressStyle;

    #[test]
    fn the_form_of_the_bar_is_sound() {
        assert!(ProgressStyle::with_template(super::TEMPLATE).is_ok());
    }
}
