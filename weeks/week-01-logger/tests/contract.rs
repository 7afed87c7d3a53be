//! The command contract: what `eventlog` says and returns for each kind of command line, exactly.
//!
//! The cases are data (`fixtures/arguments.yaml`), the same that day 1's deliverable shows. The test could be fooled
//! by a matrix that shrinks, so its size and the mix of its kinds are claims as well.

mod tool;

use tool::Folder;
use tool::contract::cases;

/// All cases of this kind end as promised.
fn check(kind: &str) {
    let wrong = tool::contract::check(|case| case.kind == kind);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_command_line_that_misses_something_is_refused_as_promised() {
    check("missing");
}

#[test]
fn a_command_line_that_is_malformed_is_refused_as_promised() {
    check("malformed");
}

#[test]
fn a_command_line_that_is_valid_does_what_is_promised() {
    check("valid");
}

#[test]
fn the_matrix_has_twelve_cases_of_three_kinds() {
    let count = |kind| cases().iter().filter(|case| case.kind == kind).count();
    assert_eq!([count("valid"), count("missing"), count("malformed")], [4, 4, 4]);
    let mut names: Vec<_> = cases().into_iter().map(|case| case.case).collect();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 12);
}

#[test]
fn a_refused_command_line_touches_no_file() {
    let folder = Folder::new();
    for args in [&["append", "new.log"][..], &["append", "new.log", "--msg", ""], &["read", "new.log"]] {
        assert_ne!(folder.run(args).exit, 0, "{args:?}");
    }
    assert!(folder.names().is_empty(), "{:?}", folder.names());
}

#[test]
fn help_goes_to_standard_output_and_is_a_success() {
    for args in [&["--help"][..], &["append", "--help"], &["--version"]] {
        let out = Folder::new().run(args).ok();
        assert!(out.contains("eventlog") || out.contains("Store one record"), "{out}");
    }
}
