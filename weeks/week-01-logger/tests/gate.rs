//! The quality gate of week 1: one test for each criterion of `week.yaml`.
//!
//! Each test begins with the smallest thing that its claim rests on, in this process, before it starts any other:
//! where that is not written yet, the gate says so at once and by name. The claims are then judged on the real tool.
//! A gate that cannot fail is a defect; `cargo lab prove-gates` runs this one against the untouched skeleton and
//! against every wrong variant.

#![allow(clippy::unwrap_used, reason = "what a criterion leans on may be a function of its own")]

mod tool;

use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::time::Instant;

use evidence::Fact;
use evidence::run::fact;
use logger::clock::parse_time;
use logger::commit::Commit;
use logger::entry::check_msg;
use logger::limits::{FILE_NAME_BYTES_MAX, MSG_BYTES_MAX, NAME_BYTES_MAX, RECORD_BYTES_MAX};
use logger::store::{LogFile, open_dir};
use logger::{
    Clock, Coded, Durability, Entry, FixedClock, Level, LogError, LogPath, LogWriter, Options, append, rotate,
};
use tool::storm::Storm;
use tool::{CLOCK, Folder, contract, failures, lines};

#[test]
fn every_case_of_the_command_contract_ends_as_promised() {
    let started = Instant::now();
    let cases = contract::cases();
    let wrong = contract::check(|_| true);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let exits: BTreeSet<_> = cases.iter().map(|case| case.exit).collect();
    let id = "logger.command-contract";
    fact(id, Fact::count("cases", cases.len() as u64, "cases"));
    fact(id, Fact::count("exit-codes", exits.len() as u64, "codes"));
    fact(id, Fact::count("elapsed", started.elapsed().as_millis() as u64, "ms"));
}

#[test]
fn no_record_is_torn_or_lost_by_eight_processes_of_which_one_is_killed() {
    let folder = Folder::new();
    let file = LogFile::open(&open_dir(folder.path()).unwrap(), "one.log", Default::default()).unwrap();
    append::append_once(&file, Path::new("one.log"), 0, b"one record\n").unwrap();
    assert_eq!(folder.read("one.log"), "one record\n");

    let storm =
        Storm { writers: 8, records_each: 10_000, arguments: &[], kill_after: Some(4_000), followed: false };
    let started = Instant::now();
    let account = storm.run(&Folder::new());
    let id = "logger.atomic-appends";
    fact(id, Fact::count("processes", 8, "processes"));
    fact(id, Fact::count("acknowledged", account.acknowledged as u64, "records"));
    fact(id, Fact::count("stored", account.stored as u64, "records"));
    fact(id, Fact::count("acknowledged-by-the-killed", account.killed_at as u64, "records"));
    fact(id, Fact::count("torn-and-reported", account.damage.len() as u64, "lines"));
    fact(id, Fact::count("elapsed", started.elapsed().as_millis() as u64, "ms"));
    assert!(account.damage.len() <= 1, "one victim can tear one record: {:?}", account.damage);
}

#[test]
fn a_torn_last_line_is_reported_skipped_and_closed() {
    let stored = tool::fixture("three-records.log");
    let start_of_last = stored.trim_end().rfind('\n').unwrap() + 1;
    let mut cuts = 0;
    for cut in start_of_last + 1..stored.len() {
        let folder = Folder::new();
        folder.write("app.log", &stored[..cut]);
        let dir = open_dir(folder.path()).unwrap();
        let file = LogFile::open(&dir, "app.log", Default::default()).unwrap();
        assert!(append::ends_torn(&file, cut as u64).unwrap(), "cut at {cut}");

        let writer =
            LogWriter::open(&LogPath::new(folder.file("app.log")).unwrap(), Options::default()).unwrap();
        let entry = Entry::new(parse_time("2026-01-01T00:00:03Z").unwrap(), Level::Info, "local", "after");
        let receipt = writer.append(&entry).unwrap();
        assert!(receipt.sealed_torn_line, "cut at {cut}");
        let text = folder.read("app.log");
        assert!(text.starts_with(&stored[..cut]), "the fragment is evidence and must stay: cut at {cut}");
        assert_eq!(
            &text[receipt.offset as usize..][..receipt.bytes],
            text.lines().last().unwrap().to_string() + "\n"
        );
        cuts += 1;
    }
    // The same once through the tool, for what a user sees.
    let folder = Folder::new();
    folder.write("app.log", &stored[..stored.len() - 20]);
    let ran = folder.run(["read", "app.log"]);
    assert_eq!((ran.exit, ran.stdout.lines().count()), (0, 2), "{}", ran.stderr);
    assert!(ran.stderr.starts_with("warning[LOG-TORN-LINE]: `app.log` line 3 "), "{}", ran.stderr);
    fact("logger.torn-tail", Fact::count("cuts-tried", cuts, "positions"));
}

#[test]
fn every_limit_holds_at_its_bound_and_one_past_it() {
    let refusal = |result: Result<(), LogError>| result.err().map_or("stored", |e| e.code().code);
    assert_eq!(refusal(check_msg("")), "LOG-MSG-EMPTY");
    assert_eq!(refusal(check_msg(&"m".repeat(MSG_BYTES_MAX))), "stored");
    assert_eq!(refusal(check_msg(&"m".repeat(MSG_BYTES_MAX + 1))), "LOG-MSG-TOO-LARGE");

    // `n` control characters take `6 n` bytes when stored, so the record limit is met by messages well below theirs.
    let overhead = line_of("x").len() - 1;
    let full = RECORD_BYTES_MAX - overhead;
    let message = |bytes: usize| "\u{7}".repeat(bytes / 6) + &"m".repeat(bytes % 6);
    let name = |bytes: usize| "n".repeat(bytes);
    let folder = Folder::new();
    let mut bounds = 3;
    for (args, exit) in [
        (vec!["append".into(), "a.log".into(), "--msg".into(), message(full)], 0),
        (vec!["append".into(), "a.log".into(), "--msg".into(), message(full + 1)], 7),
        (
            vec!["append".into(), "a.log".into(), "--msg=x".into(), "--node-id".into(), name(NAME_BYTES_MAX)],
            0,
        ),
        (
            vec![
                "append".into(),
                "a.log".into(),
                "--msg=x".into(),
                "--node-id".into(),
                name(NAME_BYTES_MAX + 1),
            ],
            7,
        ),
        (vec!["append".into(), "a.log".into(), "--msg=x".into(), "--node-id".into(), name(0)], 3),
        (vec!["append".into(), name(FILE_NAME_BYTES_MAX), "--msg=x".into()], 0),
        (vec!["append".into(), name(FILE_NAME_BYTES_MAX + 1), "--msg=x".into()], 7),
        (vec!["append".into(), name(0), "--msg=x".into()], 2),
    ] {
        let ran = folder.run(args.iter().chain([&"--clock".to_string(), &CLOCK.to_string()]));
        assert_eq!(ran.exit, exit, "{}", ran.stderr);
        bounds += 1;
    }
    assert_eq!(folder.read("a.log").lines().next().unwrap().len() + 1, RECORD_BYTES_MAX);
    let hostile: String = (1..=0x9f).chain([0x2028, 0x2029]).filter_map(char::from_u32).collect();
    folder.run(["append", "b.log", "--msg", &hostile]).ok();
    assert_eq!(folder.read("b.log").lines().count(), 1);
    fact("logger.boundaries", Fact::count("bounds-tried", bounds, "values"));
}

fn line_of(msg: &str) -> Vec<u8> {
    let mut line = Vec::new();
    let entry = Entry::new(parse_time("2026-01-01T00:00:00Z").unwrap(), Level::Info, "local", msg);
    entry.encode(&mut line).unwrap();
    line
}

#[test]
fn every_failure_path_ends_in_exactly_one_code() {
    let not_found = LogError::file("open", Path::new("app.log"), io::ErrorKind::NotFound.into());
    assert_eq!(not_found.code().code, "LOG-NOT-FOUND");
    assert_eq!(failures::codes_in_file(), failures::codes_in_catalog());
    let wrong = failures::check(|_| true);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let id = "logger.error-catalog";
    fact(id, Fact::count("codes", failures::all().len() as u64, "codes"));
    fact(id, Fact::count("provoked", failures::all().len() as u64, "scenarios"));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let clock = FixedClock::at(parse_time("2026-01-01T00:00:00Z").unwrap());
    assert_eq!(clock.now(), clock.now());
    let session = |zone: &str| {
        let folder = Folder::new();
        let input = lines(200, |n| format!("line {n}\t\u{1b}"));
        let clock = format!("{CLOCK},step=1ms");
        let append = ["append", "app.log", "--stdin", "--json", "--rotate-bytes", "4096", "--clock", &clock];
        let appended = tool::finish(folder.launch(append).stdin(input).env("TZ", zone).spawn().unwrap());
        let read = tool::finish(folder.launch(["read", "app.log"]).env("TZ", zone).spawn().unwrap());
        let files: Vec<_> = folder.names().iter().map(|name| (name.clone(), folder.read(name))).collect();
        (appended, read, files)
    };
    let (first, second) = (session("UTC"), session("Asia/Kathmandu"));
    assert!(first == second, "{first:?}\n{second:?}");
    let golden = Folder::with_three_records().run(["read", "app.log"]).ok();
    assert_eq!(golden, tool::fixture("golden/read.txt"));
    let bytes: usize = first.2.iter().map(|(_, text)| text.len()).sum();
    fact("logger.determinism", Fact::count("compared", bytes as u64, "bytes"));
    fact("logger.determinism", Fact::count("files", first.2.len() as u64, "files"));
}

#[test]
fn rotation_by_several_processes_loses_no_record_and_keeps_its_bounds() {
    let folder = Folder::new();
    folder.write("app.log.000001", "oldest\n");
    folder.write("app.log", "full\n");
    assert_eq!(rotate::rotate(&open_dir(folder.path()).unwrap(), "app.log", 1).unwrap(), 2);
    assert_eq!(folder.names(), ["app.log.000002"]);

    let folder = Folder::new();
    let arguments = &["--rotate-bytes", "65536", "--keep", "99"];
    let storm = Storm { writers: 4, records_each: 5_000, arguments, kill_after: None, followed: true };
    let account = storm.run(&folder);
    assert_eq!(account.damage, Vec::<String>::new());
    assert_eq!((account.stored, account.followed), (20_000, 20_000));
    let largest = folder.names().iter().map(|name| folder.read(name).len()).max().unwrap();
    assert!(largest <= 65_536, "a file of {largest} bytes");
    let id = "logger.rotation";
    fact(id, Fact::count("rotations", account.rotations as u64, "rotations"));
    fact(id, Fact::count("stored", account.stored as u64, "records"));
    fact(id, Fact::count("followed", account.followed as u64, "records"));
    fact(id, Fact::count("largest-file", largest as u64, "bytes"));
}

#[test]
fn a_record_is_acknowledged_when_its_durability_mode_says_so() {
    const RECORDS: u64 = 200;
    const THREADS: u64 = 8;
    let folder = Folder::new();
    let commit = Commit::default();
    let file = LogFile::open(&open_dir(folder.path()).unwrap(), "one.log", Default::default()).unwrap();
    commit.wrote(1, &std::sync::Arc::new(file));
    commit.wait_for(1).unwrap();
    assert_eq!(commit.synced(), 1);

    let open = |name: &str, durability| {
        let options = Options { durability, ..Options::default() };
        LogWriter::open(&LogPath::new(folder.file(name)).unwrap(), options).unwrap()
    };
    let entry = Entry::new(parse_time("2026-01-01T00:00:00Z").unwrap(), Level::Info, "local", "x");

    let always = open("always.log", Durability::Always);
    for number in 1..=RECORDS {
        always.append(&entry).unwrap();
        assert!(always.syncs() >= number, "record {number} was acknowledged with {} syncs", always.syncs());
    }
    let alone = always.syncs();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| append_times(&always, &entry, RECORDS / THREADS));
        }
    });
    let together = always.syncs() - alone;
    assert!(together <= RECORDS, "{together} syncs for {RECORDS} records");

    let batch = open("batch.log", Durability::Batch);
    append_times(&batch, &entry, RECORDS);
    batch.finish().unwrap();
    let batched = batch.syncs();
    assert!((1..RECORDS).contains(&batched), "{batched} syncs for a batch of {RECORDS} records");

    let none = open("none.log", Durability::None);
    append_times(&none, &entry, RECORDS);
    none.finish().unwrap();
    assert_eq!(none.syncs(), 0);
    let id = "logger.durability";
    fact(id, Fact::count("records-each", RECORDS, "records"));
    fact(id, Fact::count("syncs-always-one-thread", alone, "syncs"));
    fact(id, Fact::count("syncs-always-eight-threads", together, "syncs"));
    fact(id, Fact::count("syncs-batch", batched, "syncs"));
    fact(id, Fact::count("syncs-none", none.syncs(), "syncs"));
    let path = folder.file("always.log");
    assert_eq!(std::fs::read_to_string(path).unwrap().lines().count() as u64, 2 * RECORDS);
}

fn append_times(writer: &LogWriter, entry: &Entry<'_>, times: u64) {
    for _ in 0..times {
        writer.append(entry).unwrap();
    }
}
