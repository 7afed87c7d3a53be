//! The checks that `week.yaml` names, `binary test::path`: how cargo builds them and how nextest selects them.

use std::collections::BTreeSet;
use std::path::Path;

use crate::course::Week;
use crate::error::{Failure, WEEK_DATA};

/// What `todo!` writes before its own words, which begin with the hole's id.
pub const OPEN_HOLE: &str = "not yet implemented: ";

/// One test, named as in `week.yaml`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Check {
    /// `gate` for `tests/gate.rs`, the library's name for its unit tests, a tool's name for its own.
    pub binary: String,
    /// The test's path in the binary.
    pub test: String,
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.binary, self.test)
    }
}

impl Check {
    /// Reads `binary test::path`.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        match text.split_whitespace().collect::<Vec<_>>().as_slice() {
            [binary, test] => Ok(Check { binary: (*binary).to_owned(), test: (*test).to_owned() }),
            _ => Err(Failure::new(&WEEK_DATA, format!("`{text}` is no check; write `binary test::path`"))),
        }
    }

    /// The criterion test of a gate.
    pub fn of_gate(test: &str) -> Self {
        Check { binary: "gate".into(), test: test.to_owned() }
    }
}

/// Cargo's arguments for the targets that hold these checks, and for nothing else.
pub fn targets<'a>(checks: impl IntoIterator<Item = &'a Check>, week: &Week, folder: &Path) -> Vec<String> {
    let binaries: BTreeSet<&str> = checks.into_iter().map(|check| check.binary.as_str()).collect();
    let mut args = vec!["-p".to_owned(), week.library.clone()];
    for binary in binaries {
        if binary == week.library {
            args.push("--lib".into());
            continue;
        }
        let tests = folder.join("tests");
        let is_test = tests.join(format!("{binary}.rs")).is_file() || tests.join(binary).is_dir();
        args.extend([if is_test { "--test" } else { "--bin" }.to_owned(), binary.to_owned()]);
    }
    args
}

/// The nextest filterset that selects exactly these checks.
pub fn filter<'a>(checks: impl IntoIterator<Item = &'a Check>) -> String {
    let each: Vec<String> =
        checks.into_iter().map(|c| format!("(binary(={}) & test(={}))", c.binary, c.test)).collect();
    each.join(" | ")
}

/// Why a test is red, from what it wrote: the hole that it ran into (in its own process or in one that it started),
/// else the message of its first panic, else its first words.
pub fn why(output: &str) -> String {
    if let Some((_, open)) = output.split_once(OPEN_HOLE) {
        // In a debug-formatted string the line goes on with an escaped newline.
        let end = open.find(['\n', '\\']).unwrap_or(open.len());
        return open[..end].trim().to_owned();
    }
    let mut lines = output.lines().map(str::trim).skip_while(|line| !line.contains("panicked at"));
    let after_panic = lines.nth(1).filter(|line| !line.is_empty());
    let noise = |line: &&str| {
        !line.is_empty()
            && !line.starts_with("running ")
            && !line.starts_with("test ")
            && !line.starts_with("---")
    };
    let line =
        after_panic.or_else(|| output.lines().map(str::trim).find(noise)).unwrap_or("it wrote nothing");
    line.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_is_the_message_of_the_first_panic() {
        let output = "running 1 test\n\nthread 'gate' (7) panicked at tests/gate.rs:9:5:\nassertion failed: x\nnote: run";
        assert_eq!(why(output), "assertion failed: x");
        let open = "thread 'main' panicked at src/lib.rs:2:5:\nnot yet implemented: demo.limit: refuse";
        assert_eq!(why(open), "demo.limit: refuse");
        let of_a_child =
            "panicked at gate.rs:1:1:\nno answer; stderr: \"not yet implemented: demo.limit: refuse\\nnote\"";
        assert_eq!(why(of_a_child), "demo.limit: refuse");
    }

    #[test]
    fn why_of_a_test_without_a_panic_is_its_first_words() {
        assert_eq!(why("running 1 test\ntest x ...\nterminated by signal 9\n"), "terminated by signal 9");
        assert_eq!(why(""), "it wrote nothing");
    }

    #[test]
    fn a_check_is_two_words() {
        let check = Check::parse("framing decoder::tests::splits").unwrap();
        assert_eq!(filter([&check]), "(binary(=framing) & test(=decoder::tests::splits))");
        assert!(Check::parse("gate").is_err());
    }
}
