//! Whose turn it is, with one client that never pauses.

use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use event_loop::event_loop::TURN_MESSAGES_MAX;
use event_loop::{Config, Echo, EventLoop, FrameService, Framed, Outbox, Peer, Poll, Poller, Scan, Select};
use evidence::Fact;
use evidence::run::{Profile, fact};
use framing::{CloseReason, Deadlines, FrameLimit};
use load::{Dialect, Group, Load, Plan, Role};

use crate::assert_all_answered;
use crate::wire::{DEADLINE, Server, connect, frame, reply, request};

const POLITE: usize = 50;

/// An echo that notes whom it answered, in order.
struct Witness {
    echo: Echo,
    answered: mpsc::Sender<u64>,
}

impl FrameService for Witness {
    type Session = (u64, <Echo as FrameService>::Session);

    fn open(&mut self, peer: &Peer) -> Self::Session {
        (peer.number, self.echo.open(peer))
    }

    fn frame(
        &mut self,
        (number, session): &mut Self::Session,
        payload: &[u8],
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), CloseReason> {
        // The test may have seen enough and gone.
        let _ = self.answered.send(*number);
        self.echo.frame(session, payload, out, now)
    }

    fn farewell(&mut self, peer: &Peer, reason: CloseReason, out: &mut Outbox) {
        self.echo.farewell(peer, reason, out);
    }

    fn closed(&mut self, (_, session): Self::Session, peer: &Peer, reason: CloseReason) {
        self.echo.closed(session, peer, reason);
    }
}

/// A connection in whose buffers wait as many requests as they hold; returns how many those are.
fn greedy(address: std::net::SocketAddr) -> (TcpStream, usize) {
    let stream = connect(address);
    stream.set_nonblocking(true).unwrap();
    let one = request("g", b"");
    let flood = one.repeat(4096);
    let mut begged = 0;
    loop {
        match (&stream).write(&flood[begged % one.len()..]) {
            Ok(bytes) => begged += bytes,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return (stream, begged / one.len()),
            Err(error) => panic!("{error}"),
        }
    }
}

/// Requests of the greedy client that the loop works off before every polite one has its answer, where all of them wait
/// from the beginning.
fn greedy_answers_before_the_last_polite_one<P: Poller>() -> u64 {
    let limit = FrameLimit::default();
    let (answered, order) = mpsc::channel();
    let (heard, stop) = UnixStream::pair().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // The loop does not run yet. The kernel takes the connections and their requests, in the order of their coming.
    let (greedy, begged) = greedy(address);
    assert!(begged > 10 * TURN_MESSAGES_MAX as usize, "{begged} requests are no flood");
    let polite: Vec<TcpStream> = (0..POLITE).map(|_| connect(address)).collect();
    for peer in &polite {
        (&*peer).write_all(&request("p", b"please")).unwrap();
    }
    let running = std::thread::spawn(move || {
        let witness = Witness { echo: Echo::new(limit), answered };
        let service = Framed::new(witness, limit, Deadlines::default());
        let config = Config { drain: Duration::from_millis(100), ..Config::default() };
        let mut event_loop = EventLoop::<P, _, _>::new(config, Scan::default(), service)?;
        event_loop.listen(listener)?;
        event_loop.run(&heard)
    });
    for peer in &polite {
        assert_eq!(frame(peer), reply("p", b"please"));
    }
    drop((polite, greedy));
    let (mut greedy_answers, mut polite_answers) = (0, 0);
    while polite_answers < POLITE {
        match order.recv_timeout(DEADLINE).unwrap() {
            1 => greedy_answers += 1,
            _ => polite_answers += 1,
        }
    }
    drop(stop);
    running.join().unwrap().unwrap();
    greedy_answers
}

#[test]
fn one_greedy_client_gets_its_share_and_fifty_polite_ones_get_theirs() {
    let criterion = "event-loop.fairness";
    // One turn in which the greedy one came first, and one in which the polite ones were still being accepted.
    let bound = 2 * u64::from(TURN_MESSAGES_MAX);
    for (poller, greedy) in [
        ("select", greedy_answers_before_the_last_polite_one::<Select>()),
        ("poll", greedy_answers_before_the_last_polite_one::<Poll>()),
    ] {
        assert!(greedy <= bound, "{poller}: {greedy} answers to one before each of {POLITE} had its own");
        let name = format!("greedy-answers-before-the-last-polite-under-{poller}");
        fact(criterion, Fact::count(&name, greedy, ""));
    }
    fact(criterion, Fact::count("messages-a-turn-at-most", TURN_MESSAGES_MAX.into(), ""));

    // The real server, with requests that keep coming.
    let time = Duration::from_millis(Profile::current().pick(200, 1000, 4000));
    let server = Server::start(&["--log-level", "warn"]);
    let plan = Plan::to(server.address, Dialect::Echo)
        .group(Group::open("polite", POLITE, 500, 64))
        .group(Group::closed("greedy", 1, 1, 64).role(Role::Greedy));
    let mut load = Load::connect(plan).unwrap();
    load.run_for(time).unwrap();
    let outcome = load.outcome();
    let (polite, greedy) = (outcome.group("polite").unwrap(), outcome.group("greedy").unwrap());
    assert_all_answered(polite);
    assert_all_answered(greedy);
    fact(criterion, Fact::count("polite-clients", POLITE as u64, ""));
    fact(criterion, Fact::count("polite-requests-answered", polite.replies, ""));
    fact(criterion, Fact::count("greedy-requests-answered", greedy.replies, ""));
    drop(load);
    server.assert_survived();
    server.stop();
}
