//! Contract 1 in a crowd: whoever is ready is told, however many others are.
//!
//! The crowd is made of eventfds, of which each costs one descriptor and is readable exactly while its counter is not
//! zero.

use std::collections::HashSet;
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{EventfdFlags, eventfd};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::rig::Rig;
use crate::{Interest, Poller, PollerError, Token};

/// More than any single answer holds (epoll's here has 1,024 places) and more than a bitmap of `select`.
const CROWD_MAX: usize = 2500;
/// What a crowd must come to for its check to mean anything.
const CROWD_MIN: usize = 200;
/// Descriptors of the process that are not part of the crowd.
const SPARE: u64 = 64;

fn token(at: usize) -> Token {
    Token::new(at as u32, 5)
}

fn counter(ready: bool) -> OwnedFd {
    eventfd(u32::from(ready), EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK).unwrap()
}

fn make_ready(fd: &OwnedFd) {
    rustix::io::write(fd, &1_u64.to_ne_bytes()).unwrap();
}

fn make_quiet(fd: &OwnedFd) {
    rustix::io::read(fd, &mut [0; 8]).unwrap();
}

/// Raises the soft limit as far as the crowd needs and the hard limit lets it, and returns how large a crowd may be.
fn room() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let wanted = CROWD_MAX as u64 + SPARE;
    let soft = limit.current.unwrap_or(u64::MAX).max(wanted.min(limit.maximum.unwrap_or(u64::MAX)));
    setrlimit(Resource::Nofile, Rlimit { current: Some(soft), maximum: limit.maximum }).unwrap();
    if soft < wanted {
        eprintln!(
            "the hard limit allows {soft} descriptors; the check wants {wanted} and goes as far as it can"
        );
    }
    CROWD_MAX.min(soft.saturating_sub(SPARE) as usize)
}

/// Adds as many as the poller and the system take. A poller may have an end; it must say so.
fn crowd<P: Poller>(rig: &mut Rig<P>, ready: bool) -> Vec<OwnedFd> {
    let room = room();
    let mut crowd = Vec::new();
    while crowd.len() < room {
        let fd = counter(ready);
        match rig.poller.add(fd.as_fd(), token(crowd.len()), Interest::READ) {
            Ok(()) => crowd.push(fd),
            Err(PollerError::OutOfRange { .. }) => break,
            Err(error) => panic!("descriptor {} of the crowd: {error}", crowd.len()),
        }
    }
    assert!(crowd.len() >= CROWD_MIN, "a crowd of {} proves nothing", crowd.len());
    crowd
}

/// Everybody is ready and nobody becomes less so. An answer may hold only some of them; the next ones get to the others.
pub fn everybody_who_is_ready_is_told_within_bounded_waits<P: Poller>() {
    let mut rig = Rig::<P>::new();
    let crowd = crowd(&mut rig, true);
    let mut told = HashSet::new();
    for _ in 0..crowd.len() {
        told.extend(rig.now().iter().map(|event| event.token));
        if told.len() == crowd.len() {
            return;
        }
    }
    panic!("{} of {} were told in as many waits as there are of them", told.len(), crowd.len());
}

/// One is always ready; each of the others becomes ready once, at its turn, and is told within as many waits as there
/// are ready descriptors, which is two.
pub fn a_busy_descriptor_hides_no_quiet_one<P: Poller>() {
    let mut rig = Rig::<P>::new();
    let crowd = crowd(&mut rig, false);
    let busy = crowd.len() / 2;
    make_ready(&crowd[busy]);
    for at in (0..crowd.len()).filter(|at| *at != busy).step_by(7) {
        make_ready(&crowd[at]);
        let told = (0..2).any(|_| rig.now().iter().any(|event| event.token == token(at)));
        assert!(told, "number {at} of {} was hidden by number {busy}", crowd.len());
        make_quiet(&crowd[at]);
    }
}

/// In each turn another part is ready, another part silent, another part away; exactly the right ones are told.
pub fn a_turn_over_a_crowd_that_comes_and_goes_stays_exact<P: Poller>() {
    let mut rig = Rig::<P>::new();
    let crowd: Vec<OwnedFd> = (0..CROWD_MIN).map(|_| counter(false)).collect();
    let mut watched = vec![false; crowd.len()];
    for turn in 0..30 {
        for (at, fd) in crowd.iter().enumerate() {
            let (here, silent) = ((at + turn) % 3 != 0, (at * 7 + turn) % 5 == 0);
            let interest = if silent { Interest::NONE } else { Interest::READ };
            match (watched[at], here) {
                (false, true) => rig.add(fd, token(at), interest),
                (true, true) => rig.modify(fd, token(at), interest),
                (true, false) => rig.remove(fd),
                (false, false) => {}
            }
            watched[at] = here;
        }
        let ready = |at: usize| (at * 11 + turn).is_multiple_of(4);
        crowd.iter().enumerate().filter(|(at, _)| ready(*at)).for_each(|(_, fd)| make_ready(fd));
        let mut told: Vec<usize> = rig.now().iter().map(|event| event.token.slot()).collect();
        told.sort_unstable();
        let expected: Vec<usize> =
            (0..crowd.len()).filter(|at| ready(*at) && watched[*at] && (at * 7 + turn) % 5 != 0).collect();
        assert_eq!(told, expected, "turn {turn}");
        crowd.iter().enumerate().filter(|(at, _)| ready(*at)).for_each(|(_, fd)| make_quiet(fd));
    }
}
