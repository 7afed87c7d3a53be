//! The claims of the durability modes, against a disk that knows what a power cut would leave.

use std::sync::atomic::{AtomicU64, Ordering};

use super::*;

/// A disk that counts what was written and what a power cut would leave. Its syncs can be held up and can fail.
#[derive(Default)]
struct ForgetfulDisk {
    written: AtomicU64,
    durable: AtomicU64,
    begun: AtomicU64,
    syncs: AtomicU64,
    fails: bool,
    gate: Option<Mutex<()>>,
}

impl Store for ForgetfulDisk {
    fn write_once(&self, bytes: &[u8]) -> io::Result<usize> {
        self.written.fetch_add(1, Ordering::SeqCst);
        Ok(bytes.len())
    }

    fn byte_at(&self, _: u64) -> io::Result<Option<u8>> {
        Ok(None)
    }

    fn cut(&self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        // Like a real device: what is written while the sync is under way is not covered by it.
        let covered = self.written.load(Ordering::SeqCst);
        self.begun.fetch_add(1, Ordering::SeqCst);
        let held = self.gate.as_ref().map(|gate| gate.lock().unwrap());
        if self.fails {
            return Err(io::Error::from_raw_os_error(EIO));
        }
        self.durable.fetch_max(covered, Ordering::SeqCst);
        self.syncs.fetch_add(1, Ordering::SeqCst);
        drop(held);
        Ok(())
    }
}

/// Writes record `number` and notes it, as the writer does under its lock.
fn write(commit: &Commit<ForgetfulDisk>, disk: &Arc<ForgetfulDisk>, number: u64) {
    disk.write_once(b"x").unwrap();
    commit.wrote(number, disk);
}

fn wait_until(what: &str, done: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while !done() {
        assert!(std::time::Instant::now() < deadline, "waited in vain until {what}");
        std::thread::yield_now();
    }
}

#[test]
fn an_acknowledged_record_survives_a_power_cut() {
    let (commit, disk) = (Commit::default(), Arc::new(ForgetfulDisk::default()));
    for number in 1..=100 {
        write(&commit, &disk, number);
        commit.wait_for(number).unwrap();
        assert!(disk.durable.load(Ordering::SeqCst) >= number, "record {number} was acknowledged too early");
    }
}

#[test]
fn records_written_during_a_sync_wait_for_the_next_one_and_share_it() {
    const THREADS: u64 = 8;
    let disk = Arc::new(ForgetfulDisk { gate: Some(Mutex::new(())), ..ForgetfulDisk::default() });
    let commit = Commit::default();
    let held = disk.gate.as_ref().unwrap().lock().unwrap();
    std::thread::scope(|scope| {
        for number in 1..=THREADS {
            write(&commit, &disk, number);
            let (commit, disk) = (&commit, &disk);
            scope.spawn(move || {
                commit.wait_for(number).unwrap();
                let durable = disk.durable.load(Ordering::SeqCst);
                assert!(durable >= number, "record {number} was acknowledged with {durable} on the device");
            });
            // The first sync is under way, and covers record 1 only, before any other record is written.
            wait_until("a sync begins", || disk.begun.load(Ordering::SeqCst) > 0);
        }
        drop(held);
    });
    assert_eq!(disk.syncs.load(Ordering::SeqCst), 2, "one for record 1, one for all the others");
}

#[test]
fn a_failed_sync_is_never_followed_by_an_acknowledgement() {
    let (commit, disk) =
        (Commit::default(), Arc::new(ForgetfulDisk { fails: true, ..ForgetfulDisk::default() }));
    write(&commit, &disk, 1);
    assert_eq!(commit.wait_for(1).unwrap_err().raw_os_error(), Some(EIO));
    let healthy = Arc::new(ForgetfulDisk::default());
    write(&commit, &healthy, 2);
    assert!(commit.wait_for(2).is_err(), "a second sync would succeed without bringing record 1 back");
}

#[test]
fn a_batch_is_synced_without_anybody_asking() {
    let (commit, disk) = (Arc::new(Commit::default()), Arc::new(ForgetfulDisk::default()));
    std::thread::scope(|scope| {
        scope.spawn(|| commit.sync_in_batches());
        write(&commit, &disk, 1);
        wait_until("the batch is synced", || commit.synced() == 1);
        commit.close();
    });
    assert_eq!(disk.durable.load(Ordering::SeqCst), 1);
}

#[test]
fn a_writer_in_batch_mode_never_runs_further_ahead_than_a_batch() {
    let (commit, disk) = (Commit::default(), Arc::new(ForgetfulDisk::default()));
    // Without the thread behind the batch, so that the writer itself has to keep the bound.
    for number in 1..=3 * BATCH_RECORDS_MAX {
        write(&commit, &disk, number);
        commit.wait_for_room(number).unwrap();
        let at_risk = number - disk.durable.load(Ordering::SeqCst);
        assert!(at_risk <= BATCH_RECORDS_MAX, "{at_risk} records at risk after record {number}");
    }
    let syncs = disk.syncs.load(Ordering::SeqCst);
    assert!(syncs <= 4, "{syncs} syncs for three batches");
}

#[test]
fn closing_syncs_what_is_left() {
    let (commit, disk) = (Commit::default(), Arc::new(ForgetfulDisk::default()));
    write(&commit, &disk, 1);
    commit.close();
    commit.sync_in_batches();
    assert_eq!(disk.durable.load(Ordering::SeqCst), 1);
}
