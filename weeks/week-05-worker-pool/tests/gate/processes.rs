//! Real servers, told to end in the middle of the load.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use evidence::Fact;
use evidence::run::fact;
use faults::seed::Dice;

use crate::wire::{Answer, Server, next_answer, request, wait_until};

const ROUNDS: u64 = 20;
const CLIENTS: usize = 4;

/// What the clients of one server know, together.
#[derive(Default)]
struct Known {
    answers: AtomicU64,
    replies: AtomicU64,
    refusals: AtomicU64,
    /// Clients that send no more.
    quiet: AtomicU64,
}

/// The body of a request, which follows from its number.
fn body(client: usize, number: u64) -> Vec<u8> {
    let bytes = if number.is_multiple_of(17) { 70 << 10 } else { number as usize * 37 % 2000 };
    vec![client as u8 ^ number as u8; bytes]
}

/// Set at the end of its scope, whatever that is.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Sends without a pause until the signal. After it, so many more, each once the one before has its answer, so that the
/// server finds nothing to read now and then; and no more once it has said that it ends. Reads meanwhile. Returns how
/// many requests left as a whole, and how many of them have their answer, in order.
fn client(stream: &TcpStream, client: usize, more: u64, signalled: &AtomicBool, known: &Known) -> (u64, u64) {
    let (over, answers) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let (mut sent, mut left, mut stream) = (0, more, stream);
            while !over.load(Ordering::Relaxed) {
                if signalled.load(Ordering::Relaxed) {
                    let Some(fewer) = left.checked_sub(1) else { break };
                    left = fewer;
                    while answers.load(Ordering::Relaxed) < sent && !over.load(Ordering::Relaxed) {
                        std::thread::yield_now();
                    }
                }
                if stream.write_all(&request(&format!("c{client}-{sent}"), &body(client, sent))).is_err() {
                    break;
                }
                sent += 1;
            }
            known.quiet.fetch_add(1, Ordering::Relaxed);
            sent
        });
        let reading = SetAtEnd(&over);
        let mut answered = 0;
        loop {
            let id = format!("c{client}-{answered}");
            match next_answer(stream) {
                Some(Answer::Refusal { id, code }) if id.is_empty() => {
                    assert_eq!(code, "ECHO-STOPPING");
                    break;
                }
                Some(Answer::Refusal { id: refused, code }) => {
                    assert_eq!((refused, code), (id, "POOL-FULL".to_owned()));
                    known.refusals.fetch_add(1, Ordering::Relaxed);
                }
                Some(reply) => {
                    assert!(reply == Answer::digest(&id, &body(client, answered)), "{id}: {reply:?}");
                    known.replies.fetch_add(1, Ordering::Relaxed);
                }
                None => panic!("the server says nothing at its end, after {answered} answers"),
            }
            answered += 1;
            answers.store(answered, Ordering::Relaxed);
            known.answers.fetch_add(1, Ordering::Relaxed);
        }
        drop(reading);
        (sending.join().unwrap(), answered)
    })
}

/// One server, told to end after as many answers as the dice say. In even rounds the clients stop sending just before,
/// and every request that left has to be answered. In odd rounds they go on for a while, and the server reads as far as
/// it reads: what it has not read, it has not accepted. Returns accepted requests, refused ones, and those that were
/// not read.
fn round(number: u64, dice: &mut Dice) -> [u64; 3] {
    let queue = dice.between(1, 40).to_string();
    let workers = dice.between(1, 3).to_string();
    let args =
        ["--workers", &workers, "--queue", &queue, "--budget", "60s", "--drain", "20s", "--finish", "20s"];
    let mut server = Server::start(&[&args[..], &["--log-level", "error"]].concat());
    let (known, signalled, stop_after) = (Known::default(), AtomicBool::new(false), dice.between(0, 400));
    let streams: Vec<TcpStream> = (0..CLIENTS).map(|_| server.connect()).collect();
    let more: Vec<u64> = streams.iter().map(|_| (number % 2) * dice.between(0, 300)).collect();
    let ends: Vec<(u64, u64)> = std::thread::scope(|scope| {
        let (known, signalled) = (&known, &signalled);
        let start = |(at, (stream, more))| scope.spawn(move || client(stream, at, more, signalled, known));
        let talks: Vec<_> = streams.iter().zip(more).enumerate().map(start).collect();
        wait_until("so many answers", || (known.answers.load(Ordering::Relaxed) >= stop_after).then_some(()));
        if number.is_multiple_of(2) {
            signalled.store(true, Ordering::Relaxed);
            let all = |quiet: u64| (quiet == CLIENTS as u64).then_some(());
            wait_until("the last requests to leave", || all(known.quiet.load(Ordering::Relaxed)));
        }
        server.terminate();
        signalled.store(true, Ordering::Relaxed);
        talks.into_iter().map(|talk| talk.join().unwrap()).collect()
    });
    let said = server.ended();
    let (replies, refusals) = (known.replies.into_inner(), known.refusals.into_inner());
    let (sent, answered) = ends.iter().fold((0, 0), |sum, end| (sum.0 + end.0, sum.1 + end.1));
    assert_eq!((said.accepted, said.finished), (replies, replies), "round {number}: {said:?}");
    assert_eq!((said.refused, said.cancelled, said.panicked), (refusals, 0, 0), "round {number}: {said:?}");
    assert_eq!(answered, replies + refusals);
    assert!(answered == sent || (number % 2 == 1 && answered < sent), "round {number}: {answered} of {sent}");
    [replies, refusals, sent - answered]
}

#[test]
fn twenty_processes_told_to_end_under_load_lose_no_accepted_request() {
    let criterion = "worker-pool.shutdown-processes";
    let mut dice = Dice::new(evidence::run::seed_or(5)).fork("processes");
    let mut sums = [0; 3];
    for number in 0..ROUNDS {
        let came = round(number, &mut dice);
        sums = std::array::from_fn(|at| sums[at] + came[at]);
    }
    let [accepted, refused, after] = sums;
    assert!(accepted > 100 * ROUNDS, "{accepted} requests are no load");
    fact(criterion, Fact::count("processes", ROUNDS, ""));
    fact(criterion, Fact::count("accepted", accepted, "requests"));
    fact(criterion, Fact::count("of-them-answered-to-their-client", accepted, "requests"));
    fact(criterion, Fact::count("refused", refused, "requests"));
    fact(criterion, Fact::count("sent-after-the-last-one-that-was-read", after, "requests"));
}
