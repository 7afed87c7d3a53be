//! Claim: someone with the documentation and no code of ours comes to the same digests.
//!
//! How this could be fooled: by checking our writer against our reader. So the judge is Python, running the very
//! program that SCHEMA.md prints; where there is no Python, a record from a fixture with a digest that Python computed.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

mod sample;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use evidence::{Record, canonical};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::Value;

const SCHEMA: &str = include_str!("../SCHEMA.md");

/// Runs Python; `None` where there is none.
fn python(program: &str, argument: &Path, stdin: &[u8]) -> Option<Output> {
    let mut command = Command::new("python3");
    command.args(["-c", program]).arg(argument).env("PYTHONIOENCODING", "utf-8");
    let mut child = match command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
    {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("there is no python3 here; the fixture alone was checked");
            return None;
        }
        child => child.unwrap(),
    };
    let mut pipe = child.stdin.take().unwrap();
    let stdin = stdin.to_vec();
    let writer = std::thread::spawn(move || pipe.write_all(&stdin));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    Some(output)
}

/// The program as printed in the documentation.
fn printed_program() -> &'static str {
    let (_, rest) = SCHEMA.split_once("```python\n").unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_printed_program_passes_a_true_folder_and_names_what_is_wrong_in_others() {
    let dir = tempfile::tempdir().unwrap();
    sample::folder(dir.path());
    sample::full().write(&dir.path().join("week-02/drill.json")).unwrap();
    evidence::manifest::write(dir.path(), &Default::default()).unwrap();
    let Some(output) = python(printed_program(), dir.path(), b"") else { return };
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "6 files fit\n");

    let refuses = |expected: &str| {
        let output = python(printed_program(), dir.path(), b"").unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(expected), "{said}");
    };
    let report = dir.path().join("week-02/report.md");
    let kept = fs::read(&report).unwrap();
    fs::write(&report, "# Week 2\n\nIt fails.\n").unwrap();
    refuses("week-02/report.md has changed");
    fs::remove_file(&report).unwrap();
    refuses("listed or found, but not both: ['week-02/report.md']");
    fs::write(&report, kept).unwrap();

    // A record whose file digest is right and whose own digest is not.
    let drill = dir.path().join("week-02/drill.json");
    let forged = fs::read_to_string(&drill).unwrap().replacen("harms nobody", "harms somebody", 1);
    fs::write(&drill, &forged).unwrap();
    let path = dir.path().join(evidence::manifest::NAME);
    let mut manifest: evidence::manifest::Manifest =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    let entry = manifest.files.iter_mut().find(|entry| entry.path == "week-02/drill.json").unwrap();
    (entry.sha256, entry.bytes) = (canonical::sha256(forged.as_bytes()), forged.len() as u64);
    fs::write(&path, manifest.seal().to_bytes()).unwrap();
    refuses("week-02/drill.json does not fit its digest");
}

#[test]
fn python_writes_the_same_canonical_bytes_for_any_value() {
    let leaf = prop_oneof![
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        // Bit patterns, so that all exponents occur; and the range in which the notation changes.
        any::<u64>()
            .prop_map(f64::from_bits)
            .prop_filter("finite", |real| real.is_finite())
            .prop_map(Value::from),
        (-7..20i32, 1..100_000u32)
            .prop_map(|(power, digits)| Value::from(f64::from(digits) * 10f64.powi(power))),
        "\\PC{0,12}|[\\x00-\\x1f\\x7f\"\\\\]{0,6}".prop_map(Value::from),
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
    ];
    let values = leaf.prop_recursive(3, 24, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("\\PC{0,4}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    });
    let mut runner = TestRunner::deterministic();
    let values: Vec<Value> = (0..3_000).map(|_| values.new_tree(&mut runner).unwrap().current()).collect();

    let program = "import json, sys\n\
        for line in sys.stdin.buffer.read().decode().split('\\n')[:-1]:\n    \
        text = json.dumps(json.loads(line), sort_keys=True, separators=(',', ':'), ensure_ascii=False)\n    \
        sys.stdout.buffer.write(text.encode() + b'\\n')\n";
    let lines: String = values.iter().map(|value| format!("{value}\n")).collect();
    let Some(output) = python(program, Path::new("-"), lines.as_bytes()) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: Vec<&[u8]> = output.stdout.split(|byte| *byte == b'\n').collect();
    assert_eq!(theirs.len(), values.len() + 1);
    for (value, theirs) in values.iter().zip(theirs) {
        let ours = String::from_utf8(canonical::bytes(value)).unwrap();
        assert_eq!(ours, String::from_utf8_lossy(theirs), "for {value}");
    }
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/week-02/drill.json")
}

#[test]
fn the_record_of_the_fixture_is_still_read_and_still_written_so() {
    let record = Record::read(&fixture()).unwrap();
    assert_eq!(record, sample::full(), "version 1 may not change its meaning");
    assert_eq!(record.to_bytes(), fs::read(fixture()).unwrap(), "every committed record would be rewritten");
    // As Python computed it when the fixture was made.
    assert_eq!(record.digest, "sha256:fba1891e87ea663300b655c697686e5b8749550e1983c87f121026c0294f8656");
}

#[test]
fn the_documentation_names_every_field() {
    fn fields(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(key, value)| {
                found.push(key.clone());
                fields(value, found);
            }),
            Value::Array(items) => items.iter().for_each(|item| fields(item, found)),
            _ => {}
        }
    }
    let dir = tempfile::tempdir().unwrap();
    sample::folder(dir.path());
    let manifest = fs::read_to_string(dir.path().join(evidence::manifest::NAME)).unwrap();
    let mut found = Vec::new();
    fields(&serde_json::to_value(sample::full()).unwrap(), &mut found);
    fields(&serde_json::from_str(&manifest).unwrap(), &mut found);
    found.sort();
    found.dedup();
    assert!(found.len() > 50, "the sample does not use every field: {found:?}");
    for field in found {
        assert!(SCHEMA.contains(&format!("`{field}`")), "SCHEMA.md does not say what `{field}` is");
    }
}
