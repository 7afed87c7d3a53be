//! A record with every field in use, and a folder with records and derived files.

#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "each test file uses its part")]

use std::fs;
use std::path::{Path, PathBuf};

use evidence::manifest::{self, DerivedFrom};
use evidence::{
    Commit, Criterion, DrillAccount, Environment, Fact, Finding, Histogram, Input, Kind, Measurement, Ratio,
    Record, Series, Trial, Verdict,
};

/// The smallest record that says anything.
pub fn small(id: &str) -> Record {
    let kind = Kind::ALL.into_iter().find(|kind| id.ends_with(kind.name())).unwrap();
    Record {
        schema: 1,
        id: id.into(),
        kind,
        workspace: "reference".into(),
        command: "cargo lab gate 2".into(),
        profile: "quick".into(),
        started_at: "2026-01-31T08:00:00Z".into(),
        finished_at: "2026-01-31T08:00:02.5Z".into(),
        environment: Environment {
            os: "linux x86_64".into(),
            kernel: "6.1".into(),
            cpu: "\"CPU\" – ½".into(),
            cores: 2,
            memory_bytes: 8 << 30,
            rustc: "rustc 1.91".into(),
            nextest: "nextest 1".into(),
        },
        commit: Commit { id: "c0ffee".into(), modified: Vec::new() },
        inputs: vec![Input { path: "weeks/week-02-framing/Cargo.toml".into(), sha256: "0".repeat(64) }],
        finding: Finding::of("frames survive").criterion(Criterion::check(
            "framing.split",
            "any split",
            true,
            "",
        )),
        digest: String::new(),
    }
    .seal()
}

/// Every field of the schema, none at its default.
pub fn full() -> Record {
    let invariant = |holds| Criterion::check("framing.no-crash", "the server lives", holds, "it died\n\u{1}");
    let drill = DrillAccount {
        steady_state: "echoes come back".into(),
        fault: "the client goes away".into(),
        degraded_mode: "that connection closes".into(),
        recovery_trigger: "a new client".into(),
        recovery_within_ms: 500,
        control: Trial::of(0).invariant(invariant(true)),
        experiment: Trial::of(3).recovered_in_ms(4).invariant(invariant(true)).event(1, "cut at byte 3"),
        replay: "LAB_SEED=18446744073709551615 cargo lab drill 2".into(),
    };
    let histogram = Histogram::of_values((1..=60).map(|n| n * n));
    let mut record = small("week-02/drill");
    record.commit.modified = vec!["weeks/week-02-framing/src/lib.rs".into()];
    record.finding = Finding::of("a cut at any byte harms nobody else")
        .seed(u64::MAX)
        .criterion(
            Criterion::of("framing.odd", "known to be odd", Verdict::Failed, "it is").fact(Fact::count(
                "tries",
                u64::MAX,
                "",
            )),
        )
        .drill(drill)
        .measurement(
            Measurement::of("echo", "One echo", "ns")
                .series(Series::of("blocking", histogram).fact(Fact::real("rate", 1.0e16, "echoes/s")))
                .series(Series::named("nobody").peer().fact(Fact::text("why", "no such peer")))
                .series(Series::over_time("memory", vec![(0.0, 1e-7), (0.5, 2.0)])),
        )
        .ratio(Ratio::of_rounds(
            "echo",
            "echoes a second",
            "blocking",
            "nobody",
            &[1.5, 1.25, 0.1],
            Some(0.0001),
        ));
    record.seal()
}

/// Two records, one file from both, one from none, listed.
pub fn folder(dir: &Path) -> DerivedFrom {
    for id in ["week-02/gate", "week-02/bench"] {
        small(id).write(&dir.join(format!("{id}.json"))).unwrap();
    }
    fs::create_dir_all(dir.join("week-02/charts")).unwrap();
    fs::write(dir.join("week-02/report.md"), "# Week 2\n\nIt holds.\n").unwrap();
    fs::write(dir.join("week-02/charts/echo.svg"), "<svg/>\n").unwrap();
    fs::write(dir.join("theme.css"), "p { margin: 0 }\n").unwrap();
    let derived = DerivedFrom::from([
        ("week-02/report.md".into(), vec!["week-02/gate".into(), "week-02/bench".into()]),
        ("week-02/charts/echo.svg".into(), vec!["week-02/bench".into()]),
    ]);
    manifest::write(dir, &derived).unwrap();
    derived
}

/// Every file of a folder.
pub fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    files
}
