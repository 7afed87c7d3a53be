//! Who is looked at when, and that nothing is left behind.

use framing::RequestId;

use super::*;
use crate::asked::Form;
use crate::bucket::EgressRate;
use crate::budget::{Budget, Deadline, Split, Stage};
use crate::shaper::{EGRESS_CAP, EGRESS_THROTTLED, FRAME_COST_BYTES};
use crate::timed::Computed;

const CAP: usize = 8 * (100 + FRAME_COST_BYTES);

fn id() -> RequestId {
    "r-1".parse().unwrap()
}

/// 1,000 bytes a second, 100 at once, eight answers of 100 bytes may wait, for two seconds.
fn egress() -> (Egress, Instant) {
    let rate = EgressRate::new(1_000, 100).unwrap();
    let limits = EgressLimits { rate, backlog_bytes_max: CAP, throttled_max: Duration::from_secs(2) };
    (Egress::new(limits), Instant::now())
}

fn answer(bytes: usize, deadline: Option<Deadline>) -> Answer {
    Answer::reply(
        vec![0; bytes],
        Form::Call,
        id(),
        Computed { body_bytes: 1, waited: Duration::ZERO, deadline },
    )
}

fn leave(egress: &mut Egress, token: Token, now: Instant) -> usize {
    std::iter::from_fn(|| egress.pop_ready(token, now)).count()
}

#[test]
fn only_throttled_clients_are_looked_at_each_at_its_own_time() {
    let (mut egress, start) = egress();
    let tokens = [0, 1, 2].map(|slot| Token::new(slot, 0));
    for (token, answers) in tokens.into_iter().zip([1, 2, 3]) {
        (0..answers).for_each(|_| egress.push(token, answer(100, None), start).unwrap());
        assert_eq!(leave(&mut egress, token, start), 1, "the burst");
        assert_eq!(egress.schedule(token, start), Ok(answers > 1), "throttled from now on");
        assert_eq!(egress.schedule(token, start), Ok(false), "and not once more");
    }
    assert_eq!((egress.throttled(), egress.backlog_bytes()), (2, 3 * (100 + FRAME_COST_BYTES)));
    let due = start + Duration::from_millis(100);
    assert_eq!((egress.wake_at(), egress.next_due(start)), (Some(due), None));
    for token in &tokens[1..] {
        assert_eq!(egress.next_due(due), Some(*token));
        assert_eq!(leave(&mut egress, *token, due), 1);
        egress.schedule(*token, due).unwrap();
    }
    assert_eq!((egress.next_due(due), egress.throttled()), (None, 1));
}

#[test]
fn a_client_that_has_gone_leaves_nothing_and_the_next_in_its_place_begins_anew() {
    let (mut egress, start) = egress();
    let (first, second) = (Token::new(0, 0), Token::new(0, 1));
    (0..3).for_each(|_| egress.push(first, answer(100, None), start).unwrap());
    leave(&mut egress, first, start);
    egress.schedule(first, start).unwrap();
    egress.close(second);
    assert_eq!(egress.throttled(), 1, "somebody else's end");
    egress.close(first);
    assert_eq!((egress.throttled(), egress.backlog_bytes(), egress.wake_at()), (0, 0, None));
    egress.push(second, answer(100, None), start).unwrap();
    assert_eq!(egress.backlog_of(first), 0);
    assert!(egress.pop_ready(first, start).is_none());
    assert_eq!(leave(&mut egress, second, start), 1, "with a bucket of its own");
}

// ANCHOR: late-costs-nothing
#[test]
fn an_answer_that_waited_too_long_for_its_tokens_is_replaced_before_it_takes_any() {
    let (mut egress, start) = egress();
    let token = Token::new(0, 0);
    let deadline =
        Deadline::starting(start, Budget::from_millis(50).unwrap(), Split::new(50, 30, 20).unwrap());
    (0..2).for_each(|_| egress.push(token, answer(100, Some(deadline)), start).unwrap());
    assert_eq!(egress.expire_first(token, start, Duration::ZERO), None);
    assert_eq!(leave(&mut egress, token, start), 1);
    // 51 ms later: too late for the second one, and tokens for 51 bytes. Its refusal needs fewer.
    let now = start + Duration::from_millis(51);
    let (whose, expired) = egress.expire_first(token, now, Duration::ZERO).unwrap();
    assert_eq!((whose, expired.stage, expired.over_by.as_millis()), (id(), Stage::Reply, 1));
    assert_eq!(egress.expire_first(token, now, Duration::ZERO), None, "once");
    assert_eq!(leave(&mut egress, token, now), 1);
    assert_eq!(egress.backlog_bytes(), 0);
}
// ANCHOR_END: late-costs-nothing

#[test]
fn above_the_cap_or_throttled_for_too_long_it_ends_by_rule() {
    let (mut egress, start) = egress();
    let token = Token::new(0, 0);
    (0..8).for_each(|_| egress.push(token, answer(100, None), start).unwrap());
    assert_eq!(egress.push(token, answer(1, None), start), Err(CloseReason::Rule(&EGRESS_CAP)));
    leave(&mut egress, token, start);
    egress.schedule(token, start).unwrap();
    let end = start + Duration::from_secs(2);
    assert_eq!(egress.schedule(token, end - Duration::from_nanos(1)), Ok(false));
    assert_eq!(egress.schedule(token, end), Err(CloseReason::Rule(&EGRESS_THROTTLED)));
    assert_eq!(egress.throttled(), 0, "and is not looked at any more");
}

#[test]
fn there_is_room_below_a_quarter_of_the_cap_and_none_at_it() {
    let (mut egress, start) = egress();
    let token = Token::new(0, 0);
    assert!(egress.has_room(token, CAP / 4 - 1));
    assert!(!egress.has_room(token, CAP / 4));
    egress.push(token, answer(100, None), start).unwrap();
    let waiting = 100 + FRAME_COST_BYTES;
    assert!(egress.has_room(token, CAP / 4 - waiting - 1));
    assert!(!egress.has_room(token, CAP / 4 - waiting));
}
