//! A crowd that is late at one moment.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};

use event_loop::event_loop::TURN_EXPIRIES_MAX;
use framing::CloseReason;

use crate::config;
use crate::service::{Did, Ready, SOON};
use crate::wire::connect;

#[test]
fn as_many_deadlines_as_allowed_end_in_one_turn_and_the_next_one_waits_for_the_others() {
    let ready = Ready::new();
    let crowd: Vec<_> = (0..=TURN_EXPIRIES_MAX)
        .map(|_| {
            let peer = connect(ready.addresses[0]);
            (&peer).write_all(&[SOON]).unwrap();
            peer
        })
        .collect();
    let running = ready.go(config(), 1, None);
    // Somebody wants something in every turn, and gets it after the turn's share of farewells.
    let (waker, enough) = (running.waker.clone(), AtomicBool::new(false));
    let ends = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !enough.load(Ordering::Relaxed) {
                waker.wake();
            }
        });
        let mut ends = vec![0];
        while ends.iter().sum::<usize>() <= TURN_EXPIRIES_MAX {
            match running.next("the next end", |did| matches!(did, Did::Close(..) | Did::Wake)) {
                Did::Close(_, reason) => {
                    assert_eq!(reason, CloseReason::IdleTimeout);
                    *ends.last_mut().unwrap() += 1;
                }
                _ if ends.last() != Some(&0) => ends.push(0),
                _ => {}
            }
        }
        enough.store(true, Ordering::Relaxed);
        ends
    });
    assert_eq!(ends, [TURN_EXPIRIES_MAX, 1], "one too many has the next turn");
    drop(crowd);
    running.stop();
}
