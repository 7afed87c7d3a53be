//! Many processes that append to one log at once, and the account of what became of their records.

use std::collections::BTreeMap;
use std::io::Write;

use faults::process::{Launch, Process, Signal, Stream};
use logger::{Entry, Item, LogPath, Reader};

use super::{DEADLINE, Folder, lines};

/// What to let loose.
pub(crate) struct Storm {
    pub(crate) writers: usize,
    pub(crate) records_each: usize,
    /// More arguments for each writer.
    pub(crate) arguments: &'static [&'static str],
    /// The first writer is killed with `SIGKILL` once it has acknowledged this many records, in the middle of its work:
    /// its input stays open, so it cannot have come to its end.
    pub(crate) kill_after: Option<usize>,
    /// A reader follows the log all the while.
    pub(crate) followed: bool,
}

/// What the log holds afterwards.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Records that a writer was told are stored.
    pub(crate) acknowledged: usize,
    /// Records in the log.
    pub(crate) stored: usize,
    /// What the reader found besides records.
    pub(crate) damage: Vec<String>,
    /// Records that a follower printed.
    pub(crate) followed: usize,
    /// How often the log was rotated.
    pub(crate) rotations: usize,
    /// Records acknowledged by the writer that was killed.
    pub(crate) killed_at: usize,
}

impl Storm {
    /// Runs it, and checks for each writer that its records are all there, once each, in order.
    pub(crate) fn run(&self, folder: &Folder) -> Account {
        let follower = self.followed.then(|| {
            folder.write("app.log", "");
            folder.launch(["read", "app.log", "--follow", "--json"]).spawn().unwrap()
        });
        let victims = usize::from(self.kill_after.is_some());
        let victim = self.kill_after.map(|_| self.launch(folder, 0).stdin_open().spawn().unwrap());
        let writers: Vec<_> = (victims..self.writers)
            .map(|writer| self.launch(folder, writer).stdin(input(self.records_each)).spawn().unwrap())
            .collect();
        let mut acknowledged = BTreeMap::new();
        let mut account = Account::default();
        if let (Some(mut victim), Some(after)) = (victim, self.kill_after) {
            // It has half as many lines again to work on when the kill comes, and an open input after that.
            victim.stdin().unwrap().write_all(input(after + after / 2).as_bytes()).unwrap();
            let reached = format!("\"record\":{after},");
            victim.wait_for_line(Stream::Stdout, |line| line.contains(&reached), DEADLINE).unwrap();
            let ended = victim.kill().unwrap();
            account.killed_at = receipts(&ended.stdout_text());
            assert_eq!(ended.signal(), Some(Signal::KILL.as_raw()), "{}", ended.stderr_text());
            acknowledged.insert("w0".to_string(), account.killed_at);
        }
        for (writer, mut process) in (victims..).zip(writers) {
            let ended = process.wait_with_deadline(DEADLINE).unwrap();
            assert_eq!(ended.code(), Some(0), "writer {writer}: {}", ended.stderr_text());
            let receipts = receipts(&ended.stdout_text());
            assert_eq!(receipts, self.records_each, "writer {writer}: {}", ended.stderr_text());
            acknowledged.insert(format!("w{writer}"), receipts);
        }
        account.acknowledged = acknowledged.values().sum();
        self.judge(folder, &acknowledged, &mut account);
        if let Some(follower) = follower {
            account.followed = followed_to_the_end(follower, account.stored);
        }
        account
    }

    fn launch(&self, folder: &Folder, writer: usize) -> Launch {
        let node = format!("w{writer}");
        let args = ["append", "app.log", "--stdin", "--json", "--node-id", &node];
        folder.launch(args.iter().chain(self.arguments))
    }

    /// Each writer's records must be 0, 1, 2 …, at least as many as were acknowledged.
    fn judge(&self, folder: &Folder, acknowledged: &BTreeMap<String, usize>, account: &mut Account) {
        let mut next: BTreeMap<String, usize> = BTreeMap::new();
        let mut reader = Reader::open(&LogPath::new(folder.file("app.log")).unwrap()).unwrap();
        loop {
            match reader.next_item().unwrap() {
                Item::Record(entry, _) => {
                    account.stored += 1;
                    let expected = next.entry(entry.node_id.to_string()).or_default();
                    assert_eq!(
                        number(&entry),
                        *expected,
                        "of {}: lost, doubled or out of order",
                        entry.node_id
                    );
                    *expected += 1;
                }
                Item::Damage(damage) => account.damage.push(damage.to_string()),
                Item::Idle | Item::End => break,
            }
        }
        for (writer, acknowledged) in acknowledged {
            let stored = next.get(writer).copied().unwrap_or(0);
            assert!(stored >= *acknowledged, "{writer}: {acknowledged} acknowledged, {stored} stored");
            assert!(stored <= acknowledged + 1, "{writer}: {acknowledged} acknowledged, {stored} stored");
        }
        account.rotations = folder.names().len() - 1;
    }
}

fn input(records: usize) -> String {
    lines(records, |n| format!("record {n} {}", "x".repeat(n % 90)))
}

fn number(entry: &Entry<'_>) -> usize {
    entry.msg.split(' ').nth(1).unwrap().parse().unwrap()
}

fn receipts(stdout: &str) -> usize {
    // A receipt that was cut off by a kill was not given.
    stdout.matches('\n').count()
}

/// Waits until the follower has printed this many records, asks it to stop, and counts all that it printed.
fn followed_to_the_end(mut follower: Process, stored: usize) -> usize {
    let mut printed = 0;
    let enough = |_: &str| {
        printed += 1;
        printed == stored
    };
    follower.wait_for_line(Stream::Stdout, enough, DEADLINE).unwrap();
    follower.signal(Signal::INT).unwrap();
    let ended = follower.wait_with_deadline(DEADLINE).unwrap();
    assert_eq!((ended.code(), ended.stderr_text().as_str()), (Some(0), ""));
    receipts(&ended.stdout_text())
}
