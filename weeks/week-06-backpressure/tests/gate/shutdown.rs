//! Servers that are told to end while they shed and reject.

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use evidence::Fact;
use evidence::run::{fact, seed_or};
use faults::seed::Dice;

use crate::guarded::{Guarded, OUT_OF_THE_WAY, Thresholds, hear, optional, ordinary};
use crate::wire::wait_until;

const ROUNDS: u64 = 6;
const CLIENTS: usize = 4;
/// Requests that a client has sent and not seen answered, at the most: several times what the server takes at once, and
/// not what a socket holds.
const AHEAD_MAX: u64 = 300;
/// A queue that any real load makes too old and too long, and a door that stays open, since the clients are inside.
const THRESHOLDS: Thresholds =
    Thresholds { age_ms: [4, 20, OUT_OF_THE_WAY[2]], depth: [8, 32, OUT_OF_THE_WAY[2]] };

/// What the clients of one server know, together.
#[derive(Default)]
struct Known {
    answers: AtomicU64,
    replies: AtomicU64,
    shed: AtomicU64,
    rejected: AtomicU64,
    /// Clients that send no more.
    quiet: AtomicU64,
}

/// Set at the end of its scope, whatever that is.
struct SetAtEnd<'a>(&'a AtomicBool);

impl Drop for SetAtEnd<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Request number `number` of a client: every fourth one is optional.
fn asked(client: usize, number: u64) -> (String, Vec<u8>) {
    let id = format!("c{client}-{number}");
    let call = if number % 4 == 3 { optional(&id) } else { ordinary(&id) };
    (id, call)
}

/// Sends as far ahead as it may until the signal. After it, so many more, each once all before it are answered, so that
/// the server finds nothing to read now and then. Reads meanwhile: each request has one answer, in its order, until the
/// server says that it ends. Returns how many requests left as a whole, and how many were answered.
fn client(stream: &TcpStream, client: usize, more: u64, signalled: &AtomicBool, known: &Known) -> (u64, u64) {
    let (over, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| {
            let (mut sent, mut left, mut stream) = (0, more, stream);
            while !over.load(Ordering::Relaxed) {
                let after = signalled.load(Ordering::Relaxed);
                if after && left == 0 {
                    break;
                }
                let ahead = sent - answered.load(Ordering::Relaxed);
                if ahead >= if after { 1 } else { AHEAD_MAX } {
                    std::thread::yield_now();
                    continue;
                }
                if stream.write_all(&asked(client, sent).1).is_err() {
                    break;
                }
                sent += 1;
                left -= u64::from(after);
            }
            known.quiet.fetch_add(1, Ordering::Relaxed);
            sent
        });
        let reading = SetAtEnd(&over);
        loop {
            let heard = hear(stream);
            if heard.id.is_empty() {
                assert_eq!(heard.what, "ECHO-STOPPING");
                break;
            }
            let (id, _) = asked(client, answered.load(Ordering::Relaxed));
            assert_eq!(heard.id, id, "in the order of the requests");
            let count = match heard.what.as_str() {
                "ok" => &known.replies,
                "OVERLOAD-SHED" => &known.shed,
                "OVERLOAD-REJECTED" => &known.rejected,
                other => panic!("{}: {other}", heard.id),
            };
            count.fetch_add(1, Ordering::Relaxed);
            known.answers.fetch_add(1, Ordering::Relaxed);
            answered.fetch_add(1, Ordering::Relaxed);
        }
        drop(reading);
        (sending.join().unwrap(), answered.load(Ordering::Relaxed))
    })
}

/// One server, told to end after so many answers. In even rounds the clients are quiet by then, and every request that
/// left has to be answered; in odd rounds they go on for a while, and what the server has not read it has not accepted.
/// Returns accepted, shed and rejected requests, and those that were not read.
fn round(number: u64, dice: &mut Dice) -> [u64; 4] {
    let args = ["--workers", "1", "--rounds", "300", "--budget", "60s", "--log-level", "error"];
    let patience = ["--drain", "20s", "--finish", "20s", "--queue", "4096"];
    let guarded = Guarded::start(&THRESHOLDS.policy(), &[&args[..], &patience].concat());
    let (known, signalled, stop_after) = (Known::default(), AtomicBool::new(false), dice.between(50, 1000));
    let streams: Vec<TcpStream> = (0..CLIENTS).map(|_| guarded.connect()).collect();
    let more: Vec<u64> = streams.iter().map(|_| (number % 2) * dice.between(0, 200)).collect();
    let ends: Vec<(u64, u64)> = std::thread::scope(|scope| {
        let (known, signalled) = (&known, &signalled);
        let start = |(at, (stream, more))| scope.spawn(move || client(stream, at, more, signalled, known));
        let talks: Vec<_> = streams.iter().zip(more).enumerate().map(start).collect();
        wait_until("so many answers, and some refusals of each kind", || {
            let [answers, shed, rejected] =
                [&known.answers, &known.shed, &known.rejected].map(|count| count.load(Ordering::Relaxed));
            (answers >= stop_after && shed > 0 && rejected > 0).then_some(())
        });
        if number.is_multiple_of(2) {
            signalled.store(true, Ordering::Relaxed);
            let all = |quiet: u64| (quiet == CLIENTS as u64).then_some(());
            wait_until("the last requests to leave", || all(known.quiet.load(Ordering::Relaxed)));
        }
        guarded.terminate();
        signalled.store(true, Ordering::Relaxed);
        talks.into_iter().map(|talk| talk.join().unwrap()).collect()
    });
    let account = guarded.ended();
    let Known { replies, shed, rejected, .. } = known;
    let [replies, shed, rejected] = [replies, shed, rejected].map(AtomicU64::into_inner);
    let (sent, answered) = ends.iter().fold((0, 0), |sum, end| (sum.0 + end.0, sum.1 + end.1));
    assert_eq!((account.accepted, account.answered), (replies, replies), "round {number}: {account:?}");
    assert_eq!((account.shed, account.rejected), (shed, rejected), "round {number}: {account:?}");
    assert_eq!(account.turned_away() + replies, answered, "round {number}: {account:?}");
    assert!(answered == sent || (number % 2 == 1 && answered < sent), "round {number}: {answered} of {sent}");
    [replies, shed, rejected, sent - answered]
}

#[test]
fn a_stop_under_overload_loses_no_accepted_request() {
    let criterion = "backpressure.shutdown";
    let mut dice = Dice::new(seed_or(6)).fork("shutdown");
    let mut sums = [0; 4];
    for number in 0..ROUNDS {
        let came = round(number, &mut dice);
        sums = std::array::from_fn(|at| sums[at] + came[at]);
    }
    let [accepted, shed, rejected, unread] = sums;
    fact(criterion, Fact::count("processes", ROUNDS, ""));
    fact(criterion, Fact::count("accepted", accepted, "requests"));
    fact(criterion, Fact::count("of-them-answered-to-their-client", accepted, "requests"));
    fact(criterion, Fact::count("shed", shed, "requests"));
    fact(criterion, Fact::count("rejected", rejected, "requests"));
    fact(criterion, Fact::count("sent-after-the-last-one-that-was-read", unread, "requests"));
}
