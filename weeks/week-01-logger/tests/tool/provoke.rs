//! Makes each failure of the catalog happen. What is on purpose for a test is an accident for a user, so the ways are
//! real ones: limits, permissions, locks, torn files; only a failing disk is played by the library's seam.

use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex};

use faults::limits::Limits;
use faults::process::{Launch, Stream};
use logger::commit::Commit;
use logger::layer::LogLayer;
use logger::limits::{FILE_NAME_BYTES_MAX, MSG_BYTES_MAX, QUEUE_RECORDS_MAX};
use logger::queue::Queue;
use logger::sink::Sink;
use logger::store::Store;
use logger::{ClockSpec, Coded, Entry, Level, LogError, Setup, append};

use super::{CLOCK, DEADLINE, Folder, Ran, finish};

/// Brings the failure with this code about.
pub(crate) fn provoke(code: &str) -> Ran {
    let folder = Folder::new();
    let append = |more: &[&str]| folder.run([&["append", "app.log", "--clock", CLOCK], more].concat());
    match code {
        "USAGE" => folder.run(["append", "app.log"]),
        "LOG-PATH-INVALID" => folder.run(["read", "../app.log"]),
        "LOG-PATH-TOO-LONG" => folder.run(["read", &"n".repeat(FILE_NAME_BYTES_MAX + 1)]),
        "LOG-NOT-FOUND" => folder.run(["append", "missing/app.log", "--msg", "x"]),
        "LOG-PERMISSION-DENIED" => without_privilege(&folder),
        "LOG-NOT-A-FILE" => {
            std::fs::create_dir(folder.file("app.log")).unwrap();
            append(&["--msg", "x"])
        }
        "LOG-READ-ONLY" => of_disk(30),
        "LOG-STORAGE-FULL" => of_disk(28),
        "LOG-IO" => of_disk(5),
        "LOG-FILE-SIZE-LIMIT" => with_room_for(&folder, 0),
        "LOG-SHORT-WRITE" => with_room_for(&folder, 20),
        "LOG-SYNC-FAILED" => of_sync(),
        "LOG-ROTATE-FAILED" => {
            folder.write("app.log", "x\n");
            folder.write(&format!("app.log.{}", u32::MAX), "x\n");
            append(&["--msg", "x", "--rotate-bytes", "10"])
        }
        "LOG-BUSY" => while_locked(&folder),
        "LOG-QUEUE-FULL" => {
            let (_unread, queue) = onto_an_unread_pipe();
            for _ in 0..QUEUE_RECORDS_MAX {
                queue.put(&record()).unwrap();
            }
            of_library(queue.put(&record()).unwrap_err())
        }
        "LOG-UNWRITTEN" => {
            let (_unread, queue) = onto_an_unread_pipe();
            queue.put(&record()).unwrap();
            of_library(queue.flush().unwrap_err())
        }
        "LOG-MSG-EMPTY" => append(&["--msg", ""]),
        "LOG-MSG-TOO-LARGE" => append(&["--msg", &"m".repeat(MSG_BYTES_MAX + 1)]),
        "LOG-RECORD-TOO-LARGE" => append(&["--msg", &"\u{7}".repeat(4000)]),
        "LOG-FIELD-INVALID" => append(&["--msg", "x", "--request-id", "two words"]),
        "LOG-FIELD-TOO-LONG" => append(&["--msg", "x", "--request-id", &"r".repeat(129)]),
        "LOG-NOT-UTF8" => folder.feed(&["append", "app.log", "--stdin"], b"\xff\n"),
        "LOG-LINE-MALFORMED" => read_of(&folder, "plain text\n", &[]),
        "LOG-LINE-TOO-LONG" => read_of(&folder, &("x".repeat(19_999) + "\n"), &[]),
        "LOG-TORN-LINE" => read_of(&folder, "{\"ts\":\"", &[]),
        "LOG-TORN-TAIL" => {
            folder.write("app.log", "{\"ts\":\"");
            append(&["--msg", "x"])
        }
        "LOG-DAMAGED" => read_of(&folder, "{\"ts\":\"", &["--strict"]),
        "LOG-FOLLOW-GAP" => {
            for name in ["app.log.000001", "app.log.000003", "app.log"] {
                folder.write(name, "");
            }
            folder.run(["read", "app.log"])
        }
        "LOG-NO-MATCH" => Folder::with_three_records().run(["search", "app.log", "--contains", "nowhere"]),
        "LOG-INSTALLED-TWICE" => {
            let first = Setup::new("first").install();
            assert!(first.is_ok(), "nothing in this process may have logged before");
            Setup::new("second").install().map_or_else(of_library, |_| panic!("a second setup was accepted"))
        }
        "LOG-OUTPUT" => {
            let folder = Folder::with_three_records();
            let command = format!("'{}' read app.log > /dev/full", env!("CARGO_BIN_EXE_eventlog"));
            finish(Launch::of("/bin/sh").args(["-c", &command]).dir(folder.path()).spawn().unwrap())
        }
        other => panic!("nobody knows how to provoke {other}"),
    }
}

fn record() -> Entry<'static> {
    Entry::new(jiff::Timestamp::UNIX_EPOCH, Level::Info, "local", "nobody reads this")
}

/// A queue whose thread waits for somebody to read a pipe that is full.
fn onto_an_unread_pipe() -> (io::PipeReader, Queue) {
    let (unread, pipe) = io::pipe().unwrap();
    rustix::fs::fcntl_setfl(&pipe, rustix::fs::OFlags::NONBLOCK).unwrap();
    while rustix::io::write(&pipe, b" ").is_ok() {}
    rustix::fs::fcntl_setfl(&pipe, rustix::fs::OFlags::empty()).unwrap();
    let sink = logger::sink::Stream(Mutex::new(pipe));
    let (_layer, queue) = LogLayer::queued("local", ClockSpec::System.build(), sink).unwrap();
    (unread, queue)
}

/// What a program would say and return about this error.
fn of_library(error: LogError) -> Ran {
    let exit = i32::from(error.code().exit.number());
    Ran { exit, stdout: String::new(), stderr: error.line() + "\n" }
}

fn read_of(folder: &Folder, log: &str, more: &[&str]) -> Ran {
    folder.write("app.log", log);
    folder.run([&["read", "app.log"], more].concat())
}

/// As an ordinary user, on a log that belongs to somebody else. The program is copied to where everybody may run it.
fn without_privilege(folder: &Folder) -> Ran {
    use std::os::unix::fs::PermissionsExt;
    let allow = |name: &str, mode| {
        std::fs::set_permissions(folder.file(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    std::fs::copy(env!("CARGO_BIN_EXE_eventlog"), folder.file("eventlog")).unwrap();
    folder.write("app.log", "");
    allow("eventlog", 0o755);
    allow("app.log", 0o444);
    allow(".", 0o755);
    let launch = Launch::of(folder.file("eventlog")).args(["append", "app.log", "--msg", "x"]);
    finish(launch.dir(folder.path()).limits(Limits::none().without_privilege()).spawn().unwrap())
}

/// With a limit on file sizes that leaves room for this many bytes.
fn with_room_for(folder: &Folder, bytes: u64) -> Ran {
    let stored = "x\n".repeat(50);
    folder.write("app.log", &stored);
    let limits = Limits::none().file_size_bytes(stored.len() as u64 + bytes);
    let launch = folder.launch(["append", "app.log", "--msg", "hello", "--clock", CLOCK]).limits(limits);
    let ran = finish(launch.spawn().unwrap());
    assert_eq!(folder.read("app.log"), stored, "a refused record left something behind");
    ran
}

fn while_locked(folder: &Folder) -> Ran {
    let args = ["append", "app.log", "--stdin", "--sole", "--json"];
    let mut owner = folder.launch(args).stdin_open().spawn().unwrap();
    io::Write::write_all(owner.stdin().unwrap(), b"mine\n").unwrap();
    owner.wait_for_line(Stream::Stdout, |_| true, DEADLINE).unwrap();
    let ran = folder.run(["append", "app.log", "--msg", "x", "--lock-wait", "50ms"]);
    owner.kill().unwrap();
    ran
}

/// A disk that answers every write and every sync with this error.
struct FailingDisk(i32);

impl Store for FailingDisk {
    fn write_once(&self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from_raw_os_error(self.0))
    }

    fn byte_at(&self, _: u64) -> io::Result<Option<u8>> {
        Ok(None)
    }

    fn cut(&self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Err(io::Error::from_raw_os_error(self.0))
    }
}

fn of_disk(errno: i32) -> Ran {
    let refused = append::append_once(&FailingDisk(errno), Path::new("app.log"), 0, b"record\n");
    of_library(refused.unwrap_err())
}

fn of_sync() -> Ran {
    let commit = Commit::default();
    commit.wrote(1, &Arc::new(FailingDisk(5)));
    let source = commit.wait_for(1).unwrap_err();
    of_library(LogError::SyncFailed { path: "app.log".into(), source })
}
