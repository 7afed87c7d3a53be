//! The fate of requests, without a socket: what is sent again, and what is settled.

use super::*;
use crate::Corruption;
use crate::answer::{KIND_REJECTION, REFUSAL_BYTES_MAX};
use crate::offer::fate::Line;
use crate::offer::id;
use crate::offer::retry::Eager;
use crate::wire::KIND_REPLY;

const DEADLINE_NS: u64 = 5_000_000_000;

fn run_of(group: Group) -> Run {
    Run::new(&group, 0..group.connections, false, &Dice::new(1)).unwrap()
}

fn eager(attempts: u32) -> Group {
    Group::open("g", 1, 1, 0).retry(move |_| Eager { attempts, pause: Duration::from_nanos(10) })
}

/// A request that was due then and has left.
fn ask(run: &mut Run, window: &mut Window, due_ns: u64) -> u64 {
    run.begin(0, Some(window), due_ns);
    window.write_next().unwrap().0
}

fn answer(run: &mut Run, window: &mut Window, now_ns: u64, payload: &[u8]) -> Result<(), ErrorClass> {
    run.take(Line { window, base: 0, place: 0, now_ns }, payload)
}

fn reply(number: u64, body: &[u8]) -> Vec<u8> {
    [&[KIND_REPLY, 18][..], &id::of(number), body].concat()
}

fn rejection(number: u64) -> Vec<u8> {
    let payload = [&[KIND_REJECTION, 18][..], &id::of(number), &250_u32.to_be_bytes(), b"SHED"].concat();
    assert!(payload.len() <= REFUSAL_BYTES_MAX);
    payload
}

/// (right, late, timed out, wrong, rejected, failed, in flight), which must be all there is.
fn fates(run: &Run) -> [u64; 7] {
    let outcome = run.tally.outcome("g", 1, run.open, Duration::ZERO);
    assert_eq!(outcome.requests + outcome.carried, outcome.settled() + outcome.in_flight, "{outcome:?}");
    assert_eq!(outcome.latency.len(), outcome.right);
    let (rejected, failed) = (outcome.rejected_total(), outcome.failed_total());
    [outcome.right, outcome.late, outcome.timed_out, outcome.wrong, rejected, failed, outcome.in_flight]
}

#[test]
fn a_reply_at_the_deadline_is_right_and_one_nanosecond_later_is_late() {
    let (mut run, mut window) = (run_of(Group::open("g", 1, 1, 0)), Window::default());
    let (one, two) = (ask(&mut run, &mut window, 100), ask(&mut run, &mut window, 100));
    answer(&mut run, &mut window, 100 + DEADLINE_NS, &reply(one, b"")).unwrap();
    answer(&mut run, &mut window, 101 + DEADLINE_NS, &reply(two, b"")).unwrap();
    assert_eq!(fates(&run), [1, 1, 0, 0, 0, 0, 0]);
    assert_eq!(run.tally.late_replies, 1);
}

#[test]
fn latency_counts_from_when_the_request_was_due_through_all_its_attempts() {
    let (mut run, mut window) = (run_of(eager(2)), Window::default());
    let first = ask(&mut run, &mut window, 1_000);
    answer(&mut run, &mut window, 2_000, &rejection(first)).unwrap();
    assert_eq!((run.retry_due_ns(), fates(&run)), (2_010, [0, 0, 0, 0, 0, 0, 1]));
    assert!(run.next_retry(2_009).is_none());
    let (waiting, due_ns) = run.next_retry(2_010).unwrap();
    assert!(run.send(waiting.request, Some(&mut window), due_ns));
    let second = window.write_next().unwrap().0;
    assert_ne!(first, second, "a new id");
    answer(&mut run, &mut window, 3_000, &reply(second, b"")).unwrap();
    let outcome = run.tally.outcome("g", 1, run.open, Duration::ZERO);
    assert!(outcome.latency.max() >= 2_000 && outcome.latency.max() < 2_020, "{}", outcome.latency.max());
    assert_eq!((outcome.codes["SHED"], outcome.rejected_total(), fates(&run)), (1, 0, [1, 0, 0, 0, 0, 0, 0]));
}

#[test]
fn a_late_reply_to_an_attempt_that_was_sent_again_settles_nothing() {
    let (mut run, mut window) = (run_of(eager(2)), Window::default());
    let first = ask(&mut run, &mut window, 0);
    run.give_up_due(Line { window: &mut window, base: 0, place: 0, now_ns: DEADLINE_NS + 1 });
    answer(&mut run, &mut window, DEADLINE_NS + 2, &reply(first, b"")).unwrap();
    assert_eq!((run.tally.late_replies, fates(&run)), (1, [0, 0, 0, 0, 0, 0, 1]));
    run.close();
    assert_eq!(fates(&run), [0, 0, 1, 0, 0, 0, 0], "it fails for the reason that made it wait");
}

#[test]
fn a_request_that_was_given_up_is_timed_out_until_its_right_reply_comes() {
    let (mut run, mut window) = (run_of(Group::open("g", 1, 1, 0)), Window::default());
    let numbers =
        [ask(&mut run, &mut window, 0), ask(&mut run, &mut window, 0), ask(&mut run, &mut window, 0)];
    run.give_up_due(Line { window: &mut window, base: 0, place: 0, now_ns: DEADLINE_NS + 1 });
    assert_eq!(fates(&run), [0, 0, 3, 0, 0, 0, 0]);
    answer(&mut run, &mut window, DEADLINE_NS + 2, &reply(numbers[0], b"")).unwrap();
    answer(&mut run, &mut window, DEADLINE_NS + 2, &reply(numbers[1], b"wrong")).unwrap();
    answer(&mut run, &mut window, DEADLINE_NS + 2, &rejection(numbers[2])).unwrap();
    assert_eq!((run.tally.late_replies, fates(&run)), (1, [0, 1, 2, 0, 0, 0, 0]));
}

#[test]
fn a_wrong_reply_is_not_sent_again_and_the_connection_goes_on() {
    let (mut run, mut window) = (run_of(eager(9)), Window::default());
    let number = ask(&mut run, &mut window, 0);
    assert_eq!(answer(&mut run, &mut window, 1, &reply(number, b"no")), Ok(()));
    assert_eq!(fates(&run), [0, 0, 0, 1, 0, 0, 0]);
}

#[test]
fn what_answers_nothing_of_ours_ends_the_connection() {
    for (payload, how) in [
        (reply(0, b""), Corruption::Repeated),
        (reply(1, b""), Corruption::Unasked),
        (reply(u64::MAX, b""), Corruption::Unasked),
        (b"\x02\x03r-1".to_vec(), Corruption::Unasked),
        (b"\x09".to_vec(), Corruption::Unasked),
        (vec![], Corruption::Unasked),
    ] {
        let (mut run, mut window) = (run_of(Group::open("g", 1, 1, 0)), Window::default());
        let number = ask(&mut run, &mut window, 0);
        answer(&mut run, &mut window, 1, &reply(number, b"")).unwrap();
        assert_eq!(answer(&mut run, &mut window, 2, &payload), Err(ErrorClass::OutOfStep), "{payload:?}");
        let outcome = run.tally.outcome("g", 1, 0, Duration::ZERO);
        assert_eq!(outcome.corrupt.into_iter().collect::<Vec<_>>(), [(how, 1)], "{payload:?}");
    }
}

#[test]
fn retries_wait_up_to_their_bound_and_what_comes_on_top_has_failed() {
    let mut run = run_of(eager(2));
    let request = Request { due_ns: 0, home: 0, attempt: 1, body: 0 };
    for n in 0..=RETRIES_WAITING_MAX {
        let mut window = Window::default();
        run.begin(0, Some(&mut window), 0);
        let for_good = run.attempt_failed(request, Why::TimedOut, 0, 1);
        assert_eq!(for_good, n == RETRIES_WAITING_MAX);
    }
    assert_eq!((run.waiting.len(), run.tally.retries_dropped), (RETRIES_WAITING_MAX, 1));
    assert_eq!(fates(&run), [0, 0, 1, 0, 0, 0, RETRIES_WAITING_MAX as u64]);
}

#[test]
fn what_cannot_leave_is_unsent_and_asks_no_policy() {
    let mut run = run_of(Group { in_flight_max: 1, ..eager(9) });
    let mut window = Window::default();
    run.begin(0, None, 0);
    run.begin(0, Some(&mut window), 0);
    run.begin(0, Some(&mut window), 0);
    let outcome = run.tally.outcome("g", 1, run.open, Duration::ZERO);
    assert_eq!((outcome.unsent(), run.retry_due_ns(), fates(&run)), (2, u64::MAX, [0, 0, 0, 0, 0, 2, 1]));
}

/// A policy that writes down what it is told.
struct Ear(std::sync::mpsc::Sender<String>);

impl Retry for Ear {
    fn began(&mut self) {
        self.0.send("began".into()).unwrap();
    }
    fn succeeded(&mut self) {
        self.0.send("succeeded".into()).unwrap();
    }
    fn after(&mut self, attempt: u32, why: &Why, since_first: Duration) -> Option<Duration> {
        self.0.send(format!("{attempt} {why:?} {since_first:?}")).unwrap();
        None
    }
}

#[test]
fn a_policy_hears_of_beginnings_successes_and_failures_with_the_pause_that_was_asked_for() {
    let (say, heard) = std::sync::mpsc::channel();
    let (mut run, mut window) =
        (run_of(Group::open("g", 1, 1, 0).retry(move |_| Ear(say.clone()))), Window::default());
    let (one, two) = (ask(&mut run, &mut window, 0), ask(&mut run, &mut window, 0));
    answer(&mut run, &mut window, 1_000, &reply(one, b"")).unwrap();
    answer(&mut run, &mut window, 1_000, &rejection(two)).unwrap();
    run.begin(0, None, 0);
    let rejected = r#"1 Rejected { code: "SHED", retry_after: Some(250ms) } 1µs"#;
    assert_eq!(heard.try_iter().collect::<Vec<_>>(), ["began", "began", "succeeded", rejected]);
}
