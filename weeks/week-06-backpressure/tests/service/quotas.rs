//! Two sources on one machine: what the one takes too much of, the other does not miss.

use std::io::Write;

use crate::guarded::{ENDLESS, Guarded, ask, heard, patient};
use crate::wire::{exchange, refusal, wait_until};

const GREEDY: [u8; 4] = [127, 0, 0, 2];
const OTHER: [u8; 4] = [127, 0, 0, 3];

#[test]
fn a_source_may_have_its_quota_of_requests_under_way_on_all_its_connections_together() {
    let args = [&ENDLESS[..], &["--budget", "400ms", "--source-in-flight", "3"]].concat();
    let guarded = Guarded::start(&args);
    let (one, two, other) =
        (guarded.connect_from(GREEDY), guarded.connect_from(GREEDY), guarded.connect_from(OTHER));
    (&one).write_all(&["a", "b", "c", "d"].map(patient).concat()).unwrap();
    wait_until("the fourth", || guarded.records_with("retry_after_ms").pop());
    assert_eq!(ask(&two, "e", &patient("e")), "QUOTA-IN-FLIGHT");
    (&other).write_all(&patient("f")).unwrap();
    let answers = [0; 4].map(|_| heard(&one).1);
    assert_eq!(
        answers,
        ["POOL-BUDGET", "POOL-BUDGET", "POOL-BUDGET", "QUOTA-IN-FLIGHT"],
        "the bound itself is served"
    );
    assert_eq!(heard(&other).1, "POOL-BUDGET", "the other source was let in");
    assert_eq!(
        ask(&two, "g", &patient("g")),
        "POOL-BUDGET",
        "and so is this one, once its requests have ended"
    );
    drop((one, two, other));
    assert_eq!(guarded.stop().count("over quota"), 2);
}

#[test]
fn a_source_may_have_its_quota_of_connections_and_one_more_when_one_has_ended() {
    let guarded = Guarded::start(&["--service", "echo", "--source-connections", "2"]);
    let [one, two] = [(), ()].map(|()| guarded.connect_from(GREEDY));
    exchange(&two, "there", b"x");
    assert_eq!(refusal(&guarded.connect_from(GREEDY)), "QUOTA-CONNECTIONS");
    exchange(&guarded.connect_from(OTHER), "other", b"x");
    drop(one);
    wait_until("a connection in its place", || {
        let next = guarded.connect_from(GREEDY);
        (ask(&next, "again", &patient("again")) == "ok").then_some(())
    });
    drop(two);
    assert!(guarded.stop().count("connections refused") >= 1);
}
