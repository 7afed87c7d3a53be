//! Claim: no byte of a listed folder can change, go or move without `verify` noticing, and none makes it panic.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod sample;

use std::fs;
use std::path::Path;

use evidence::manifest::{self, Broken, DerivedFrom};
use evidence::{Class, EvidenceError};
use proptest::prelude::*;
use sample::files;
use tempfile::TempDir;

/// One record, one file derived from it, the manifest: every byte of it is tried.
fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    sample::small("week-02/gate").write(&dir.path().join("week-02/gate.json")).unwrap();
    fs::write(dir.path().join("week-02/report.md"), "# Week 2\n\nIt holds.\n").unwrap();
    let derived = DerivedFrom::from([("week-02/report.md".into(), vec!["week-02/gate".into()])]);
    manifest::write(dir.path(), &derived).unwrap();
    dir
}

fn broken(dir: &Path) -> Broken {
    match manifest::verify(dir) {
        Err(broken) => broken,
        Ok(report) => panic!("passed: {report}"),
    }
}

#[test]
fn any_byte_of_any_file_changed_to_another_is_noticed() {
    let dir = folder();
    let mut changes = 0;
    for path in files(dir.path()) {
        let original = fs::read(&path).unwrap();
        for at in 0..original.len() {
            // Bit flips for accidents; white space for white space, which JSON would forgive.
            for byte in [original[at] ^ 1, original[at] ^ 0x80, b' ', b'\n', b'\t'] {
                if byte == original[at] {
                    continue;
                }
                let mut changed = original.clone();
                changed[at] = byte;
                fs::write(&path, &changed).unwrap();
                let broken = broken(dir.path());
                let name = path.file_name().unwrap().to_str().unwrap();
                assert!(broken.to_string().contains(name), "{name}, byte {at}: {broken}");
                assert_eq!(
                    broken.class(),
                    match broken {
                        // The one byte of `"schema": 1`: to this build that is a version which it does not know.
                        Broken::Evidence(EvidenceError::SchemaVersion { .. }) => Class::Malformed,
                        _ => Class::Integrity,
                    }
                );
                changes += 1;
            }
        }
        fs::write(&path, &original).unwrap();
    }
    manifest::verify(dir.path()).unwrap();
    assert!(changes > 5_000, "only {changes} changes were tried");
}

#[test]
fn any_file_cut_at_any_length_is_noticed() {
    let dir = folder();
    for path in files(dir.path()) {
        let original = fs::read(&path).unwrap();
        for length in 0..original.len() {
            fs::write(&path, &original[..length]).unwrap();
            broken(dir.path());
        }
        fs::write(&path, &original).unwrap();
    }
    manifest::verify(dir.path()).unwrap();
}

/// A folder of any shape, small.
fn tree() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let path = prop::collection::vec("[a-c]{1,2}", 1..4).prop_map(|parts| format!("{}.txt", parts.join("/")));
    prop::collection::btree_map(path, prop::collection::vec(any::<u8>(), 0..40), 2..8)
        .prop_map(|files| files.into_iter().collect())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn moving_any_file_or_swapping_any_two_is_noticed(tree in tree(), pick in any::<prop::sample::Index>()) {
        let dir = tempfile::tempdir().unwrap();
        for (path, content) in &tree {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        let report = manifest::write(dir.path(), &DerivedFrom::new()).unwrap();
        prop_assert_eq!(report.files, tree.len() as u64);
        prop_assert_eq!(&manifest::verify(dir.path()).unwrap(), &report);

        let (first, second) = (pick.index(tree.len()), (pick.index(tree.len()) + 1) % tree.len());
        let at = |index: usize| dir.path().join(&tree[index].0);
        let moved = at(first).with_extension("moved");
        fs::rename(at(first), &moved).unwrap();
        prop_assert!(manifest::verify(dir.path()).is_err());
        if tree[first].1 != tree[second].1 {
            fs::rename(at(second), at(first)).unwrap();
            fs::rename(&moved, at(second)).unwrap();
            prop_assert!(manifest::verify(dir.path()).is_err());
        }
    }
}
