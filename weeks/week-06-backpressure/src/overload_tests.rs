//! What is counted, in which order it is asked, and when the state wants to be looked at.

use std::cell::Cell;

use super::*;
use crate::catalog;

const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(127, 0, 0, 2));

/// Thresholds that a few tasks reach.
fn policy() -> Policy {
    let rung = |name: &str, pause: u32, depth: u32| {
        format!(
            "{name}: {{ retry_after_ms: {pause}, age_ms: {{ enter: {age}, leave: 10 }}, \
             depth: {{ enter: {depth}, leave: {leave} }}, memory_mib: {{ enter: 100000, leave: 90000 }}, \
             egress_mib: {{ enter: {egress}, leave: 1 }} }}\n",
            age = depth * 10,
            leave = depth / 2,
            egress = depth
        )
    };
    let head = "interval_ms: 100\nhold_ms: 25\nretry_after_max_ms: 10000\nsplit: { queue: 50, work: 30, reply: 20 }\n";
    let text = [head, &rung("shed", 500, 2), &rung("reject", 1000, 4), &rung("refuse", 2000, 8)].concat();
    Policy::parse(&text).unwrap()
}

/// A server with one worker, and the queue that it is told of.
fn overload(mode: Mode, quotas: Quotas) -> (Overload, Rc<Cell<QueueLoad>>, Instant) {
    let (queue, now) = (Rc::new(Cell::new(QueueLoad::default())), Instant::now());
    let settings = Settings { mode, policy: policy(), quotas, workers: 1, metrics_every: None };
    let asked = Rc::clone(&queue);
    (Overload::new(settings, move || asked.get(), now), queue, now)
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn waiting(tasks: usize) -> QueueLoad {
    QueueLoad { waiting: tasks, oldest: None }
}

// ANCHOR: order
#[test]
fn the_quota_is_asked_before_the_ladder_and_whoever_is_turned_away_holds_nothing() {
    let quotas = Quotas { in_flight: 2, ..Quotas::default() };
    let (mut overload, queue, start) = overload(Mode::On, quotas);
    for _ in 0..2 {
        assert_eq!(overload.admit(HERE, Importance::Ordinary, start), Ok(()));
    }
    queue.set(waiting(4));
    overload.look(start);
    let code = |overload: &mut Overload| overload.admit(HERE, Importance::Ordinary, start).unwrap_err().code;
    assert_eq!(code(&mut overload), &catalog::QUOTA_IN_FLIGHT, "both would refuse it");
    overload.ended(HERE, Duration::ZERO, Duration::ZERO, start);
    // Ten refusals of the ladder, and none of them has taken the one place that is free.
    (0..10).for_each(|_| assert_eq!(code(&mut overload), &catalog::OVERLOAD_REJECTED));
    let Tally { over_quota, rejected, shed, .. } = overload.tally;
    assert_eq!((over_quota, rejected, shed), (1, 10, 0));
}
// ANCHOR_END: order

#[test]
fn each_step_turns_away_whom_the_table_says_under_its_own_code_and_pause() {
    let (mut overload, queue, start) = overload(Mode::On, Quotas::default());
    for (tasks, ordinary, optional, connects) in [
        (1, None, None, true),
        (2, None, Some(("OVERLOAD-SHED", 500)), true),
        (4, Some(("OVERLOAD-REJECTED", 1000)), Some(("OVERLOAD-REJECTED", 1000)), true),
        (8, Some(("OVERLOAD-REJECTED", 2000)), Some(("OVERLOAD-REJECTED", 2000)), false),
    ] {
        let now = start + ms(tasks as u64);
        queue.set(waiting(tasks));
        overload.look(now);
        for (importance, expected) in [(Importance::Ordinary, ordinary), (Importance::Optional, optional)] {
            let away = overload.admit(HERE, importance, now).err();
            let told = away.map(|away| (away.code.code, away.retry_after.as_millis()));
            assert_eq!(told, expected, "{tasks} tasks, {importance:?}");
        }
        assert_eq!(overload.connect(HERE, now).is_ok(), connects, "{tasks} tasks");
    }
}

#[test]
fn within_one_moment_the_depth_follows_what_is_put_in_and_the_queue_is_asked_once() {
    let (mut overload, _, start) = overload(Mode::On, Quotas::default());
    let looks = Rc::new(Cell::new(0));
    let seen = Rc::clone(&looks);
    overload.queue = Box::new(move || {
        seen.set(seen.get() + 1);
        QueueLoad::default()
    });
    let mut steps = Vec::new();
    for _ in 0..8 {
        overload.look(start);
        overload.accepted(start);
        steps.push(overload.step());
    }
    let expected =
        [[Step::Normal, Step::Shed, Step::Shed].as_slice(), &[Step::Reject; 4], &[Step::Refuse]].concat();
    assert_eq!((steps, looks.get()), (expected, 1));
    overload.look(start + ms(1));
    assert_eq!(looks.get(), 2, "another moment");
}

#[test]
fn a_standing_age_asks_for_a_step_only_where_age_is_looked_at() {
    for (mode, expected) in
        [(Mode::On, Step::Reject), (Mode::DepthOnly, Step::Normal), (Mode::Off, Step::Normal)]
    {
        let (mut overload, queue, start) = overload(mode, Quotas::default());
        for at in 0..=110 {
            let now = start + ms(at);
            queue.set(QueueLoad { waiting: 1, oldest: Some(now - ms(50)) });
            overload.look(now);
        }
        assert_eq!(overload.step(), expected, "{mode:?}");
    }
}

#[test]
fn a_ladder_that_is_off_refuses_nobody_and_asks_for_no_pause() {
    let (mut overload, queue, start) = overload(Mode::Off, Quotas { in_flight: 1, ..Quotas::default() });
    queue.set(waiting(1000));
    overload.look(start);
    assert_eq!((overload.step(), overload.keeps_deadlines()), (Step::Normal, false));
    assert_eq!(overload.admit(HERE, Importance::Optional, start), Ok(()));
    let over = overload.admit(HERE, Importance::Optional, start).unwrap_err();
    assert_eq!((over.code, over.retry_after), (&catalog::QUOTA_IN_FLIGHT, Duration::ZERO));
}

// ANCHOR: sleeps
#[test]
fn a_server_with_nothing_to_decide_sleeps_and_one_that_stepped_up_wakes_until_it_is_down() {
    let (mut overload, queue, start) = overload(Mode::On, Quotas::default());
    overload.look(start);
    assert_eq!(overload.wake_at(), None);
    queue.set(waiting(8));
    overload.look(start + ms(1));
    assert_eq!(
        (overload.step(), overload.wake_at()),
        (Step::Refuse, None),
        "the queue will say when it moves"
    );
    queue.set(waiting(0));
    overload.wake(start + ms(2));
    let mut wakes = 0;
    while let Some(at) = overload.wake_at() {
        overload.wake(at);
        wakes += 1;
        assert!(wakes < 10, "three steps, and the line that was held back");
    }
    assert_eq!((overload.step(), overload.tally.changes), (Step::Normal, 4));
}
// ANCHOR_END: sleeps

#[test]
fn optional_requests_that_are_turned_away_from_a_short_queue_do_not_keep_the_ladder_up() {
    for (tasks, expected) in [(0, Step::Normal), (2, Step::Reject)] {
        let (mut overload, queue, start) = overload(Mode::On, Quotas::default());
        queue.set(waiting(4));
        overload.look(start);
        assert_eq!(overload.step(), Step::Reject);
        // Somebody asks more often than the ladder waits.
        queue.set(waiting(tasks));
        for at in (1..200).step_by(5).map(ms) {
            overload.look(start + at);
            let _ = overload.admit(HERE, Importance::Optional, start + at);
        }
        assert_eq!(overload.step(), expected, "{tasks} tasks wait");
    }
}

#[test]
fn answers_that_wait_anywhere_are_one_signal() {
    let (mut overload, _, start) = overload(Mode::On, Quotas::default());
    (overload.throttled_bytes, overload.outbound_bytes) = (1 << 20, (1 << 20) - 1);
    overload.look(start);
    assert_eq!(overload.step(), Step::Normal);
    overload.outbound_bytes += 1;
    overload.look(start + ms(1));
    assert_eq!(overload.step(), Step::Shed);
}

#[test]
fn a_connection_above_its_quota_or_while_none_is_taken_is_not_counted() {
    let (mut overload, queue, start) = overload(Mode::On, Quotas { connections: 2, ..Quotas::default() });
    assert_eq!([0, 1, 2].map(|_| overload.connect(HERE, start).is_ok()), [true, true, false]);
    overload.disconnect(HERE);
    queue.set(waiting(8));
    let reason = overload.connect(HERE, start + ms(1)).unwrap_err();
    assert_eq!(reason.class(), "overload-refused");
    overload.disconnect(HERE);
    assert_eq!((overload.quotas.sources(), overload.tally.refused_connections), (0, 2));
}

#[test]
fn the_time_at_each_step_adds_up() {
    let (mut overload, queue, start) = overload(Mode::On, Quotas::default());
    queue.set(waiting(2));
    overload.look(start + ms(10));
    queue.set(waiting(4));
    overload.look(start + ms(30));
    let tally = overload.tally_at(start + ms(100));
    assert_eq!(tally.in_step, [ms(10), ms(20), ms(70), ms(0)]);
}
