//! What a window knows of its attempts, and what it forgets.

use super::*;
use proptest::prelude::*;

fn request(n: u32) -> Request {
    Request { due_ns: u64::from(n), home: 0, attempt: 1, body: 0 }
}

/// A window with so many attempts, all of them written, each with its number as its deadline.
fn written(count: u32) -> Window {
    let mut window = Window::default();
    for n in 0..count {
        window.push(request(n), u64::from(n));
        assert_eq!(window.write_next(), Some((u64::from(n), request(n))));
    }
    window
}

fn state(window: &Window, number: u64) -> Option<State> {
    match window.find(number) {
        Found::Attempt(attempt) => Some(attempt.state),
        _ => None,
    }
}

#[test]
fn an_attempt_is_found_once_it_is_written_and_until_it_is_answered() {
    let mut window = Window::default();
    window.push(request(0), 9);
    assert_eq!((window.find(0), window.find(1)), (Found::Never, Found::Never), "nobody has sent it yet");
    assert!(window.wants_write());
    window.write_next();
    assert!(!window.wants_write());
    assert_eq!(state(&window, 0), Some(State::Live));
    assert_eq!(window.settle(0, true), (false, false));
    assert_eq!((window.find(0), window.find(1)), (Found::Answered, Found::Never));
}

#[test]
fn a_reply_after_a_later_one_is_out_of_order_and_refusals_are_told_apart() {
    let mut window = written(5);
    assert_eq!(window.settle(2, false), (false, false), "refused");
    assert_eq!(
        window.settle(0, true),
        (false, true),
        "a reply after a later refusal, and after no later reply"
    );
    assert_eq!(window.settle(3, true), (false, false));
    assert_eq!(window.settle(1, true), (true, true));
    assert_eq!(window.settle(4, true), (false, false));
    assert_eq!(window.waiting, 0);
}

#[test]
fn what_is_past_its_deadline_is_given_up_once_and_found_until_its_answer_comes() {
    let mut window = written(4);
    window.settle(1, true);
    let given_up = |window: &mut Window, now| window.give_up_next(now).map(|(number, _)| number);
    assert_eq!(given_up(&mut window, 0), None, "at its deadline it is in time");
    assert_eq!(given_up(&mut window, 3), Some(0));
    assert_eq!(given_up(&mut window, 3), Some(2));
    assert_eq!(given_up(&mut window, 3), None);
    window.mark_last(2, 7);
    assert_eq!(state(&window, 0), Some(State::GivenUp { last: None }));
    assert_eq!(state(&window, 2), Some(State::GivenUp { last: Some(7) }));
    assert_eq!(window.waiting, 1);
    window.settle(0, true);
    assert_eq!(window.find(0), Found::Answered);
    assert_eq!(window.into_waiting().collect::<Vec<_>>(), [request(3)]);
}

#[test]
fn an_attempt_that_was_given_up_before_it_left_never_leaves() {
    let mut window = Window::default();
    window.push(request(0), 0);
    window.push(request(1), 9);
    assert_eq!(window.give_up_next(5).map(|(number, _)| number), Some(0));
    assert_eq!(window.write_next(), Some((1, request(1))));
    assert_eq!(window.find(0), Found::Answered);
}

#[test]
fn a_window_takes_attempts_up_to_the_bound_in_flight_and_no_more() {
    let mut window = written(4);
    assert!(!window.is_full(5) && window.is_full(4));
    window.give_up(3);
    assert!(!window.is_full(4), "what was given up is not in flight");
}

#[test]
fn at_its_bound_a_window_forgets_what_was_given_up_and_never_what_waits() {
    let mut window = written(WINDOW_MAX as u32);
    assert!(window.is_full(u32::MAX), "the oldest waits");
    window.give_up(0);
    window.give_up(1);
    assert!(!window.is_full(u32::MAX));
    window.push(request(0), 0);
    assert_eq!(window.attempts.len(), WINDOW_MAX);
    assert_eq!((window.find(0), state(&window, 1)), (Found::Forgotten, Some(State::GivenUp { last: None })));
    assert_eq!(window.write_next().map(|(number, _)| number), Some(WINDOW_MAX as u64));
}

proptest! {
    /// Whatever happens in whatever order, the window knows what a plain list of all attempts knows.
    #[test]
    fn a_window_agrees_with_a_list_that_forgets_nothing(
        steps in prop::collection::vec((0_u8..4, 0_usize..40), 1..200)
    ) {
        let (mut window, mut list, mut now) = (Window::default(), Vec::new(), 0_u64);
        for (step, which) in steps {
            match step {
                0 => {
                    window.push(request(list.len() as u32), now + 5);
                    list.push((now + 5, State::Unwritten));
                }
                1 => {
                    let expected = list.iter().position(|(_, state)| *state == State::Unwritten);
                    prop_assert_eq!(window.write_next().map(|(n, _)| n as usize), expected);
                    expected.into_iter().for_each(|n| list[n].1 = State::Live);
                }
                2 => if let Some(entry) = list.get_mut(which)
                    && matches!(entry.1, State::Live | State::GivenUp { .. })
                {
                    window.settle(which as u64, true);
                    entry.1 = State::Done;
                },
                _ => {
                    now += 3;
                    for (n, (give_up, state)) in list.iter_mut().enumerate() {
                        let to = match state {
                            State::Unwritten => State::Done,
                            State::Live => State::GivenUp { last: None },
                            _ => continue,
                        };
                        if now > *give_up {
                            prop_assert_eq!(window.give_up_next(now).map(|(n, _)| n as usize), Some(n));
                            *state = to;
                        }
                    }
                    prop_assert_eq!(window.give_up_next(now), None);
                }
            }
            let waiting = list.iter().filter(|(_, state)| waits(*state)).count();
            prop_assert_eq!(window.waiting as usize, waiting);
            for (n, (_, expected)) in list.iter().enumerate() {
                let found = match window.find(n as u64) {
                    Found::Attempt(attempt) => attempt.state,
                    Found::Never => State::Unwritten,
                    _ => State::Done,
                };
                prop_assert_eq!(found, *expected);
            }
        }
    }
}
