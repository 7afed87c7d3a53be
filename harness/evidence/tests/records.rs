//! Claim: a record is read whole and unchanged, or not at all, and the error says where and why.
//!
//! How this could be fooled: by a reader that repairs what it reads. So every refusal is tested on bytes that a
//! lenient reader would have accepted.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod sample;

use std::fs;
use std::path::{Path, PathBuf};

use evidence::{Class, Criterion, EvidenceError, Fact, Finding, RECORD_BYTES_MAX, Record, Verdict};
use proptest::prelude::*;

fn parse(text: impl AsRef<[u8]>) -> Result<Record, EvidenceError> {
    Record::from_bytes(Path::new("week-02/gate.json"), text.as_ref().to_vec())
}

/// The text of a record after an edit that must have changed something.
fn edited(record: &Record, from: &str, to: &str) -> String {
    let text = String::from_utf8(record.to_bytes()).unwrap();
    assert!(text.contains(from), "{text}");
    text.replacen(from, to, 1)
}

/// The same, sealed again by someone who knows the digest rule.
fn edited_and_sealed(record: &Record, from: &str, to: &str) -> String {
    let text = edited(record, from, to);
    let mut document: serde_json::Value = serde_json::from_str(&text).unwrap();
    document.as_object_mut().unwrap().remove("digest");
    text.replacen(&record.digest, &evidence::canonical::digest(&document), 1)
}

#[test]
fn a_written_record_reads_back_equal() {
    let dir = tempfile::tempdir().unwrap();
    for (before, record) in [sample::small("week-02/gate"), sample::full()].into_iter().enumerate() {
        let path = dir.path().join("new/folders").join(format!("{}.json", record.id));
        record.write(&path).unwrap();
        assert_eq!(Record::read(&path).unwrap(), record);
        record.check_digest().unwrap();
        assert_eq!(
            fs::read_dir(path.parent().unwrap()).unwrap().count(),
            before + 1,
            "a temporary file is left"
        );
        assert_eq!(fs::read(&path).unwrap(), record.to_bytes());
    }
}

#[test]
fn the_digest_covers_every_field() {
    fn leaves(value: &mut serde_json::Value, visit: &mut dyn FnMut(&mut serde_json::Value)) {
        match value {
            serde_json::Value::Object(fields) => fields.values_mut().for_each(|field| leaves(field, visit)),
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| leaves(item, visit)),
            leaf => visit(leaf),
        }
    }
    let record = sample::full();
    let original = serde_json::to_value(&record).unwrap();
    let mut count = 0;
    leaves(&mut original.clone(), &mut |_| count += 1);
    let mut refused = 0;
    for target in 0..count {
        let (mut changed, mut at) = (original.clone(), 0);
        leaves(&mut changed, &mut |leaf| {
            if at == target {
                *leaf = match leaf.clone() {
                    serde_json::Value::String(text) => format!("{text}0").into(),
                    serde_json::Value::Bool(flag) => (!flag).into(),
                    number if number.is_f64() => (number.as_f64().unwrap() * 1.5 + 1.0).into(),
                    number => (number.as_u64().unwrap() ^ 1).into(),
                };
            }
            at += 1;
        });
        assert_ne!(changed, original);
        assert!(parse(changed.to_string()).is_err(), "leaf {target} can be changed unseen");
        refused += 1;
    }
    assert!(refused > 150, "only {refused} leaves");
}

#[test]
fn an_unknown_field_is_named_with_its_place() {
    let text = edited(&sample::small("week-02/gate"), "\"kind\"", "\"knid\": 1,\n  \"kind\"");
    let error = parse(text).unwrap_err().to_string();
    assert!(error.starts_with("week-02/gate.json does not parse: unknown field `knid`"), "{error}");
    assert!(error.ends_with("at line 4 column 8"), "{error}");
}

#[test]
fn a_missing_a_repeated_and_an_explicit_null_field_are_refused() {
    let record = sample::small("week-02/gate");
    let missing = parse(edited(&record, "\"profile\": \"quick\",", "")).unwrap_err().to_string();
    assert!(missing.contains("missing field `profile`"), "{missing}");
    let repeated =
        edited(&record, "\"profile\": \"quick\",", "\"profile\": \"full\", \"profile\": \"quick\",");
    let repeated = parse(repeated).unwrap_err().to_string();
    assert!(repeated.contains("duplicate field `profile`"), "{repeated}");
    let null = edited_and_sealed(&record, "\"criteria\":", "\"seed\": null, \"criteria\":");
    let null = parse(null).unwrap_err().to_string();
    assert!(null.contains("`finding.seed` is not in the form that the schema writes"), "{null}");
}

#[test]
fn a_real_number_spelled_as_a_whole_one_is_refused() {
    let text = edited_and_sealed(&sample::full(), "[0.5, 2.0]", "[0.5, 2]");
    let error = parse(text).unwrap_err().to_string();
    assert!(error.contains("`finding.measurements[0].series[2].points[1][1]` is not in the form"), "{error}");
}

#[test]
fn another_schema_version_is_told_from_a_malformed_record() {
    // With a field of that later version, which must not be what the message is about.
    let text = edited(&sample::small("week-02/gate"), "\"schema\": 1,", "\"schema\": 3, \"novelty\": true,");
    let error = parse(text).unwrap_err();
    assert!(
        matches!(&error, EvidenceError::SchemaVersion { found, known: 2, .. } if found == "3"),
        "{error}"
    );
    assert_eq!(
        parse("{}").unwrap_err().to_string(),
        "week-02/gate.json does not parse: there is no field `schema`"
    );
    assert!(matches!(parse(r#"{"schema": "1"}"#).unwrap_err(), EvidenceError::SchemaVersion { .. }));
}

#[test]
fn bytes_that_are_not_text_are_refused_at_their_offset() {
    let mut bytes = sample::small("week-02/gate").to_bytes();
    bytes[17] = 0xff;
    assert!(matches!(parse(bytes).unwrap_err(), EvidenceError::NotUtf8 { at: 17, .. }));
}

#[test]
fn a_record_cut_at_any_length_is_malformed() {
    let bytes = sample::small("week-02/gate").to_bytes();
    // The last byte is a newline, without which the record is still whole.
    for length in 0..bytes.len() - 1 {
        match parse(&bytes[..length]) {
            Err(EvidenceError::Malformed { .. } | EvidenceError::NotUtf8 { .. }) => {}
            other => panic!("cut at {length}: {other:?}"),
        }
    }
}

#[test]
fn size_bound_refuses_max_plus_one_and_not_max() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gate.json");
    let mut bytes = sample::small("week-02/gate").to_bytes();
    bytes.resize(usize::try_from(RECORD_BYTES_MAX).unwrap(), b' ');
    fs::write(&path, &bytes).unwrap();
    Record::read(&path).unwrap();
    bytes.push(b' ');
    fs::write(&path, &bytes).unwrap();
    let error = Record::read(&path).unwrap_err();
    assert!(matches!(error, EvidenceError::TooLarge { max: RECORD_BYTES_MAX, .. }), "{error}");
    assert_eq!(error.class(), Class::Limit);
}

#[test]
fn a_huge_file_and_an_endless_one_are_refused_without_being_read() {
    let dir = tempfile::tempdir().unwrap();
    let sparse = dir.path().join("gate.json");
    fs::File::create(&sparse).unwrap().set_len(1 << 40).unwrap();
    assert!(matches!(Record::read(&sparse), Err(EvidenceError::TooLarge { bytes: 0x100_0000_0000, .. })));
    // /dev/zero says that it has no bytes, and has no end.
    #[cfg(target_os = "linux")]
    assert!(matches!(Record::read(Path::new("/dev/zero")), Err(EvidenceError::TooLarge { .. })));
}

#[test]
fn what_is_not_there_or_not_a_file_is_a_file_error() {
    let dir = tempfile::tempdir().unwrap();
    for path in [dir.path().join("none.json"), dir.path().to_path_buf()] {
        let error = Record::read(&path).unwrap_err();
        assert_eq!(error.class(), Class::File, "{error}");
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_changed_record_is_tampered_and_not_merely_unsound() {
    // The change also makes it contradict itself; that it was changed is what the reader must hear.
    let text = edited(
        &sample::small("week-02/gate"),
        "\"id\": \"framing.split\", \"claim\": \"any split\", \"verdict\": \"passed\"",
        "\"id\": \"framing.split\", \"claim\": \"any split\", \"verdict\": \"failed\"",
    );
    let error = parse(text).unwrap_err();
    assert!(matches!(error, EvidenceError::Digest { .. }), "{error}");
    assert_eq!(error.class(), Class::Integrity);
    let mut record = sample::small("week-02/gate");
    record.commit.id = "decaf".into();
    assert!(matches!(record.check_digest(), Err(EvidenceError::Digest { .. })));
}

#[test]
fn records_that_contradict_themselves_are_refused_although_they_are_sealed() {
    type Edit = fn(&mut Record);
    let cases: [(&str, Edit); 12] = [
        ("is no id for a gate", |record| record.id = "week-02/drill".into()),
        ("is no id for a gate", |record| record.id = "../week-02/gate".into()),
        ("workspace is `ours`", |record| record.workspace = "ours".into()),
        ("profile is `fast`", |record| record.profile = "fast".into()),
        ("started_at is `yesterday`", |record| record.started_at = "yesterday".into()),
        ("not a time in UTC", |record| record.finished_at = "2026-01-31T08:00:00+02:00".into()),
        ("is not 64 lower-case hex digits", |record| record.inputs[0].sha256 = "F".repeat(64)),
        ("not sorted and unique", |record| record.inputs.push(record.inputs[0].clone())),
        ("modified files", |record| record.commit.modified = vec!["b".into(), "a".into()]),
        ("says passed", |record| record.finding.criteria[0] = Criterion::check("a", "b", false, "c")),
        ("criterion `a` is there twice", |record| {
            let twice = Criterion::of("a", "b", Verdict::Failed, "c");
            record.finding = Finding::of("x").criteria([twice.clone(), twice]);
        }),
        ("fact `rate` is not a finite number", |record| {
            record.finding.criteria[0].facts = vec![Fact::real("rate", f64::NAN, "")];
        }),
    ];
    let dir = tempfile::tempdir().unwrap();
    for (expected, edit) in cases {
        let mut record = sample::small("week-02/gate");
        edit(&mut record);
        let record = record.seal();
        let path = dir.path().join("gate.json");
        let error = record.write(&path).unwrap_err();
        assert!(matches!(error, EvidenceError::Unsound { .. }), "{error}");
        assert!(error.to_string().contains(expected), "{error}");
        assert!(!path.exists());
        // A stranger's record is refused for the same reason on reading (NaN cannot even be spelled).
        let on_reading = parse(record.to_bytes()).unwrap_err().to_string();
        assert!(on_reading.contains(expected) || on_reading.contains("does not parse"), "{on_reading}");
    }
}

#[test]
fn an_unsealed_record_is_not_written() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("gate.json");
    let mut record = sample::small("week-02/gate");
    record.finished_at = "2026-01-31T09:00:00Z".into();
    assert!(matches!(record.write(&path), Err(EvidenceError::Digest { .. })));
    assert!(!path.exists());
}

#[test]
fn a_failed_write_keeps_the_old_record_and_leaves_nothing_behind() {
    let dir = tempfile::tempdir().unwrap();
    // Neither needs permissions that root would have anyway: a file where a folder should be, and the reverse.
    let file = dir.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let below_a_file = file.join("gate.json");
    let onto_a_folder = dir.path().join("folder/gate.json");
    fs::create_dir_all(onto_a_folder.join("occupied")).unwrap();
    for path in [below_a_file, onto_a_folder] {
        let error = sample::small("week-02/gate").write(&path).unwrap_err();
        assert_eq!(error.class(), Class::File, "{error}");
    }
    assert_eq!(fs::read(&file).unwrap(), b"in the way");
    let left: Vec<PathBuf> =
        fs::read_dir(dir.path().join("folder")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left, [dir.path().join("folder/gate.json")]);
}

proptest! {
    #[test]
    fn every_number_and_every_text_survives_sealing_writing_and_reading(
        reals in prop::collection::vec(any::<f64>().prop_filter("JSON is finite", |real| real.is_finite()), 0..8),
        count in any::<u64>(),
        text in "\\PC*|[\\x00-\\x1f\"\\\\]*",
    ) {
        let mut criterion = Criterion::check("c", &text, true, "").fact(Fact::count("count", count, &text));
        for (index, real) in reals.iter().enumerate() {
            criterion = criterion.fact(Fact::real(&format!("real-{index}"), *real, ""));
        }
        let mut record = sample::small("week-02/gate");
        record.finding = Finding::of(&text).criterion(criterion);
        let record = record.seal();
        prop_assert_eq!(parse(record.to_bytes()).unwrap(), record);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(parse(bytes).is_err());
    }
}

#[test]
fn a_horizontal_axis_belongs_to_version_2_and_a_record_of_version_1_is_read_as_ever() {
    let old = sample::full();
    assert_eq!(old.schema, 1, "the sample is of the version before");
    parse(old.to_bytes()).unwrap();
    let mut new = old;
    new.finding.measurements[0].x = Some("offered load, times capacity".into());
    let error = parse(new.clone().seal().to_bytes()).unwrap_err().to_string();
    assert!(error.contains("`finding.measurements[0].x` is not in the schema version"), "{error}");
    new.schema = 2;
    parse(new.clone().seal().to_bytes()).unwrap();
}
