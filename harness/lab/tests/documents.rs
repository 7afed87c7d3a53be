//! What the documents outside the book promise, held against the repository: a link leads to a file, a command exists
//! with the options that are shown for it, and the table of exit codes is the one that the tools use. The book checks
//! its own links; these files have nobody else.

use std::path::{Path, PathBuf};
use std::process::Command;

use logger::Exit;

const DOCUMENTS: [&str; 3] = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"];

fn root() -> PathBuf {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR"));
    lab.ancestors().nth(2).expect("lab lies two folders below the root").to_path_buf()
}

fn read(file: &str) -> String {
    std::fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{file}: {e}"))
}

/// The targets of a Markdown text's links and images.
fn links(text: &str) -> Vec<&str> {
    text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(target, _)| target).collect()
}

/// Every `cargo lab …` of a text, as its words: up to a comment, the closing backtick or the next command.
fn commands(text: &str) -> Vec<Vec<&str>> {
    let ends: &[char] = &['`', '#', '&', '\n', ',', ';', '(', '|'];
    text.split("cargo lab")
        .skip(1)
        .map(|rest| rest.split(ends).next().unwrap_or_default().split_whitespace().collect())
        .filter(|words: &Vec<&str>| !words.is_empty())
        .collect()
}

#[test]
fn every_link_of_a_document_leads_to_something_that_is_there() {
    for document in DOCUMENTS {
        for target in links(&read(document)).into_iter().filter(|target| !target.contains("://")) {
            let path = target.split('#').next().unwrap_or_default();
            assert!(root().join(path).exists(), "{document} links to `{target}`, which is not there");
        }
    }
}

#[test]
fn every_command_that_a_document_shows_exists_with_its_options() {
    let front = ["how-to-learn.md", "how-to-review.md", "how-evidence-works.md", "introduction.md"];
    let pages = front.map(|page| format!("book/src/{page}"));
    let mut seen = 0;
    for document in DOCUMENTS.into_iter().chain(pages.iter().map(String::as_str)) {
        let text = read(document);
        for words in commands(&text) {
            let verb = words[0].trim_end_matches(['.', ':']);
            // “`cargo lab` shows …” is no verb; a verb stands directly behind it, on the same line of code.
            if !verb.starts_with(|c: char| c.is_ascii_lowercase()) {
                continue;
            }
            let help =
                Command::new(env!("CARGO_BIN_EXE_lab")).args([verb, "--help"]).output().expect("lab runs");
            let shown = String::from_utf8_lossy(&help.stdout).into_owned();
            assert!(
                help.status.success(),
                "{document} shows `cargo lab {}`: no such command",
                words.join(" ")
            );
            for option in words.iter().filter(|word| word.starts_with("--")) {
                let option = option.trim_end_matches(['.', ':']);
                assert!(
                    shown.contains(option),
                    "{document} shows `{option}`, which `cargo lab {verb}` does not have"
                );
            }
            seen += 1;
        }
    }
    assert!(seen >= 20, "only {seen} commands found: the search for them is broken");
}

#[test]
fn the_tables_of_exit_codes_have_exactly_the_codes_of_the_tools() {
    for document in ["README.md", "book/src/error-codes.md"] {
        let text = read(document);
        let table =
            text.split("## Exit codes").nth(1).unwrap_or_else(|| panic!("{document} has no `## Exit codes`"));
        let table = table.split("\n## ").next().unwrap_or_default();
        let shown: Vec<u8> = table
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok())
            .collect();
        assert_eq!(shown, Exit::ALL.map(Exit::number), "{document}");
    }
}
