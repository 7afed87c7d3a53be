//! Claim: a record goes stale when, and only when, something changed that its run was built from.
//!
//! How this could be fooled: by digesting too much, so that everything is always stale and nobody looks any more.
//! Hence as many tests for what must *not* show as for what must.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod workspace;

use std::fs;
use std::path::{Path, PathBuf};

use evidence::inputs::{self, compare};
use evidence::{Class, EvidenceError, Input};
use serde_json::json;
use workspace::{put, workspace};

type Edit<'a> = &'a dyn Fn(&Path);

fn two(root: &Path) -> Vec<Input> {
    inputs::of_package(root, Path::new("weeks/two"), &[("gate", &json!({"claim": "it holds"}))]).unwrap()
}

/// The paths that differ after an edit.
fn stale_after(edit: impl FnOnce(&Path)) -> Vec<String> {
    let dir = workspace();
    let before = two(dir.path());
    edit(dir.path());
    compare(&before, &two(dir.path())).into_iter().map(|stale| stale.path).collect()
}

fn replace(root: &Path, path: &str, from: &str, to: &str) {
    let text = fs::read_to_string(root.join(path)).unwrap();
    assert!(text.contains(from), "{path} has no {from}");
    fs::write(root.join(path), text.replacen(from, to, 1)).unwrap();
}

#[test]
fn inputs_are_the_package_its_closure_the_lock_the_profile_and_the_sections() {
    let dir = workspace();
    let inputs = two(dir.path());
    let paths: Vec<&str> = inputs.iter().map(|input| input.path.as_str()).collect();
    assert_eq!(
        paths,
        [
            "Cargo.lock#two",
            "Cargo.toml#profile",
            "harness/drills/Cargo.toml",
            "harness/drills/src/lib.rs",
            "weeks/one/Cargo.toml",
            "weeks/one/src/lib.rs",
            "weeks/two/Cargo.toml",
            "weeks/two/benches/main.rs",
            "weeks/two/build.rs",
            "weeks/two/drill/main.rs",
            "weeks/two/fixtures/case.json",
            "weeks/two/src/bin/tool.rs",
            "weeks/two/src/lib.rs",
            "weeks/two/tests/gate.rs",
            "weeks/two/week.yaml#gate",
        ]
    );
    let absolute = inputs::of_package(dir.path(), &dir.path().join("weeks/two"), &[]).unwrap();
    assert_eq!(absolute, inputs[..inputs.len() - 1], "the folder may be given as an absolute path");
    let own = inputs.iter().find(|input| input.path == "weeks/two/src/lib.rs").unwrap();
    assert_eq!(own.sha256, evidence::canonical::sha256(b"weeks/two/src/lib.rs"));
}

#[test]
fn what_a_verdict_depends_on_makes_it_stale() {
    let cases: [(&str, &str, &str, &[&str]); 11] = [
        ("weeks/two/src/lib.rs", "two", "TWO", &["weeks/two/src/lib.rs"]),
        ("weeks/two/fixtures/case.json", "case", "CASE", &["weeks/two/fixtures/case.json"]),
        ("weeks/one/src/lib.rs", "one", "ONE", &["weeks/one/src/lib.rs"]),
        ("harness/drills/src/lib.rs", "drills", "DRILLS", &["harness/drills/src/lib.rs"]),
        ("Cargo.toml", "debug = 1", "debug = 2", &["Cargo.toml#profile"]),
        ("Cargo.toml", "[\"derive\"]", "[]", &["Cargo.toml#profile"]),
        ("Cargo.toml", "edition = \"2024\"", "edition = \"2021\"", &["Cargo.toml#profile"]),
        ("Cargo.lock", "\"dd\"", "\"00\"", &["Cargo.lock#two"]),
        ("Cargo.lock", "\"99\"", "\"00\"", &["Cargo.lock#two"]),
        ("Cargo.lock", "0.3.0", "0.3.1", &["Cargo.lock#two"]),
        ("Cargo.lock", "\"ee\"", "\"00\"", &["Cargo.lock#two"]),
    ];
    for (path, from, to, expected) in cases {
        assert_eq!(stale_after(|root| replace(root, path, from, to)), expected, "{path}: {from} to {to}");
    }
}

#[test]
fn what_no_verdict_depends_on_leaves_it_fresh() {
    let edits: [(&str, Edit); 12] = [
        ("a deliverable", &|root| put(root, "weeks/two/outputs/day1.md", "x")),
        ("the README", &|root| put(root, "weeks/two/README.md", "x")),
        ("a hint of the week's data", &|root| put(root, "weeks/two/week.yaml", "x")),
        ("a fuzz target", &|root| put(root, "weeks/two/fuzz/fuzz_targets/decode.rs", "x")),
        ("an editor's swap file", &|root| put(root, "weeks/two/src/.lib.rs.swp", "x")),
        ("an editor's backup", &|root| put(root, "weeks/two/src/lib.rs~", "x")),
        ("the tests of a dependency", &|root| replace(root, "weeks/one/tests/gate.rs", "one", "1")),
        ("a lint", &|root| replace(root, "Cargo.toml", "deny", "forbid")),
        ("the workspace's version", &|root| replace(root, "Cargo.toml", "0.1.0", "0.1.0-wb1")),
        ("another member", &|root| {
            replace(root, "Cargo.toml", "members = [", "members = [\"weeks/three\", ")
        }),
        ("a dependency of others", &|root| {
            replace(root, "Cargo.toml", "elsewhere = \"3\"", "elsewhere = \"4\"")
        }),
        ("lock entries of others", &|root| {
            replace(root, "Cargo.lock", "\"ff\"", "\"00\"");
            replace(root, "Cargo.lock", "\"bb\"", "\"00\"");
            replace(root, "Cargo.lock", "\"aa\"", "\"00\"");
            replace(
                root,
                "Cargo.lock",
                "name = \"one\"\nversion = \"0.1.0\"",
                "name = \"one\"\nversion = \"0.1.0-wb1\"",
            );
        }),
    ];
    for (what, edit) in edits {
        assert_eq!(stale_after(edit), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn added_and_removed_inputs_are_told_apart_and_sorted() {
    let dir = workspace();
    let before = two(dir.path());
    put(dir.path(), "weeks/two/src/new.rs", "new");
    fs::remove_file(dir.path().join("weeks/two/tests/gate.rs")).unwrap();
    put(dir.path(), "weeks/one/src/lib.rs", "other");
    let stale = compare(&before, &two(dir.path()));
    let said: Vec<String> = stale.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "weeks/one/src/lib.rs has changed",
            "weeks/two/src/new.rs was added",
            "weeks/two/tests/gate.rs was removed",
        ]
    );
    assert!(stale[0].was.is_some() && stale[0].is.is_some());
    assert_eq!((&stale[1].was, &stale[2].is), (&None, &None));
}

#[test]
fn a_section_counts_by_value_and_not_by_spelling() {
    let dir = workspace();
    let of = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        inputs::of_package(dir.path(), Path::new("weeks/two"), &[("gate", &value)]).unwrap()
    };
    assert_eq!(of(r#"{"a": 1, "b": [2]}"#), of(r#"{ "b":[ 2 ],"a":1 }"#));
    assert_ne!(of(r#"{"a": 1, "b": [2]}"#), of(r#"{"a": 1, "b": [3]}"#));
}

#[test]
fn what_is_missing_is_named() {
    let cases: [(Edit, &str); 7] = [
        (&|root| fs::remove_file(root.join("Cargo.lock")).unwrap(), "cannot read"),
        (&|root| fs::remove_file(root.join("weeks/one/Cargo.toml")).unwrap(), "weeks/one/Cargo.toml"),
        (
            &|root| replace(root, "Cargo.toml", "one = {", "uno = {"),
            "`one` is inherited, but the workspace does not",
        ),
        (
            &|root| replace(root, "Cargo.toml", "path = \"weeks/one", "path = \"../one"),
            "`one` lies outside of the workspace",
        ),
        (&|root| replace(root, "Cargo.lock", "name = \"two\"", "name = \"too\""), "has no entry for `two`"),
        (
            &|root| replace(root, "Cargo.lock", "name = \"deep\"", "name = \"shallow\""),
            "`renamed` needs `deep`",
        ),
        (&|root| put(root, "weeks/two/Cargo.toml", "[package"), "weeks/two/Cargo.toml does not parse"),
    ];
    for (damage, expected) in cases {
        let dir = workspace();
        damage(dir.path());
        let error = inputs::of_package(dir.path(), Path::new("weeks/two"), &[]).unwrap_err();
        assert!(error.to_string().contains(expected), "{expected}: {error}");
    }
    let dir = workspace();
    for outside in ["", "..", "../elsewhere", "/etc"] {
        let error = inputs::of_package(dir.path(), Path::new(outside), &[]).unwrap_err();
        assert!(matches!(error, EvidenceError::Package { .. }), "{outside:?}: {error}");
    }
}

#[test]
fn a_cycle_of_dev_dependencies_ends() {
    let dir = workspace();
    put(
        dir.path(),
        "harness/drills/Cargo.toml",
        "[package]\nname = \"drills\"\n[dependencies]\none.workspace = true\n",
    );
    put(
        dir.path(),
        "weeks/one/Cargo.toml",
        "[package]\nname = \"one\"\n[dependencies]\nserde.workspace = true\n[build-dependencies]\ndrills.workspace = true\n",
    );
    let paths = two(dir.path());
    assert_eq!(paths.iter().filter(|input| input.path == "weeks/one/src/lib.rs").count(), 1);
}

#[test]
fn too_many_files_and_too_large_a_file_are_refused() {
    let dir = workspace();
    let fixtures = dir.path().join("weeks/two/fixtures");
    for index in 0..=inputs::FILES_MAX {
        fs::write(fixtures.join(format!("{index}")), "").unwrap();
    }
    let error = inputs::of_package(dir.path(), Path::new("weeks/two"), &[]).unwrap_err();
    assert!(matches!(error, EvidenceError::TooMany { what: "files", .. }), "{error}");
    assert_eq!(error.class(), Class::Limit);

    let dir = workspace();
    let large = fs::File::create(dir.path().join("weeks/two/fixtures/large")).unwrap();
    large.set_len(inputs::FILE_BYTES_MAX + 1).unwrap();
    let error = inputs::of_package(dir.path(), Path::new("weeks/two"), &[]).unwrap_err();
    assert!(matches!(error, EvidenceError::TooLarge { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn linked_folders_keep_their_logical_path() {
    // As in a learner's workspace: the week is theirs, all else is a link to the reference.
    let (reference, own) = (workspace(), tempfile::tempdir().unwrap());
    for file in ["Cargo.toml", "Cargo.lock"] {
        fs::copy(reference.path().join(file), own.path().join(file)).unwrap();
    }
    fs::create_dir(own.path().join("weeks")).unwrap();
    for link in ["harness", "weeks/one", "weeks/two"] {
        std::os::unix::fs::symlink(reference.path().join(link), own.path().join(link)).unwrap();
    }
    assert_eq!(two(own.path()), two(reference.path()));
}

#[cfg(unix)]
#[test]
fn a_loop_of_links_and_a_name_that_is_not_utf8_end_in_an_error() {
    use std::os::unix::ffi::OsStrExt;
    let dir = workspace();
    std::os::unix::fs::symlink(".", dir.path().join("weeks/two/src/again")).unwrap();
    let error = inputs::of_package(dir.path(), Path::new("weeks/two"), &[]).unwrap_err();
    assert!(matches!(error, EvidenceError::TooMany { what: "levels of folders", .. }), "{error}");

    let dir = workspace();
    let name = std::ffi::OsStr::from_bytes(b"weeks/two/src/caf\xe9.rs");
    if fs::write(dir.path().join(name), "").is_ok() {
        let error = inputs::of_package(dir.path(), Path::new("weeks/two"), &[]).unwrap_err();
        assert!(matches!(error, EvidenceError::NameNotUtf8 { .. }), "{error}");
    }
}

#[test]
fn this_very_workspace_has_inputs_for_every_week_that_is_built() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let inputs = inputs::of_package(&root, Path::new("weeks/week-02-framing"), &[]).unwrap();
    for expected in [
        "Cargo.lock#framing",
        "harness/evidence/src/lib.rs",
        "harness/faults/src/lib.rs",
        "weeks/week-01-logger/src/lib.rs",
        "weeks/week-02-framing/Cargo.toml",
    ] {
        assert!(inputs.iter().any(|input| input.path == expected), "{expected} is no input");
    }
    assert!(!inputs.iter().any(|input| input.path.starts_with("harness/lab/")), "the pages are no input");
    assert!(inputs.iter().all(|input| !input.path.starts_with("weeks/week-01-logger/tests")));
}
