//! Sizes of files and functions, and what no file may hold.

use crate::no_complaints;
use crate::tree::{Source, all_sources, files, read};

const LONGEST_FILE: usize = 400;
const LONGEST_TEST_FILE: usize = 500;
const LONGEST_FUNCTION: usize = 80;
/// A test's table of cases is one function.
const LONGEST_TEST_FUNCTION: usize = 120;

/// The first line of a file that is longer because it holds one table: `// tidy: one table: …why…`.
const TABLE_MARK: &str = "// tidy: one table: ";

#[test]
fn files_stay_small() {
    let mut complaints = Vec::new();
    for file in all_sources().iter().filter(|file| !file.text.starts_with(TABLE_MARK)) {
        let (lines, longest) = if file.is_test() {
            (file.code.lines().count(), LONGEST_TEST_FILE)
        } else {
            (file.product().lines().count(), LONGEST_FILE)
        };
        if lines > longest {
            complaints.push(format!(
                "{}: {lines} lines, more than {longest}: split it by the word of the specification (a file that holds one \
                 table may start with `{TABLE_MARK}` and the reason)",
                file.path
            ));
        }
    }
    no_complaints(&complaints);
}

#[test]
fn functions_stay_short() {
    let mut complaints = Vec::new();
    for file in all_sources() {
        let longest = if file.is_test() { LONGEST_TEST_FUNCTION } else { LONGEST_FUNCTION };
        for (line, name, lines) in functions(&file) {
            if lines > longest {
                complaints.push(format!(
                    "{}:{line}: `{name}` has {lines} lines, more than {longest}: it probably does another \
                     layer's work",
                    file.path
                ));
            }
        }
    }
    no_complaints(&complaints);
}

/// Line, name and number of lines of each function. rustfmt closes a function in the column where its line began.
fn functions(file: &Source) -> Vec<(usize, String, usize)> {
    let lines: Vec<&str> = file.code.lines().collect();
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let close = format!("{}}}", " ".repeat(indent));
        let bodyless = |line: &str| line.trim_end().ends_with(';') && !line.contains('{');
        for (length, line) in lines[start..].iter().enumerate() {
            if line.starts_with(&close) {
                found.push((start + 1, name.to_owned(), length + 1));
                break;
            }
            let one_line = length == 0 && line.trim_end().ends_with('}');
            let at_head = line.len() - line.trim_start().len() == indent;
            if one_line || (at_head && bodyless(line)) {
                break;
            }
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let modifiers = ["pub", "pub(crate)", "pub(super)", "const", "async", "unsafe", "extern"];
    let is_declaration = before.split_whitespace().all(|word| modifiers.contains(&word));
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (is_declaration && end > 0).then(|| &after[..end])
}

#[test]
fn nothing_is_left_for_later() {
    let macros = [concat!("to", "do!"), concat!("unimple", "mented!")];
    let marks = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX"), concat!("HA", "CK")];
    let mut complaints = Vec::new();
    for file in all_sources() {
        for (index, (line, code)) in file.text.lines().zip(file.code.lines()).enumerate() {
            let is_mark = |word: &str| marks.contains(&word);
            let marked = line.split(|c: char| !c.is_alphanumeric()).any(is_mark);
            if marked || macros.iter().any(|left| code.contains(left)) {
                complaints.push(format!("{}:{}: finish it, or leave it out and file an issue", file.path, index + 1));
            }
        }
    }
    no_complaints(&complaints);
}

#[test]
fn every_text_file_ends_in_a_newline() {
    let endings = [".rs", ".toml", ".md", ".sql", ".html", ".js", ".json", ".snap", ".txt", ".yml"];
    let texts = files(".").into_iter().filter(|path| endings.iter().any(|ending| path.ends_with(ending)));
    let complaints: Vec<_> = texts
        .filter(|path| {
            let text = read(path);
            !text.is_empty() && !text.ends_with('\n')
        })
        .map(|path| format!("{path}: end it in a newline"))
        .collect();
    no_complaints(&complaints);
}

#[test]
fn functions_are_measured_as_they_stand() {
    let text = "fn a() {\n    b();\n}\n\npub(crate) async fn c(x: u8) -> u8 { x }\n\nimpl T {\n    fn d(\n        x: u8,\n    ) {\n        fn_e();\n    }\n}\ntrait U {\n    fn f(&self);\n    fn g(&self) {\n    }\n}\n";
    let file = Source { path: "x.rs".into(), text: text.into(), code: crate::lexer::blank(text) };
    let found: Vec<_> = functions(&file).into_iter().map(|(_, name, lines)| (name, lines)).collect();
    assert_eq!(found, [("a".to_owned(), 3), ("d".to_owned(), 5), ("g".to_owned(), 2)]);
}
