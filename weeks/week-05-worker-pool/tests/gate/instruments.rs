//! What the instruments say, beside what was done.

use std::collections::BTreeMap;
use std::io::Write;

use evidence::Fact;
use evidence::run::fact;

use crate::latch::Latch;
use crate::piece::{Does, FIRST, Piece, SECOND, class, pool};
use crate::wire::{Answer, DEADLINE, Server, answer, request};

/// What a record says.
fn words(record: &serde_json::Value) -> &str {
    record["msg"].as_str().unwrap()
}

/// What the log says of a class.
fn of_class<'a>(records: &'a [serde_json::Value], name: &str) -> BTreeMap<&'a str, &'a str> {
    let begin = format!("pool class class={name} ");
    let record = records.iter().map(words).find(|words| words.starts_with(&begin));
    let record = record.unwrap_or_else(|| panic!("no record of the class {name}"));
    record.split(' ').filter_map(|field| field.split_once('=')).collect()
}

#[test]
fn every_class_has_its_queue_wait_and_run_time_on_record() {
    let criterion = "worker-pool.instruments";
    const TASKS: [u64; 2] = [40, 7];
    const BEYOND: u64 = 3;
    let classes = vec![class("first", 1, TASKS[0] as usize), class("second", 1, TASKS[1] as usize)];
    let (two, ended) = pool(2, [classes, vec![class("idle", 1, 1)]].concat());
    let (handle, latch) = (two.handle(), Latch::default());
    for class in [FIRST, SECOND] {
        handle.submit(Piece::new(0, class, Does::Hold(latch.clone()))).unwrap();
    }
    latch.wait_entered(2);
    for (class, tasks) in [FIRST, SECOND].into_iter().zip(TASKS) {
        for number in 0..tasks {
            handle.submit(Piece::new(number, class, Does::Hash(1))).unwrap();
        }
        for number in 0..BEYOND {
            handle.submit(Piece::new(number, class, Does::Nothing)).unwrap_err();
        }
    }
    for (depth, tasks) in handle.levels().classes.iter().zip(TASKS) {
        assert_eq!((depth.waiting as u64, depth.running, depth.refused), (tasks, 1, BEYOND));
        assert!(depth.oldest.is_some());
    }
    latch.open();
    assert!(two.shutdown(DEADLINE).is_complete());
    assert_eq!(ended.try_iter().count() as u64, TASKS.iter().sum::<u64>() + 2);
    let metrics = handle.metrics();
    assert_eq!(metrics.refused(), 2 * BEYOND);
    for ((meter, tasks), name) in metrics.classes.iter().zip(TASKS).zip(["first", "second"]) {
        let counts = [meter.ended(), meter.finished, meter.wait.len(), meter.run.len()];
        assert_eq!(counts, [tasks + 1; 4], "{name}: each task is in both histograms and in one counter");
        assert!(meter.wait.value_at_quantile(0.95) > 0 && meter.run.value_at_quantile(0.95) > 0, "{name}");
        fact(criterion, Fact::count(&format!("{name}-tasks-on-record"), tasks + 1, "tasks"));
    }
    let idle = &metrics.classes[2];
    assert_eq!((idle.ended(), idle.wait.len()), (0, 0), "who did nothing has nothing on record");
    // Each offer takes the lock once, and so does each question for the next task.
    let lock = metrics.contention();
    let least = TASKS.iter().sum::<u64>() + 2 * BEYOND + 2;
    assert!(lock.taken > 2 * least - 2 * BEYOND, "{lock:?}");
    assert!(lock.contended <= lock.taken && lock.longest_ns <= lock.waited_ns, "{lock:?}");
    fact(criterion, Fact::count("lock-taken", lock.taken, ""));
    fact(criterion, Fact::count("refusals-counted", metrics.refused(), ""));

    // The real server puts the same on record, a line a class, at its end.
    const REQUESTS: [u64; 2] = [30, 5];
    let mut server = Server::start(&["--budget", "60s"]);
    let client = server.connect();
    for (kind, bytes) in [(0, 100), (1, 100 << 10)] {
        let body = vec![kind as u8; bytes];
        for number in 0..REQUESTS[kind] {
            let id = format!("{kind}-{number}");
            (&client).write_all(&request(&id, &body)).unwrap();
            assert_eq!(answer(&client), Answer::digest(&id, &body));
        }
    }
    drop(client);
    server.terminate();
    let said = server.ended();
    assert_eq!(said.finished, REQUESTS.iter().sum::<u64>());
    let records = server.records();
    for (name, requests) in ["short", "long"].into_iter().zip(REQUESTS) {
        let class = of_class(&records, name);
        assert_eq!(class["finished"].parse(), Ok(requests), "{class:?}");
        let [wait, run] = ["wait_p95_us", "run_p95_us"].map(|field| class[field].parse::<f64>().unwrap());
        assert!(wait > 0.0 && run > 0.0, "{class:?}");
        fact(criterion, Fact::real(&format!("{name}-requests-queue-wait-p95"), wait, "us"));
    }
    assert!(records.iter().any(|record| words(record).starts_with("pool lock ")), "the lock is on record");
}
