//! The loop itself, with a service that notes what is done with it. Claims that no peer can see: how much of one connection
//! is worked off before the others, where the pause mark and the cap lie to the byte, that whatever was lent is given
//! back, and that a loop with nothing to do does nothing.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

#[path = "scripted/elsewhere.rs"]
mod elsewhere;
#[path = "scripted/late.rs"]
mod late;
#[path = "scripted/service.rs"]
mod service;
mod wire;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use event_loop::event_loop::TURN_MESSAGES_MAX;
use event_loop::{CAP_REACHED, Config};
use framing::CloseReason;

use service::{ANSWER, CLOSE, Did, MAIL, Ready, Running, TELL};
use wire::{connect, wait_until};

const SHARE: usize = TURN_MESSAGES_MAX as usize;

fn config() -> Config {
    Config { drain: Duration::from_millis(200), ..Config::default() }
}

/// Reads exactly these bytes.
fn hears(mut stream: &TcpStream, byte: u8, bytes: usize) {
    let mut heard = vec![0; bytes];
    stream.read_exact(&mut heard).unwrap();
    assert!(heard.iter().all(|it| *it == byte), "only {}s", char::from(byte));
}

/// How many steps each share of this connection had, up to the one with which all are done.
fn shares(running: &Running, number: u64, all: usize) -> Vec<usize> {
    let (mut shares, mut steps) = (Vec::new(), 0);
    while shares.iter().sum::<usize>() < all {
        match running.next("the next share", |did| matches!(did, Did::Step(_) | Did::Rest(_))) {
            Did::Step(whose) if whose == number => steps += 1,
            Did::Rest(whose) if whose == number => shares.push(std::mem::take(&mut steps)),
            _ => {}
        }
    }
    shares
}

#[test]
fn a_share_is_as_many_messages_as_allowed_and_the_next_one_waits_for_the_others() {
    let ready = Ready::new();
    let [exact, over, other] = [SHARE, SHARE + 1, 1].map(|messages| {
        let peer = connect(ready.addresses[0]);
        (&peer).write_all(&vec![ANSWER; messages]).unwrap();
        peer
    });
    let running = ready.go(config(), 1, None);
    hears(&exact, ANSWER, SHARE);
    hears(&over, ANSWER, SHARE + 1);
    hears(&other, ANSWER, 1);
    let (_, did) = running.stop();
    let steps = did.iter().filter_map(|did| match did {
        Did::Step(number) => Some(*number),
        _ => None,
    });
    let order: Vec<u64> = steps.collect();
    let expected = [vec![1; SHARE], vec![2; SHARE], vec![3], vec![2]].concat();
    assert_eq!(order, expected, "the message too many comes after everybody else's");
}

#[test]
fn a_share_ends_at_the_pause_mark() {
    const ANSWERS: usize = 8;
    for (answer_bytes, first_share) in [(1000, 4), (999, 5), (1001, 4), (4000, 1), (3999, 2)] {
        let ready = Ready::new();
        let peer = connect(ready.addresses[0]);
        (&peer).write_all(&[ANSWER; ANSWERS]).unwrap();
        let running = ready.go(Config { pause_bytes: 4000, ..config() }, answer_bytes, None);
        // The peer reads, so that the mark is only ever met within one share.
        hears(&peer, ANSWER, ANSWERS * answer_bytes);
        let shares = shares(&running, 1, ANSWERS);
        assert_eq!(
            shares[0], first_share,
            "answers of {answer_bytes} bytes below a mark of 4000: {shares:?}"
        );
        drop(peer);
        running.stop();
    }
}

#[test]
fn the_cap_itself_waits_for_a_peer_and_one_byte_more_ends_it() {
    const CAP: usize = 100_000;
    for (mail_bytes, ended) in [(CAP, false), (CAP + 1, true)] {
        let ready = Ready::new();
        let running = ready.go(Config { cap_bytes: CAP, ..config() }, mail_bytes, None);
        let [sender, receiver] = [0, 1].map(|at: usize| {
            let peer = connect(running.addresses[at]);
            running.next("the connection", |did| matches!(did, Did::Open { .. }));
            peer
        });
        (&sender).write_all(&[MAIL]).unwrap();
        if ended {
            let reason = CloseReason::Rule(&CAP_REACHED);
            running.next("the end at the cap", |did| *did == Did::Close(2, reason));
            let heard = (&receiver).read(&mut [0]).map_err(|error| error.kind());
            assert_eq!(heard, Err(std::io::ErrorKind::ConnectionReset), "and it is not told");
        } else {
            hears(&receiver, MAIL, CAP);
        }
        // Whoever sent it is served on; mail to one that is gone reaches nobody.
        (&sender).write_all(&[MAIL, CLOSE]).unwrap();
        assert_eq!((&sender).read(&mut [0]).unwrap(), 0, "and no mail but its own");
        running.stop();
    }
}

#[test]
fn what_was_lent_is_given_back_however_the_share_ends() {
    let running = Ready::new().go(config(), 10, None);
    for round in 0..20 {
        let peer = connect(running.addresses[0]);
        match round % 4 {
            0 => (&peer).write_all(&[ANSWER]).unwrap(),
            1 => (&peer).write_all(&[CLOSE]).unwrap(),
            2 => {
                (&peer).write_all(&[ANSWER]).unwrap();
                wire::reset(peer);
            }
            _ => wire::reset(peer),
        }
    }
    wait_for_ends(&running, 20);
    let (_, did) = running.stop();
    assert!(did.is_empty(), "{did:?}");
}

/// Waits for so many ends, and checks on the way that after each loan the same connection rests before anybody borrows.
fn wait_for_ends(running: &Running, ends: usize) {
    let (mut lent, mut ended) = (None, 0);
    while ended < ends {
        match running.next("the ends of all", |_| true) {
            Did::Lend(number) => {
                assert!(lent.is_none_or(|whose| whose == number), "{number} got what {lent:?} still has");
                lent = Some(number);
            }
            Did::Rest(number) if lent == Some(number) => lent = None,
            Did::Close(number, _) => {
                assert_ne!(lent, Some(number), "ended without giving back");
                ended += 1;
            }
            _ => {}
        }
    }
}

#[test]
fn answers_that_could_not_be_sent_reach_nobody_else() {
    let ready = Ready::new();
    // Gone before it is answered: the loop reads its request, and its write fails or leads nowhere.
    for _ in 0..50 {
        let gone = connect(ready.addresses[0]);
        (&gone).write_all(&[b'g'; 200]).unwrap();
        wire::reset(gone);
    }
    let ready_to_read = connect(ready.addresses[0]);
    (&ready_to_read).write_all(&[ANSWER; 3]).unwrap();
    let running = ready.go(config(), 100, None);
    hears(&ready_to_read, ANSWER, 300);
    drop(ready_to_read);
    running.stop();
}

#[test]
fn a_wake_from_another_thread_reaches_the_service_and_so_does_its_own_time() {
    let running = Ready::new().go(config(), 1, Some(Duration::from_millis(20)));
    running.next("the time that the service asked for", |did| *did == Did::Wake);
    let waker = running.waker.clone();
    std::thread::spawn(move || waker.wake()).join().unwrap();
    running.next("the wake", |did| *did == Did::Wake);
    // Any number before the loop looks is one, and none is too many for it.
    (0..10_000).for_each(|_| running.waker.wake());
    running.next("a wake", |did| *did == Did::Wake);
    let (stopped, _) = running.stop();
    assert!(stopped.turns >= 3);
}

#[test]
fn a_peer_is_told_apart_by_the_listener_that_it_came_through() {
    let running = Ready::new().go(config(), 1, None);
    for listener in [1, 0, 1] {
        let _peer = connect(running.addresses[listener]);
        let opened = running.next("the connection", |did| matches!(did, Did::Open { .. }));
        assert!(matches!(opened, Did::Open { listener: from, .. } if from == listener), "{opened:?}");
    }
    running.stop();
}

#[test]
fn a_peer_that_does_not_read_costs_no_turns() {
    const TURNS_MAX: u64 = 2000;
    let config = Config { pause_bytes: 64 << 10, write: Duration::from_millis(300), ..config() };
    let running = Ready::new().go(config, 64 << 10, None);
    let deaf = connect(running.addresses[0]);
    deaf.set_nonblocking(true).unwrap();
    wait_until("the deaf peer to be ended", || {
        // It asks as long as it may: there is always something to read from it.
        let _ = (&deaf).write(&[ANSWER; 1024]);
        running.did.try_iter().find(|did| *did == Did::Close(1, CloseReason::WriteTimeout))
    });
    let (stopped, _) = running.stop();
    // A turn for each time that it could be read or written, and not one for each look at what may not be read now.
    assert!(stopped.turns < TURNS_MAX, "{} turns for a peer that stood still", stopped.turns);
}

#[test]
fn a_loop_with_nothing_to_do_does_not_turn() {
    let running = Ready::new().go(config(), 1, Some(Duration::from_millis(300)));
    let _quiet: Vec<TcpStream> = (0..50).map(|_| connect(running.addresses[0])).collect();
    running.next("the time that the service asked for", |did| *did == Did::Wake);
    let (stopped, _) = running.stop();
    // One for each arrival at most, the wake, the stop, and some for deadlines that were looked at once.
    assert!(stopped.turns < 150, "{} turns for fifty silent peers", stopped.turns);
}

#[test]
fn a_finished_peer_is_sent_the_answers_that_were_still_to_come() {
    const ANSWERS: usize = 3 * SHARE + 1;
    let running = Ready::new().go(config(), 100, None);
    let peer = connect(running.addresses[0]);
    (&peer).write_all(&vec![ANSWER; ANSWERS]).unwrap();
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    hears(&peer, ANSWER, 100 * ANSWERS);
    assert_eq!((&peer).read(&mut [0]).unwrap(), 0);
    running.next("the end", |did| *did == Did::Close(1, CloseReason::PeerFinished));
    running.stop();
}

/// Two peers of a loop that runs for the first time when both have said all that they say: in its second turn, the first
/// one's message puts bytes into the queue of the second one, before that one's own turn.
fn mail_before_its_turn(receiver_says: &[u8]) -> (Running, TcpStream) {
    let ready = Ready::new();
    let sender = connect(ready.addresses[0]);
    (&sender).write_all(&[MAIL]).unwrap();
    let receiver = connect(ready.addresses[0]);
    (&receiver).write_all(receiver_says).unwrap();
    receiver.shutdown(std::net::Shutdown::Write).unwrap();
    (ready.go(config(), 100, None), receiver)
}

#[test]
fn an_answer_waits_behind_what_was_put_into_the_queue_before_it() {
    let (running, receiver) = mail_before_its_turn(&[ANSWER]);
    hears(&receiver, MAIL, 100);
    hears(&receiver, ANSWER, 100);
    assert_eq!((&receiver).read(&mut [0]).unwrap(), 0);
    running.stop();
}

#[test]
fn a_finished_peer_is_sent_what_waits_for_it_before_it_is_closed() {
    let (running, receiver) = mail_before_its_turn(&[]);
    hears(&receiver, MAIL, 100);
    assert_eq!((&receiver).read(&mut [0]).unwrap(), 0);
    running.next("its end", |did| *did == Did::Close(2, CloseReason::PeerFinished));
    running.stop();
}

#[test]
fn what_the_socket_did_not_take_leaves_without_another_word_from_the_peer() {
    // More than the kernel holds for a peer, and less than the mark: reading goes on, and writing has to as well.
    const ANSWER_BYTES: usize = 16 << 20;
    let bounds = Config { pause_bytes: 2 * ANSWER_BYTES, cap_bytes: 4 * ANSWER_BYTES, ..config() };
    let running = Ready::new().go(bounds, ANSWER_BYTES, None);
    let peer = connect(running.addresses[0]);
    (&peer).write_all(&[ANSWER]).unwrap();
    hears(&peer, ANSWER, ANSWER_BYTES);
    drop(peer);
    running.stop();
}

#[test]
fn last_words_to_others_reach_them_without_another_event() {
    let running = Ready::new().go(config(), 100, None);
    let [leaving, staying] = [0, 1].map(|at: usize| {
        let peer = connect(running.addresses[at]);
        running.next("the connection", |did| matches!(did, Did::Open { .. }));
        peer
    });
    (&leaving).write_all(&[TELL]).unwrap();
    // Nothing else happens: the one that leaves stays connected, so that not even its end wakes the loop.
    hears(&staying, TELL, 100);
    drop(leaving);
    running.stop();
}
