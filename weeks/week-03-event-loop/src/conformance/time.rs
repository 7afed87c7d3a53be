//! Contract 5 and 6: how long a wait lasts, and what ends it.

use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::rig::{PATIENCE, Rig, pair};
use super::signal;
use crate::{Interest, Poller, Token};

const US: Token = Token::new(0, 1);

/// Below, at and above what the system calls can express. Every wait of the suite asserts that it did not return early.
pub fn a_wait_without_events_lasts_for_its_timeout<P: Poller>() {
    let (ours, _peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    for nanos in [1, 999, 1_000, 1_001, 999_999, 1_000_000, 1_000_001, 12_345_678] {
        for _ in 0..3 {
            assert_eq!(rig.wait(Some(Duration::from_nanos(nanos))), []);
        }
    }
}

/// "Never" is often spelled as the largest number.
pub fn a_timeout_beyond_the_kernels_range_is_for_ever_and_no_error<P: Poller>() {
    let (ours, mut peer) = pair();
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    peer.write_all(b"x").unwrap();
    rig.event(US);
    for timeout in [Duration::MAX, Duration::from_secs(i64::MAX as u64), Duration::from_secs(1 << 33)] {
        assert_eq!(rig.wait(Some(timeout)).len(), 1);
    }
}

/// The byte may come before the wait or during it; both orders happen.
pub fn a_wait_without_timeout_ends_with_the_first_byte<P: Poller>() {
    for _ in 0..50 {
        let (ours, mut peer) = pair();
        let (done, finished) = channel();
        let waiter = thread::spawn(move || {
            let mut rig = Rig::<P>::new();
            rig.add(&ours, US, Interest::READ);
            done.send(rig.wait(None).to_vec()).unwrap();
        });
        peer.write_all(b"x").unwrap();
        let told = finished.recv_timeout(PATIENCE).expect("the wait slept through a byte");
        assert!(told.len() == 1 && told[0].token == US && told[0].readable, "{told:?}");
        waiter.join().unwrap();
    }
}

/// A thousand round trips with a peer on another thread. In every second one the interest is taken away before the
/// request and given back at once, so that the answer may come before, between and after the two calls.
pub fn no_wakeup_is_lost_between_a_change_of_interest_and_the_wait<P: Poller>() {
    let (mut ours, mut peer) = pair();
    peer.set_nonblocking(false).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let echo = thread::spawn(move || {
        let mut byte = [0];
        while peer.read(&mut byte).unwrap() == 1 {
            peer.write_all(&byte).unwrap();
        }
    });
    let mut rig = Rig::<P>::new();
    rig.add(&ours, US, Interest::READ);
    for round in 0..1000_u32 {
        if round % 2 == 1 {
            rig.modify(&ours, US, Interest::NONE);
        }
        ours.write_all(&[round as u8]).unwrap();
        if round % 2 == 1 {
            rig.modify(&ours, US, Interest::READ);
        }
        assert_eq!(rig.wait(Some(PATIENCE)).len(), 1, "the answer of round {round} was missed");
        let mut byte = [0];
        ours.read_exact(&mut byte).unwrap();
        assert_eq!(byte, [round as u8]);
    }
    drop(ours);
    echo.join().unwrap();
}

/// A wait that only a signal can end returns, without events and without an error.
pub fn a_signal_ends_a_wait_with_no_events_and_no_error<P: Poller>() {
    let handled = Arc::new(AtomicBool::new(false));
    let signal = signal_hook::consts::SIGUSR1;
    signal_hook::flag::register(signal, Arc::clone(&handled)).unwrap();
    let (ours, _peer) = pair();
    let (done, finished) = channel();
    let waiter = thread::spawn(move || {
        let mut poller = P::new().unwrap();
        poller.add(ours.as_fd(), US, Interest::READ).unwrap();
        let mut events = Vec::new();
        let result = poller.wait(&mut events, None);
        done.send((result, events)).unwrap();
    });
    // A signal that comes before the wait has begun interrupts nothing, so another one follows until one did.
    let until = Instant::now() + PATIENCE;
    let (result, events) = loop {
        signal::send(&waiter, signal).unwrap();
        match finished.recv_timeout(Duration::from_millis(1)) {
            Ok(answer) => break answer,
            Err(RecvTimeoutError::Timeout) => assert!(Instant::now() < until, "no signal ends the wait"),
            Err(RecvTimeoutError::Disconnected) => panic!("the waiter is gone"),
        }
    };
    assert!(handled.load(Ordering::SeqCst));
    result.unwrap();
    assert_eq!(events, []);
    waiter.join().unwrap();
}
