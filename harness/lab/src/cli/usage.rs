//! Turns what clap says about a command line into our error language.

use std::process::ExitCode;

use clap::error::ErrorKind;
use logger::{Coded, Exit};

use crate::error::{Failure, USAGE};

/// Answers `--help` and `--version` on stdout, and everything else with an error line and exit code 2.
pub(super) fn answer(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        let _ = error.print();
        return Exit::Done.into();
    }
    let text = error.to_string();
    let what = summary(&text);
    eprintln!("{}", Failure::new(&USAGE, what).line());
    if std::env::args().any(|arg| arg == "--json") {
        println!(
            "{}",
            serde_json::json!({ "error": { "code": USAGE.code, "what": summary(&text), "exit": 2 } })
        );
    }
    Exit::Usage.into()
}

/// clap's message as one line: what is wrong, and its tip where it has one.
fn summary(text: &str) -> String {
    let mut parts = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.starts_with("Usage:") || line.starts_with("For more information") {
            break;
        }
        if !line.is_empty() {
            parts.push(line.trim_start_matches("error: ").trim_start_matches("tip: "));
        }
    }
    parts.join(", ").replace(":,", ":")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_multi_line_message_becomes_one_line_with_its_tip() {
        let text = "error: unrecognized subcommand 'gat'\n\n  tip: a similar subcommand exists: 'gate'\n\nUsage: cargo lab [OPTIONS] [COMMAND]\n";
        assert_eq!(summary(text), "unrecognized subcommand 'gat', a similar subcommand exists: 'gate'");
    }
}
