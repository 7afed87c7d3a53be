//! One request that is late at each stage, beside one that is not.

use std::io::Write;

use backpressure::Importance;
use evidence::Fact;
use evidence::run::fact;

use crate::guarded::{Guarded, ask, call, hear, hear_replies, ordinary, value};
use crate::holder::{Holder, ONE_WORKER};
use crate::wire::wait_until;

/// A body that takes longer to compute than any test lasts.
const ENDLESS_BYTES: usize = 1_000_000;
/// A client whose bucket holds one byte gets one answer, and then waits two seconds for the next one.
const NARROW: [&str; 4] = ["--egress-rate", "20", "--egress-burst", "1"];

/// The stage under this request's id in the log, once it is there.
fn stage(guarded: &Guarded, id: &str) -> String {
    let record = wait_until("the record of what expired", || {
        guarded.records_with("stage=").into_iter().find(|record| record["request_id"] == id)
    });
    assert_eq!((&record["error_code"], &record["result"]), (&"DEADLINE-EXPIRED".into(), &"expired".into()));
    assert!(value(&record, "over_by_ms").parse::<f64>().unwrap() > 0.0);
    value(&record, "stage")
}

#[test]
fn a_request_is_dropped_at_the_stage_that_notices() {
    let criterion = "backpressure.deadline-stages";
    let guarded = Guarded::without_ladder(&[&ONE_WORKER[..], &NARROW, &["--log-level", "info"]].concat());

    // Queue. The worker is held for longer than this budget's half. If what is late were computed after all, the one
    // behind it would never have its answer.
    let holder = Holder::of(&guarded);
    let (late, patient) = (guarded.connect(), guarded.connect());
    let endless = [0; ENDLESS_BYTES];
    (&late).write_all(&call("queue-late", 1, Importance::Ordinary, &endless)).unwrap();
    (&patient).write_all(&ordinary("queue-in-time")).unwrap();
    holder.release();
    assert_eq!(hear(&late).what, "DEADLINE-EXPIRED");
    assert_eq!(hear(&patient).what, "ok");
    assert_eq!(stage(&guarded, "queue-late"), "queue");

    // Work. The worker is idle and takes it at once, and is cut short when the share of the work is over. Two seconds,
    // so that the queue's share is a whole one on a busy machine.
    let (late, patient) = (guarded.connect(), guarded.connect());
    let heard = ask(&late, "work-late", &call("work-late", 2000, Importance::Ordinary, &endless));
    assert_eq!(heard.what, "DEADLINE-EXPIRED");
    assert_eq!(ask(&patient, "work-in-time", &ordinary("work-in-time")).what, "ok", "the worker is free");
    assert_eq!(stage(&guarded, "work-late"), "work");

    // Reply. Both are computed in time, and the first answer on the connection has taken its tokens.
    let client = guarded.connect();
    assert_eq!(ask(&client, "reply-first", &ordinary("reply-first")).what, "ok");
    let late = call("reply-late", 1500, Importance::Ordinary, b"body");
    (&client).write_all(&[late, ordinary("reply-in-time")].concat()).unwrap();
    let heard = hear(&client);
    assert_eq!((heard.id.as_str(), heard.what.as_str()), ("reply-late", "DEADLINE-EXPIRED"));
    hear_replies(&client, ["reply-in-time".to_owned()]);
    assert_eq!(stage(&guarded, "reply-late"), "reply");

    drop((client, patient));
    let account = guarded.stop();
    assert_eq!(account.expired, [1, 1, 1], "one at each stage");
    assert_eq!((account.accepted, account.answered), (8, 4), "and the holder, who left");
    for (name, expired) in ["queue", "work", "reply"].iter().zip(account.expired) {
        fact(criterion, Fact::count(&format!("expired-at-stage-{name}"), expired, ""));
    }
    fact(criterion, Fact::count("answered-beside-them", account.answered, ""));
}
