//! Claim: whatever is done to an evidence folder after it was listed, `verify` notices, names it, and never panics.
//!
//! How this could be fooled: by an attacker who recomputes every digest. No test here pretends otherwise; see the
//! last one.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod sample;

use std::fs;
use std::path::Path;

use evidence::manifest::{self, Broken, DerivedFrom};
use evidence::{EvidenceError, Verdict};
use tempfile::TempDir;

fn folder() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    sample::folder(dir.path());
    dir
}

fn broken(dir: &Path) -> Broken {
    match manifest::verify(dir) {
        Err(broken) => broken,
        Ok(report) => panic!("passed: {report}"),
    }
}

/// Seals the manifest again after an edit, as someone would who knows the rule.
fn forge_manifest(dir: &Path, edit: impl FnOnce(&mut manifest::Manifest)) {
    let path = dir.join(manifest::NAME);
    let text = fs::read_to_string(&path).unwrap();
    let mut content: manifest::Manifest = serde_json::from_str(&text).unwrap();
    edit(&mut content);
    fs::write(&path, content.seal().to_bytes()).unwrap();
}

#[test]
fn an_untouched_folder_passes_and_is_counted() {
    let dir = folder();
    let report = manifest::verify(dir.path()).unwrap();
    assert_eq!(report.records, ["week-02/bench", "week-02/gate"]);
    assert_eq!(report.files, 5);
    let listed = sample::files(dir.path())
        .iter()
        .filter(|path| !path.ends_with(manifest::NAME))
        .fold(0, |sum, path| sum + path.metadata().unwrap().len());
    assert_eq!(report.bytes, listed);
    assert_eq!(report.to_string(), format!("2 records, 5 files, {listed} bytes: everything fits its digest"));
}

#[test]
fn writing_twice_gives_the_same_bytes_and_the_same_report() {
    let dir = tempfile::tempdir().unwrap();
    let derived = sample::folder(dir.path());
    let first = fs::read(dir.path().join(manifest::NAME)).unwrap();
    let report = manifest::write(dir.path(), &derived).unwrap();
    assert_eq!(fs::read(dir.path().join(manifest::NAME)).unwrap(), first);
    assert_eq!(manifest::verify(dir.path()).unwrap(), report);
}

#[test]
fn a_copy_of_the_folder_verifies_anywhere() {
    let (dir, elsewhere) = (folder(), tempfile::tempdir().unwrap());
    for file in sample::files(dir.path()) {
        let target = elsewhere.path().join(file.strip_prefix(dir.path()).unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(&file, target).unwrap();
    }
    assert_eq!(manifest::verify(elsewhere.path()).unwrap(), manifest::verify(dir.path()).unwrap());
}

#[test]
fn each_kind_of_damage_has_its_own_name() {
    let expect = |damage: &dyn Fn(&Path), expected: &str| {
        let dir = folder();
        damage(dir.path());
        let broken = broken(dir.path());
        let variant = format!("{broken:?}");
        let variant = variant.strip_prefix("Evidence(").unwrap_or(&variant);
        assert!(variant.starts_with(expected), "{expected}: {variant}");
        broken.to_string()
    };
    let edit = |path: &'static str, from: &'static str, to: &'static str| {
        move |dir: &Path| {
            let path = dir.join(path);
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.contains(from));
            fs::write(path, text.replacen(from, to, 1)).unwrap();
        }
    };
    expect(&edit("week-02/gate.json", "\"passed\"", "\"perfect\""), "Malformed");
    expect(&edit("week-02/gate.json", "\"passed\"", "\"skipped\""), "Digest");
    expect(&edit("week-02/gate.json", "\n  ", "\n   "), "Changed");
    expect(&edit("week-02/report.md", "holds", "Holds"), "Changed");
    expect(&edit("week-02/report.md", "holds", "held"), "Changed");
    expect(&edit(manifest::NAME, "report.md", "rapport.md"), "Digest");
    expect(&edit(manifest::NAME, "\n  ", "\n   "), "Malformed");
    expect(&|dir| fs::remove_file(dir.join("week-02/report.md")).unwrap(), "Missing");
    expect(&|dir| fs::remove_file(dir.join("week-02/gate.json")).unwrap(), "Missing");
    expect(&|dir| fs::remove_file(dir.join(manifest::NAME)).unwrap(), "File");
    expect(&|dir| fs::write(dir.join("week-02/extra.md"), "").unwrap(), "Unlisted");
    expect(&|dir| fs::write(dir.join("zzz"), "").unwrap(), "Unlisted");
}

#[test]
fn a_record_in_anothers_place_is_noticed_even_when_it_is_listed_there() {
    let dir = folder();
    let drill = dir.path().join("week-03/gate.json");
    sample::small("week-02/gate").write(&drill).unwrap();
    let broken = manifest::write(dir.path(), &DerivedFrom::new()).unwrap_err();
    assert!(matches!(&broken, Broken::Misplaced { id, .. } if id == "week-02/gate"), "{broken}");
    // And by a manifest that somebody wrote by hand.
    let bytes = fs::read(&drill).unwrap();
    forge_manifest(dir.path(), |manifest| {
        let sha256 = evidence::canonical::sha256(&bytes);
        let (path, bytes) = ("week-03/gate.json".into(), bytes.len() as u64);
        manifest.files.push(manifest::Entry { path, sha256, bytes, from: Vec::new() });
    });
    assert!(matches!(self::broken(dir.path()), Broken::Misplaced { .. }));
}

#[test]
fn a_path_that_leaves_the_folder_is_refused_before_any_file_is_opened() {
    for escape in
        ["../secret", "/etc/passwd", "week-02/../../secret", "./theme.css", "a//b", "", "a\\b", "c:x"]
    {
        let dir = folder();
        forge_manifest(dir.path(), |manifest| manifest.files[0].path = escape.into());
        let broken = broken(dir.path());
        assert!(matches!(&broken, Broken::Escapes { entry, .. } if entry == escape), "{escape:?}: {broken}");
    }
}

#[test]
fn entries_out_of_order_or_twice_are_refused() {
    let dir = folder();
    forge_manifest(dir.path(), |manifest| manifest.files.swap(0, 1));
    assert!(matches!(broken(dir.path()), Broken::OutOfOrder { .. }));
    let dir = folder();
    forge_manifest(dir.path(), |manifest| manifest.files.insert(1, manifest.files[0].clone()));
    assert!(matches!(broken(dir.path()), Broken::OutOfOrder { .. }));
}

#[test]
fn a_file_from_a_record_that_is_not_there_is_an_orphan() {
    let dir = folder();
    let derived = DerivedFrom::from([("theme.css".into(), vec!["week-09/gate".into()])]);
    assert!(matches!(manifest::write(dir.path(), &derived), Err(Broken::Orphan { .. })));
    forge_manifest(dir.path(), |manifest| manifest.files[0].from = vec!["week-09/gate".into()]);
    assert!(matches!(broken(dir.path()), Broken::Orphan { id, .. } if id == "week-09/gate"));
}

#[test]
fn a_record_is_never_listed_as_derived() {
    let dir = folder();
    let derived = DerivedFrom::from([("week-02/gate.json".into(), vec!["week-02/bench".into()])]);
    assert!(matches!(manifest::write(dir.path(), &derived), Err(Broken::DerivedRecord { .. })));
    forge_manifest(dir.path(), |manifest| manifest.files[1].from = vec!["week-02/gate".into()]);
    assert!(matches!(broken(dir.path()), Broken::DerivedRecord { id } if id == "week-02/bench"));
}

#[test]
fn a_manifest_is_not_written_over_a_broken_record_or_a_missing_file() {
    let dir = folder();
    let before = fs::read(dir.path().join(manifest::NAME)).unwrap();
    let missing = DerivedFrom::from([("none.svg".into(), vec!["week-02/gate".into()])]);
    assert!(matches!(manifest::write(dir.path(), &missing), Err(Broken::Missing { .. })));
    fs::write(dir.path().join("week-02/gate.json"), "{}").unwrap();
    let refused = manifest::write(dir.path(), &DerivedFrom::new());
    assert!(matches!(refused, Err(Broken::Evidence(EvidenceError::Malformed { .. }))));
    assert_eq!(fs::read(dir.path().join(manifest::NAME)).unwrap(), before);
}

#[test]
fn what_a_killed_write_left_behind_is_swept_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let derived = sample::folder(dir.path());
    let unfinished = dir.path().join("week-02/.gate.json.evidence-unfinished-123-0");
    fs::write(&unfinished, "{").unwrap();
    assert!(matches!(broken(dir.path()), Broken::Unlisted { .. }));
    fs::write(dir.path().join(".hidden"), "kept").unwrap();
    let report = manifest::write(dir.path(), &derived).unwrap();
    assert_eq!(report.files, 6);
    assert!(!unfinished.exists());
    manifest::verify(dir.path()).unwrap();
}

#[cfg(unix)]
mod unix {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_is_refused_although_it_points_to_the_right_bytes() {
        let dir = folder();
        let (report, elsewhere) = (dir.path().join("week-02/report.md"), tempfile::tempdir().unwrap());
        let copy = elsewhere.path().join("copy");
        fs::rename(&report, &copy).unwrap();
        symlink(&copy, &report).unwrap();
        assert!(matches!(broken(dir.path()), Broken::NotAFile { what: "a symbolic link", .. }));
        let refused = manifest::write(dir.path(), &DerivedFrom::new());
        assert!(matches!(refused, Err(Broken::NotAFile { what: "a symbolic link", .. })));
    }

    #[test]
    fn a_linked_folder_and_a_linked_manifest_are_refused() {
        let dir = folder();
        symlink("week-02", dir.path().join("week-03")).unwrap();
        assert!(matches!(broken(dir.path()), Broken::Unlisted { .. } | Broken::NotAFile { .. }));
        let dir = folder();
        fs::rename(dir.path().join(manifest::NAME), dir.path().join("real")).unwrap();
        symlink("real", dir.path().join(manifest::NAME)).unwrap();
        assert!(matches!(broken(dir.path()), Broken::NotAFile { .. }));
    }

    #[test]
    fn a_socket_in_place_of_a_file_is_refused_and_not_waited_for() {
        let dir = folder();
        let report = dir.path().join("week-02/report.md");
        fs::remove_file(&report).unwrap();
        let _listener = std::os::unix::net::UnixListener::bind(&report).unwrap();
        assert!(matches!(broken(dir.path()), Broken::NotAFile { what: "a special file", .. }));
    }

    #[test]
    fn a_name_that_is_not_utf8_is_refused() {
        let dir = folder();
        let name = std::ffi::OsStr::from_bytes(b"week-02/caf\xe9.md");
        if fs::write(dir.path().join(name), "").is_err() {
            return; // a file system that does not have such names has no such problem
        }
        assert!(matches!(broken(dir.path()), Broken::Evidence(EvidenceError::NameNotUtf8 { .. })));
    }
}

#[test]
fn a_huge_file_in_place_of_a_small_one_is_not_hashed() {
    let dir = folder();
    let report = dir.path().join("week-02/report.md");
    fs::File::options().write(true).open(report).unwrap().set_len(1 << 40).unwrap();
    let broken = broken(dir.path());
    assert!(matches!(&broken, Broken::Changed { is, .. } if is == "1099511627776 bytes"), "{broken}");
}

#[test]
fn digests_alone_do_not_stop_a_forger() {
    // Known and documented: whoever recomputes the digests passes. The git history, and from week 15 on a signed
    // log of the records, are what stops them; the day this fails, the documentation must change.
    let dir = folder();
    let mut record = sample::small("week-02/gate");
    record.finding.verdict = Verdict::Failed;
    record.seal().write(&dir.path().join("week-02/gate.json")).unwrap();
    assert!(matches!(broken(dir.path()), Broken::Changed { .. }));
    manifest::write(dir.path(), &DerivedFrom::new()).unwrap();
    manifest::verify(dir.path()).unwrap();
}
