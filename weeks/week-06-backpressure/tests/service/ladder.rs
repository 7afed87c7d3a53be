//! What each step tells whom, and that answers of all kinds keep their order.

use std::io::Write;

use crate::guarded::{ENDLESS, Guarded, ask, call, heard, optional, patient};
use crate::wire::{refusal, request, reset, wait_until};
use backpressure::Importance;

const LONG: [&str; 2] = ["--budget", "20s"];

#[test]
fn at_shed_an_optional_call_is_shed_and_an_ordinary_one_is_not() {
    let guarded = Guarded::with_depths([2, 100, 200], &[&ENDLESS[..], &LONG].concat());
    let (holder, probe) = (guarded.connect(), guarded.connect());
    (&holder).write_all(&[patient("h1"), patient("h2")].concat()).unwrap();
    wait_until("the step", || guarded.records_with("up to shed").pop());
    assert_eq!(ask(&probe, "o1", &optional("o1")), "OVERLOAD-SHED");
    (&probe).write_all(&patient("p1")).unwrap();
    assert_eq!(ask(&guarded.connect(), "o2", &optional("o2")), "OVERLOAD-SHED");
    // A client that finishes in order is still owed its answers, which take for ever here; one that is gone is owed nothing.
    [holder, probe].into_iter().for_each(reset);
    let account = guarded.stop();
    assert_eq!((account.count("accepted"), account.count("shed"), account.count("rejected")), (3, 2, 0));
}

#[test]
fn at_reject_nobody_is_taken_in_and_each_is_told_in_its_own_words() {
    let guarded = Guarded::with_depths([2, 3, 200], &[&ENDLESS[..], &LONG].concat());
    let (holder, probe) = (guarded.connect(), guarded.connect());
    (&holder).write_all(&["h1", "h2", "h3", "h4"].map(patient).concat()).unwrap();
    wait_until("the fourth", || guarded.records_with("retry_after_ms").pop());
    assert_eq!(ask(&probe, "p1", &patient("p1")), "OVERLOAD-REJECTED");
    assert_eq!(ask(&probe, "o1", &optional("o1")), "OVERLOAD-REJECTED");
    assert_eq!(
        ask(&probe, "r1", &request("r1", b"x")),
        "OVERLOAD-REJECTED",
        "of kind 3, and the connection goes on"
    );
    assert_eq!(ask(&probe, "p2", &patient("p2")), "OVERLOAD-REJECTED");
    // A client that finishes in order is still owed its answers, which take for ever here; one that is gone is owed nothing.
    [holder, probe].into_iter().for_each(reset);
    let account = guarded.stop();
    assert_eq!((account.count("accepted"), account.count("rejected")), (3, 5));
}

#[test]
fn at_refuse_who_connects_is_told_and_who_is_there_stays() {
    let guarded = Guarded::with_depths([2, 2, 2], &[&ENDLESS[..], &LONG].concat());
    let (holder, probe) = (guarded.connect(), guarded.connect());
    assert_eq!(ask(&probe, "o0", &call("o0", 1, Importance::Optional, b"x")), "DEADLINE-EXPIRED");
    (&holder).write_all(&["h1", "h2"].map(patient).concat()).unwrap();
    wait_until("the step", || guarded.records_with("up to refuse").pop());
    assert_eq!(refusal(&guarded.connect()), "OVERLOAD-REFUSED");
    assert_eq!(ask(&probe, "p1", &optional("p1")), "OVERLOAD-REJECTED");
    // A client that finishes in order is still owed its answers, which take for ever here; one that is gone is owed nothing.
    [holder, probe].into_iter().for_each(reset);
    let account = guarded.stop();
    assert_eq!((account.count("accepted"), account.count("connections refused")), (3, 1));
}

#[test]
fn when_the_load_has_gone_it_goes_down_by_single_steps_and_serves_again() {
    let guarded = Guarded::with_depths([2, 3, 4], &["--workers", "1", "--rounds", "2000"]);
    let peer = guarded.connect();
    (&peer).write_all(&["a", "b", "c", "d"].map(patient).concat()).unwrap();
    let answers = [0; 4].map(|_| heard(&peer).1);
    assert_eq!(answers, ["ok", "ok", "ok", "OVERLOAD-REJECTED"]);
    wait_until("an answer of a server that is down again", || {
        (ask(&peer, "e", &optional("e")) == "ok").then_some(())
    });
    let account = guarded.stop();
    assert_eq!(account.count("ladder changes"), 4, "up by one, up by one, and down by the same");
}

#[test]
fn replies_and_deferrals_leave_in_the_order_of_the_calls() {
    let guarded = Guarded::with_depths([2, 100, 200], &["--workers", "2", "--rounds", "20000"]);
    let peer = guarded.connect();
    let calls: Vec<Vec<u8>> = (0..40)
        .map(|number| {
            let id = format!("n{number}");
            if number % 3 == 2 { optional(&id) } else { patient(&id) }
        })
        .collect();
    (&peer).write_all(&calls.concat()).unwrap();
    let mut shed = 0;
    for number in 0..40 {
        let (id, code) = heard(&peer);
        assert_eq!(id, format!("n{number}"), "in the order of the calls");
        // The workers may have been quick enough for some of the optional ones.
        shed += u64::from(code == "OVERLOAD-SHED" && number % 3 == 2);
        assert!(code == "ok" || (code == "OVERLOAD-SHED" && number % 3 == 2), "{id}: {code}");
    }
    let account = guarded.stop();
    assert!(shed > 0, "nobody was shed");
    assert_eq!((account.count("answered"), account.count("shed")), (40 - shed, shed));
}

#[test]
fn a_ladder_that_is_off_takes_everybody_in_and_looks_at_no_deadline() {
    let guarded = Guarded::with_depths([2, 3, 4], &["--ladder", "off", "--workers", "1", "--rounds", "2000"]);
    let peer = guarded.connect();
    let calls: Vec<Vec<u8>> =
        (0..20).map(|number| call(&format!("n{number}"), 1, Importance::Optional, b"x")).collect();
    (&peer).write_all(&calls.concat()).unwrap();
    (0..20).for_each(|number| assert_eq!(heard(&peer), (format!("n{number}"), "ok".to_owned())));
    let account = guarded.stop();
    assert_eq!((account.count("answered"), account.count("ladder changes")), (20, 0));
}

#[test]
fn a_full_queue_is_told_like_a_rejection_and_the_connection_goes_on() {
    let guarded = Guarded::start(&[&ENDLESS[..], &["--budget", "300ms", "--queue", "2"]].concat());
    let peer = guarded.connect();
    (&peer).write_all(&["a", "b", "c", "d", "e"].map(patient).concat()).unwrap();
    let answers: Vec<String> = (0..5).map(|_| heard(&peer).1).collect();
    assert_eq!(answers.last().unwrap(), "POOL-FULL");
    let full = answers.iter().filter(|code| *code == "POOL-FULL").count() as u64;
    // The worker may have taken the first one before the last one came.
    assert!((2..=3).contains(&full), "{answers:?}");
    let account = guarded.stop();
    assert_eq!((account.count("accepted"), account.count("pool-full")), (5 - full, full));
}
