//! A book in miniature around the real course: its own pages and records, the real `week.yaml` files and sources.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::path::{Path, PathBuf};

use evidence::{
    Commit, Criterion, DrillAccount, Environment, Fact, Finding, Histogram, Kind, Measurement, Ratio, Record,
    Series, Trial,
};
use lab::course::Course;
use lab::pages::{self, BookOptions, Console};
use lab::workspace::{Workspace, WorkspaceKind};

/// The real course's folder.
pub fn repo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// A book and an evidence folder of a test's own.
pub struct Site {
    pub dir: tempfile::TempDir,
    pub ws: Workspace,
    pub course: Course,
}

impl Site {
    /// A book of one page around weeks of its own, without records or deliverables.
    pub fn alone() -> Self {
        let mut site = Site::new();
        site.own_course();
        site
    }

    /// A book of one page around the real weeks, without records.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let book = dir.path().join("book");
        std::fs::create_dir_all(book.join("src")).unwrap();
        std::fs::copy(repo().join("book/book.toml"), book.join("book.toml")).unwrap();
        std::os::unix::fs::symlink(repo().join("harness/lab/theme"), book.join("theme")).unwrap();
        let ws = Workspace { root: repo(), reference: dir.path().into(), kind: WorkspaceKind::Reference };
        let course = ws.course().unwrap();
        let site = Site { dir, ws, course };
        site.page("page.md", "# Page\n");
        site.write("book/src/SUMMARY.md", "# Summary\n\n[Page](page.md)\n");
        site
    }

    /// Gives the site weeks of its own, which a test may change; the sources that their records depend on come along.
    pub fn own_course(&mut self) {
        let root = self.path("course");
        for below in ["weeks", "harness/evidence", "harness/faults", "harness/load"] {
            copy(&repo().join(below), &root.join(below));
        }
        for file in ["Cargo.toml", "Cargo.lock", "harness/lab/Cargo.toml"] {
            std::fs::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            std::fs::copy(repo().join(file), root.join(file)).unwrap();
        }
        // The real deliverables speak of the real records; a test lays down its own.
        for (folder, _) in &self.course.weeks {
            let outputs = root.join("weeks").join(folder.file_name().unwrap()).join("outputs");
            if outputs.is_dir() {
                std::fs::remove_dir_all(outputs).unwrap();
            }
        }
        self.ws.root = root;
        self.course = self.ws.course().unwrap();
    }

    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.path().join(below)
    }

    pub fn write(&self, below: &str, text: &str) {
        let path = self.path(below);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A page of the book, listed or not.
    pub fn page(&self, name: &str, text: &str) {
        self.write(&format!("book/src/{name}"), text);
    }

    pub fn evidence(&self) -> PathBuf {
        self.path("evidence")
    }

    /// Puts records into the evidence folder.
    pub fn record(&self, record: Record) {
        record.write(&self.evidence().join(format!("{}.json", record.id))).unwrap();
    }

    pub fn options(&self, console: Console) -> BookOptions {
        BookOptions { dest: Some(self.path("built")), evidence: Some(self.evidence()), console, draft: true }
    }

    /// Builds the book; on failure everything that was said.
    pub fn build(&self, console: Console) -> Result<PathBuf, String> {
        pages::book(&self.ws, &self.course, &self.options(console))
            .map_err(|f| format!("{}\n{}", f.detail, f.what))
    }

    /// Asserts that the build fails and says so.
    pub fn refuses(&self, expected: &str) {
        match self.build(Console::Skip) {
            Ok(index) => panic!("built {}, but should say: {expected}", index.display()),
            Err(said) => assert!(said.contains(expected), "expected: {expected}\nsaid: {said}"),
        }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_name() == "target" {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A generator with a fixed course, so that every run draws the same chart.
pub struct Numbers(u64);

impl Numbers {
    pub fn from(seed: u64) -> Self {
        Numbers(seed)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// Latencies with a tail: most near `typical` nanoseconds, one in a hundred ten times, one in a thousand a hundred
/// times that.
pub fn latencies(seed: u64, typical: u64, samples: usize) -> Histogram {
    let mut numbers = Numbers::from(seed);
    Histogram::of_values((0..samples).map(|_| {
        let base = typical / 2 + numbers.below(typical);
        match numbers.below(1000) {
            0 => base * 100,
            1..=9 => base * 10,
            _ => base,
        }
    }))
}

fn record(id: &str, kind: Kind, command: &str, finding: Finding) -> Record {
    Record {
        schema: evidence::record::SCHEMA,
        id: id.into(),
        kind,
        workspace: "reference".into(),
        command: command.into(),
        profile: "default".into(),
        started_at: "2026-11-23T07:44:12.120Z".into(),
        finished_at: "2026-11-23T07:44:19.480Z".into(),
        environment: Environment {
            os: "linux x86_64".into(),
            kernel: "6.12.0".into(),
            cpu: "Example CPU | 2.0 GHz".into(),
            cores: 2,
            memory_bytes: 24 * 1024 * 1024 * 1024,
            rustc: "rustc 1.95.0 (f2d3ce0bd 2026-03-21)".into(),
            nextest: "cargo-nextest 0.9.151".into(),
        },
        commit: Commit { id: "0123456789abcdef0123456789abcdef01234567".into(), modified: Vec::new() },
        inputs: Vec::new(),
        finding,
        digest: String::new(),
    }
    .seal()
}

/// A gate with one passed and, when asked for, one failed criterion.
pub fn gate(fails: bool) -> Record {
    let finding = Finding::of("Every failure has a clear class and none is a crash")
        .criterion(
            Criterion::check(
                "framing.oversize",
                "A frame above the limit is refused before allocation",
                true,
                "",
            )
            .fact(Fact::count("frames", 4_096, ""))
            .fact(Fact::count("largest-allocation", 1_048_576, "bytes")),
        )
        .criterion(Criterion::check(
            "framing.reset",
            "A reset is told apart from an orderly close",
            !fails,
            "expected `reset`, got <closed> | orderly",
        ));
    record("week-02/gate", Kind::Gate, "cargo lab gate 2", finding)
}

/// A drill with both trials and a timeline.
pub fn drill() -> Record {
    let trial = |faults: u64| {
        Trial::of(faults)
            .recovered_in_ms(12)
            .invariant(
                Criterion::check("framing.no-leak", "No descriptor is leaked", true, "")
                    .fact(Fact::count("fds", 7, "")),
            )
            .event(0, "server listens")
            .event(3, "client sends 5 of 9 bytes and leaves")
            .event(15, "the next client is served")
    };
    let account = DrillAccount {
        steady_state: "Every echo comes back within 50 ms".into(),
        fault: "The client disconnects mid-frame at every byte offset".into(),
        degraded_mode: "Only the connection itself ends".into(),
        recovery_trigger: "The next client connects".into(),
        recovery_within_ms: 1000,
        control: trial(0),
        experiment: trial(64),
        replay: "cargo lab drill 2 --seed 7".into(),
    };
    let finding = Finding::of("A client that leaves mid-frame hurts nobody else").seed(7).drill(account);
    record("week-02/drill", Kind::Drill, "cargo lab drill 2", finding)
}

/// A measurement with percentiles, throughputs, a course over time and ratios.
pub fn bench() -> Record {
    let rate = |n: f64| {
        [
            Fact::real("throughput", n, "frames/s"),
            Fact::real("throughput-low", n * 0.93, "frames/s"),
            Fact::real("throughput-high", n * 1.04, "frames/s"),
        ]
    };
    let series = |name: &str, seed: u64, typical: u64, samples: usize| {
        Series::of(name, latencies(seed, typical, samples))
    };
    let echo = Measurement::of("echo", "Round trip of one echoed frame", "ns")
        .series(series("16 B payload", 1, 21_000, 40_000))
        .series(series("1 KiB payload", 2, 30_000, 40_000))
        .series(series("64 KiB payload", 3, 260_000, 9_000))
        .series(series("1 KiB, tokio-util codec", 4, 43_000, 40_000).peer());
    let mut ours = Series::named("framing, zero-copy");
    let mut peer = Series::named("tokio-util LengthDelimitedCodec").peer();
    for fact in rate(8_430_000.0) {
        ours = ours.fact(fact);
    }
    for fact in rate(5_120_000.0) {
        peer = peer.fact(fact);
    }
    let decode = Measurement::of("decode", "Decoder throughput on the same bytes", "frames/s")
        .series(ours)
        .series(peer);
    let memory = Measurement::of("memory", "Resident memory while 64 clients leave", "bytes").series(
        Series::over_time(
            "server",
            (0..40).map(|i| (f64::from(i) * 0.25, 3.1e6 + f64::from(i % 7) * 4e4)).collect(),
        ),
    );
    let finding = Finding::of("The decoder is faster than what a user would pick instead")
        .measurement(echo)
        .measurement(decode)
        .measurement(memory)
        .ratio(Ratio::of_rounds(
            "decode-small",
            "Frames decoded per second, 16 B payload",
            "framing",
            "tokio-util",
            &[1.58, 1.71, 1.66, 1.62, 1.69],
            Some(1.2),
        ))
        .ratio(Ratio::of_rounds(
            "decode-large",
            "Frames decoded per second, 64 KiB payload",
            "framing",
            "tokio-util",
            &[1.02, 1.10, 0.97, 1.05, 1.04],
            None,
        ));
    record("week-02/bench", Kind::Bench, "cargo lab bench 2", finding)
}
