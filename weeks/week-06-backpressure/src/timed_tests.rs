//! Which stage notices, and what is computed by then.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use event_loop::Token;
use framing::FrameLimit;

use super::*;
use crate::budget::{Budget, Split};
use crate::wire::Deferral;

const HOUR: Duration = Duration::from_secs(3600);

/// Counts its runs, and asks its budget as often as it is told.
struct Counting {
    runs: AtomicU32,
    asks: bool,
    /// How long it runs before that, by its own clock.
    runs_for: Duration,
}

impl Job for Counting {
    fn class(&self, _body: &[u8]) -> ClassId {
        ClassId(0)
    }

    fn run(&self, body: Vec<u8>, budget: &worker_pool::Budget<'_>) -> Result<Vec<u8>, Cancelled> {
        self.runs.fetch_add(1, Ordering::Relaxed);
        let until = Instant::now() + self.runs_for;
        while Instant::now() < until {
            std::hint::spin_loop();
        }
        if self.asks {
            budget.check()?;
        }
        Ok(body)
    }
}

fn id() -> RequestId {
    "r-1".parse().unwrap()
}

/// A second, half of it for the queue, three tenths for the work, that began so long ago.
fn deadline(ago: Duration) -> Deadline {
    let split = Split::new(50, 30, 20).unwrap();
    Deadline::starting(Instant::now() - ago, Budget::from_millis(1_000).unwrap(), split)
}

type Ran = (Result<Result<Vec<u8>, Expired>, Cancelled>, u32);

fn run(deadline: Option<Deadline>, asks: bool, class_ends: Instant) -> Ran {
    run_job(deadline, Counting { runs: AtomicU32::new(0), asks, runs_for: Duration::ZERO }, class_ends)
}

fn run_for(deadline: Option<Deadline>, asks: bool, runs_for: Duration) -> Ran {
    run_job(deadline, Counting { runs: AtomicU32::new(0), asks, runs_for }, Instant::now() + HOUR)
}

fn run_job(deadline: Option<Deadline>, job: Counting, class_ends: Instant) -> Ran {
    let job = Arc::new(job);
    let request = Request {
        job: Arc::clone(&job),
        token: Token::new(0, 0),
        place: 0,
        id: id(),
        body: b"body".to_vec(),
        body_bytes: 4,
        limit: FrameLimit::default(),
        cancel: Cancel::default(),
    };
    let source = IpAddr::from([127, 0, 0, 1]);
    let mut timed = Timed { request, form: Form::Call, source, deadline };
    let outcome = timed.run(&worker_pool::Budget::until(class_ends, None, None));
    (outcome, job.runs.load(Ordering::Relaxed))
}

// ANCHOR: nothing-computed
#[test]
fn a_request_that_leaves_the_queue_too_late_is_not_computed() {
    let (outcome, runs) = run(Some(deadline(Duration::from_millis(501))), true, Instant::now() + HOUR);
    assert_eq!(outcome.unwrap().unwrap_err().stage, Stage::Queue);
    assert_eq!(runs, 0, "nothing was computed");
}
// ANCHOR_END: nothing-computed

#[test]
fn one_that_has_time_is_computed_and_so_is_one_without_a_deadline() {
    for deadline in [None, Some(deadline(Duration::ZERO))] {
        let (outcome, runs) = run(deadline, true, Instant::now() + HOUR);
        assert_eq!((outcome, runs), (Ok(Ok(b"\0\0\0\x09\x02\x03r-1body".to_vec())), 1));
    }
}

#[test]
fn work_that_its_class_stops_first_did_not_expire() {
    let (outcome, runs) = run(Some(deadline(Duration::ZERO)), true, Instant::now());
    assert_eq!((outcome, runs), (Err(Cancelled::OverBudget), 1));
}

#[test]
fn work_that_goes_on_beyond_its_share_expires_whether_it_asks_or_not() {
    for asks in [true, false] {
        // It leaves the queue in time, and runs until its share is over.
        let (outcome, runs) = run_for(Some(deadline(Duration::ZERO)), asks, Duration::from_millis(801));
        assert_eq!((outcome.unwrap().unwrap_err().stage, runs), (Stage::Work, 1), "asks: {asks}");
    }
}

#[test]
fn a_reply_may_leave_until_its_deadline_and_a_refusal_always() {
    let late = Some(deadline(2 * Duration::from_secs(1)));
    let computed = |deadline| Computed { body_bytes: 4, waited: Duration::ZERO, deadline };
    let now = Instant::now();
    for (deadline, stage) in
        [(None, None), (Some(deadline(Duration::ZERO)), None), (late, Some(Stage::Reply))]
    {
        let answer = Answer::reply(vec![0; 9], Form::Call, id(), computed(deadline));
        assert_eq!(answer.check(now).err().map(|expired| expired.stage), stage);
        let instead = answer.expired(Duration::from_millis(7));
        assert_eq!(instead.check(now + HOUR), Ok(()));
        let frame = instead.into_frame();
        let deferral = Deferral::parse(&frame[4..]).unwrap();
        assert_eq!((deferral.code(), deferral.retry_after().as_millis()), ("DEADLINE-EXPIRED", 7));
    }
}
