//! Adds up what `cargo test` prints: one binary after another, whatever their number.
//!
//! Every test binary ends in libtest's `test result:` line. One that starts and does not come to it has crashed, which
//! counts as a failure. A test that cannot run here says `SKIPPED: name: reason` on its real standard error; libtest
//! has it as passed, so it is moved from the passed to the skipped.

use std::fmt;

/// How many tests came out how.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// One test binary, or the documentation tests of one crate.
#[derive(Debug, Default)]
struct Binary {
    name: String,
    counts: Counts,
    /// libtest's closing line was seen.
    ended: bool,
    failures: Vec<String>,
    skips: Vec<String>,
}

/// What has been read so far.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    binaries: Vec<Binary>,
}

/// The end of a run, for people.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) totals: Counts,
    /// Failing binaries, crashes, and skips, a line each.
    remarks: Vec<String>,
    binaries: usize,
}

impl Outcome {
    /// Takes one line of output, from either stream.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(name) = binary_name(line) {
            self.binaries.push(Binary { name, ..Binary::default() });
        }
        let Some(binary) = self.binaries.last_mut() else { return };
        if let Some(counts) = result_line(line) {
            binary.ended = true;
            binary.counts.passed += counts.passed;
            binary.counts.failed += counts.failed;
            binary.counts.skipped += counts.skipped;
        } else if let Some(test) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
            binary.failures.push(test.to_owned());
        } else if let Some(skip) = skip_line(line) {
            binary.skips.push(skip.to_owned());
        }
    }

    /// Judges the whole run, knowing whether cargo itself was content.
    pub(crate) fn finish(self, cargo_succeeded: bool) -> Summary {
        let mut summary = Summary { totals: Counts::default(), remarks: Vec::new(), binaries: self.binaries.len() };
        for binary in self.binaries {
            summary.add(binary);
        }
        if !cargo_succeeded && summary.totals.failed == 0 {
            summary.totals.failed = 1;
            summary.remarks.push(match summary.binaries {
                0 => "the build failed: no test was run".to_owned(),
                _ => "cargo reports a failure that no test explains: read its last lines above".to_owned(),
            });
        }
        summary
    }
}

impl Summary {
    fn add(&mut self, mut binary: Binary) {
        let skips = binary.skips.len() as u64;
        binary.counts.passed = binary.counts.passed.saturating_sub(skips);
        binary.counts.skipped += skips;
        if !binary.ended {
            binary.counts.failed += 1;
            binary.failures.push("crashed, or ended without libtest's closing line".to_owned());
        }
        if binary.counts.failed > 0 {
            self.remarks.push(format!("FAILED  {}: {}", binary.name, binary.counts));
            self.remarks.extend(binary.failures.iter().map(|test| format!("          {test}")));
        }
        self.remarks.extend(binary.skips.iter().map(|skip| format!("skipped {}: {skip}", binary.name)));
        self.totals.passed += binary.counts.passed;
        self.totals.failed += binary.counts.failed;
        self.totals.skipped += binary.counts.skipped;
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for remark in &self.remarks {
            writeln!(f, "{remark}")?;
        }
        writeln!(f, "{} test binaries", self.binaries)?;
        // The last line is read by programs: nothing may follow it, and its form is fixed.
        write!(f, "{}", self.totals)
    }
}

/// `     Running tests/tidy.rs (target/debug/deps/tidy-0f…)` and `   Doc-tests jotgate_guard`, as cargo prints them.
fn binary_name(line: &str) -> Option<String> {
    let line = line.strip_prefix("   ")?.trim_start();
    if let Some(krate) = line.strip_prefix("Doc-tests ") {
        return Some(format!("documentation of {krate}"));
    }
    let (_, program) = line.strip_prefix("Running ")?.strip_suffix(')')?.rsplit_once('(')?;
    let (_, file) = program.rsplit_once("deps/").or_else(|| program.rsplit_once("deps\\"))?;
    let source = line.strip_prefix("Running ")?.split(" (").next()?;
    let stem = file.rsplit_once('-').map_or(file, |(stem, _hash)| stem);
    Some(format!("{stem} ({source})"))
}

/// `test result: ok. 5 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s`.
fn result_line(line: &str) -> Option<Counts> {
    let (_, counts) = line.strip_prefix("test result: ")?.split_once(". ")?;
    let number = |word: &str| {
        counts.split("; ").find_map(|part| part.strip_suffix(word)?.trim_end().parse::<u64>().ok()).unwrap_or(0)
    };
    Some(Counts { passed: number("passed"), failed: number("failed"), skipped: number("ignored") })
}

/// With one test thread libtest leaves the line `test name ... ` open, and the test's own words follow in it.
fn skip_line(line: &str) -> Option<&str> {
    let open = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ")).map(|(_, said)| said);
    open.unwrap_or(line).strip_prefix("SKIPPED: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(output: &str, cargo_succeeded: bool) -> Summary {
        let mut outcome = Outcome::default();
        output.lines().for_each(|line| outcome.read(line));
        outcome.finish(cargo_succeeded)
    }

    fn check(output: &str, cargo_succeeded: bool, totals: &str) {
        let text = summary(output, cargo_succeeded).to_string();
        assert_eq!(text.lines().last(), Some(totals), "{text}");
    }

    const LIB: &str = "     Running unittests src/lib.rs (target/debug/deps/jotgate_wire-8a1b)\n\nrunning 3 tests\n";
    const TIDY: &str = "     Running tests/tidy.rs (/elsewhere/debug/deps/tidy-77)\n\nrunning 1 test\n";
    const DOCS: &str = "   Doc-tests jotgate_wire\n\nrunning 1 test\n";

    fn result(passed: u64, failed: u64, ignored: u64) -> String {
        let word = if failed == 0 { "ok" } else { "FAILED" };
        format!(
            "test result: {word}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; 9 filtered out; \
             finished in 0.03s\n"
        )
    }

    #[test]
    fn adds_up_binaries_and_documentation_tests() {
        let output = [LIB, &result(3, 0, 1), TIDY, &result(1, 0, 0), DOCS, &result(1, 0, 0)].concat();
        check(&output, true, "5 passed, 0 failed, 1 skipped");
    }

    #[test]
    fn a_crate_may_print_two_results_for_its_documentation() {
        check(&[DOCS, &result(4, 0, 0), &result(1, 0, 0)].concat(), true, "5 passed, 0 failed, 0 skipped");
    }

    #[test]
    fn failures_are_listed_under_their_binary() {
        let output = [LIB, "test table::holds ... FAILED\n", &result(2, 1, 0), TIDY, &result(1, 0, 0)].concat();
        let text = summary(&output, false).to_string();
        assert!(text.contains("FAILED  jotgate_wire (unittests src/lib.rs): 2 passed, 1 failed, 0 skipped"), "{text}");
        assert!(text.contains("          table::holds"), "{text}");
        assert!(!text.contains("tidy"), "{text}");
        assert!(text.ends_with("\n3 passed, 1 failed, 0 skipped"), "{text}");
    }

    #[test]
    fn a_crashed_binary_is_a_failure_and_does_not_hide_the_others() {
        let output = [LIB, "error: test failed, to rerun pass `--lib`\n", TIDY, &result(1, 0, 0)].concat();
        check(&output, false, "1 passed, 1 failed, 0 skipped");
        assert!(summary(&output, false).to_string().contains("crashed"));
    }

    #[test]
    fn a_failed_build_is_a_failure() {
        let output = "   Compiling jotgate-wire v0.1.0\nerror: could not compile `jotgate-wire`\n";
        check(output, false, "0 passed, 1 failed, 0 skipped");
        assert!(summary(output, false).to_string().starts_with("the build failed"));
    }

    #[test]
    fn a_failure_that_only_cargo_saw_is_not_lost() {
        check(&[LIB, &result(3, 0, 0)].concat(), false, "3 passed, 1 failed, 0 skipped");
    }

    #[test]
    fn a_test_that_skipped_itself_is_not_counted_as_passed() {
        let said = "SKIPPED: interop: no node here\n";
        check(&[LIB, said, &result(3, 0, 0)].concat(), true, "2 passed, 0 failed, 1 skipped");
        let in_an_open_line = "test interop ... SKIPPED: interop: no node here\nok\n";
        check(&[LIB, in_an_open_line, &result(3, 0, 0)].concat(), true, "2 passed, 0 failed, 1 skipped");
    }

    #[test]
    fn words_of_tests_are_not_taken_for_cargo_s() {
        let words = "Running away (from here)\n   Running fast (no binary)\ntest result of mine: 7 passed\n";
        check(&[LIB, words, &result(3, 0, 0)].concat(), true, "3 passed, 0 failed, 0 skipped");
    }
}
