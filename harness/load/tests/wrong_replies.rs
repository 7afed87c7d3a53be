//! A load that believes every answer measures how fast a server can be wrong.
//!
//! It could be fooled by checking too little (a length, a first byte) or by a checker that no server ever fails. So each
//! server here makes one mistake, and the load has to call it by its name.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod server;

use std::io::Write;
use std::time::Duration;

use load::{Corruption, Dialect, ErrorClass, Group, GroupOutcome, Plan};
use server::{assert_nothing_is_lost, echo_with, plan, serve};

fn pulled(plan: Plan) -> GroupOutcome {
    let mut outcome = load::run(&plan).unwrap();
    let group = outcome.groups.remove(0);
    assert_nothing_is_lost(&group);
    group
}

fn against(
    depth: u32,
    change: impl Fn(u64, Vec<u8>) -> Vec<Vec<u8>> + Clone + Send + Sync + 'static,
) -> GroupOutcome {
    let address = serve(move |stream, _| echo_with(stream, change.clone()));
    pulled(plan(address).group(Group::closed("all", 1, depth, 100)))
}

#[test]
fn a_turned_byte_is_found_wherever_in_the_payload_it_is_and_the_rest_is_still_read() {
    for at in [12, 50, 103] {
        let group = against(8, move |number, mut frame| {
            if number == 20 {
                frame[at] ^= 1;
            }
            vec![frame]
        });
        assert_eq!(group.corrupt.get(&Corruption::Bytes), Some(&1), "{group:?}");
        assert_eq!((group.corrupt_total(), group.errors_total()), (1, 0));
        assert!(group.replies > 20, "{group:?}");
    }
}

#[test]
fn a_turned_byte_in_a_sequence_number_is_found() {
    let group = against(8, |number, mut frame| {
        if number == 20 {
            frame[4] ^= 0x80;
        }
        vec![frame]
    });
    assert_eq!(group.corrupt.get(&Corruption::Bytes), Some(&1), "{group:?}");
}

#[test]
fn a_reply_that_comes_twice_ends_the_connection() {
    for depth in [1, 8] {
        let group = against(depth, |number, frame| match number {
            20 => vec![frame.clone(), frame],
            _ => vec![frame],
        });
        assert_eq!(group.corrupt.get(&Corruption::Repeated), Some(&1), "{group:?}");
        assert_eq!((group.corrupt_total(), group.connections), (1, 0));
        assert_eq!(group.ends.get(&ErrorClass::OutOfStep), Some(&1));
    }
}

#[test]
fn replies_in_another_order_end_the_connection() {
    let address = serve(|stream, _| {
        let mut kept = None;
        echo_with(stream, move |number, frame| match number {
            20 => {
                kept = Some(frame);
                vec![]
            }
            _ => [Some(frame), kept.take()].into_iter().flatten().collect(),
        });
    });
    let group = pulled(plan(address).group(Group::closed("all", 1, 8, 100)));
    assert_eq!(group.corrupt.get(&Corruption::OutOfOrder), Some(&1), "{group:?}");
    assert_eq!((group.replies, group.connections), (20, 0));
}

#[test]
fn a_reply_of_another_length_ends_the_connection() {
    for change in [-1_i32, 1] {
        let group = against(1, move |number, mut frame| {
            if number == 20 {
                let len = (frame.len() as i32 - 4 + change) as u32;
                frame[..4].copy_from_slice(&len.to_be_bytes());
                frame.resize(4 + len as usize, 0);
            }
            vec![frame]
        });
        assert_eq!(group.corrupt.get(&Corruption::Length), Some(&1), "{group:?}");
        assert_eq!((group.replies, group.connections), (20, 0));
    }
}

#[test]
fn the_reply_of_another_connection_is_not_taken_for_ones_own() {
    // Two connections whose requests meet in the middle: each gets the other's answers.
    let (to_first, from_second) = std::sync::mpsc::channel();
    let (to_second, from_first) = std::sync::mpsc::channel();
    let ends = std::sync::Mutex::new(vec![(to_second, from_second), (to_first, from_first)]);
    let address = serve(move |mut stream, _| {
        let (to, from) = ends.lock().unwrap().pop().unwrap();
        while let Ok(Some(frame)) = server::read_frame(&mut stream) {
            let _ = to.send(frame);
            let Ok(other) = from.recv_timeout(Duration::from_secs(10)) else { return };
            if stream.write_all(&other).is_err() {
                return;
            }
        }
    });
    let mut plan = plan(address).group(Group::closed("all", 2, 1, 100));
    // Whoever asked last waits in vain: the other one has stopped asking.
    plan.request_deadline = Duration::from_millis(200);
    let group = pulled(plan);
    assert_eq!(group.replies, 0, "{group:?}");
    assert!(group.corrupt[&Corruption::Bytes] > 0, "{group:?}");
}

#[test]
fn an_answer_in_single_bytes_is_right_all_the_same() {
    let address = serve(|stream, _| {
        let mut out = stream.try_clone().unwrap();
        echo_with(stream, move |_, frame| {
            frame.iter().for_each(|byte| {
                let _ = out.write_all(&[*byte]);
            });
            vec![]
        });
    });
    let group = pulled(plan(address).group(Group::closed("all", 2, 3, 20)));
    assert!(group.replies > 0 && group.corrupt_total() == 0, "{group:?}");
}

#[test]
fn an_echo_message_is_checked_by_kind_id_and_body_and_a_refusal_is_no_corruption() {
    let echo = |change: fn(u64, Vec<u8>) -> Vec<u8>| {
        let address =
            serve(move |stream, _| echo_with(stream, move |number, frame| vec![change(number, frame)]));
        let mut plan = plan(address).group(Group::closed("all", 1, 4, 50));
        plan.dialect = Dialect::Echo;
        pulled(plan)
    };
    let right = echo(|_, mut frame| {
        frame[4] = 2;
        frame
    });
    assert!(right.replies > 0 && right.corrupt_total() + right.errors_total() == 0, "{right:?}");

    let request_came_back = echo(|_, frame| frame);
    assert_eq!(request_came_back.replies, 0);
    assert!(request_came_back.corrupt[&Corruption::Bytes] > 0, "{request_came_back:?}");

    let refused = echo(|number, mut frame| {
        frame[4] = 2;
        match number {
            20 => [&17_u32.to_be_bytes()[..], b"\x03\x00ECHO-BUSY-AGAIN"].concat(),
            _ => frame,
        }
    });
    assert_eq!(refused.refusals.get("ECHO-BUSY-AGAIN"), Some(&1), "{refused:?}");
    assert_eq!((refused.replies, refused.corrupt_total()), (20, 0));
    // Up to four were under way; how many of them were asked before the refusal was read depends on who was faster.
    let lost = refused.errors.get(&ErrorClass::Refused).copied().unwrap_or(0);
    assert!((1..=4).contains(&lost), "{refused:?}");
}
