//! A service that does as it is told and notes what the loop does with it. Every byte is a message.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use event_loop::{Config, EventLoop, Outbox, Peer, Poll, Scan, Service, Step, Stopped, Token, Waker};
use framing::CloseReason;

use crate::wire::DEADLINE;

/// Bytes that one read may bring.
pub(crate) const SPACE_BYTES: usize = 4096;

/// What the loop did, with the number of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Did {
    Open { number: u64, listener: usize },
    Lend(u64),
    Receive(u64, usize),
    Step(u64),
    Rest(u64),
    Close(u64, CloseReason),
    Wake,
}

/// Asks for an answer, of the same byte. So does every byte without a meaning of its own.
pub(crate) const ANSWER: u8 = b'a';
/// Asks that whoever connected last be sent as much, though it may be gone by now.
pub(crate) const MAIL: u8 = b'm';
/// Asks for an answer that is made elsewhere: it comes when the loop is woken, and nothing more is taken until then.
pub(crate) const LATER: u8 = b'l';
/// Asks the service to end whoever connected last by name, after one more mail.
pub(crate) const NAME: u8 = b'n';
/// Asks for the deadline that everybody gets who asks for it: one moment, shortly after the first of them.
pub(crate) const SOON: u8 = b's';
/// How shortly after.
const SOON_AFTER: Duration = Duration::from_millis(200);
/// Asks the service to end the connection, and to tell it why.
pub(crate) const TELL: u8 = b't';
/// Asks the service to end the connection.
pub(crate) const CLOSE: u8 = b'c';

pub(crate) struct Scripted {
    /// Bytes of each answer, and of each mail.
    pub(crate) answer_bytes: usize,
    pub(crate) wake_at: Option<Instant>,
    /// Turns everybody away.
    pub(crate) full: bool,
    /// Who waits for an answer that is made elsewhere.
    later: Vec<Token>,
    soon: Option<Instant>,
    space: Vec<u8>,
    last: Option<Token>,
    told: mpsc::Sender<Did>,
}

pub(crate) struct Session {
    number: u64,
    token: Token,
    pending: Vec<u8>,
    deadline: Instant,
}

impl Scripted {
    fn tell(&self, did: Did) {
        // A test that has seen enough does not listen any more.
        let _ = self.told.send(did);
    }
}

impl Service for Scripted {
    type Session = Session;

    fn admit(&mut self, _peer: &Peer, _now: Instant) -> Result<(), CloseReason> {
        if self.full { Err(CloseReason::Busy) } else { Ok(()) }
    }

    fn open(&mut self, peer: &Peer, now: Instant) -> Session {
        self.last = Some(peer.token);
        self.tell(Did::Open { number: peer.number, listener: peer.listener });
        Session { number: peer.number, token: peer.token, pending: Vec::new(), deadline: now + 6 * DEADLINE }
    }

    fn read_space<'a>(&'a mut self, session: &'a mut Session) -> &'a mut [u8] {
        self.tell(Did::Lend(session.number));
        &mut self.space
    }

    fn received(&mut self, session: &mut Session, bytes: usize, _now: Instant) {
        self.tell(Did::Receive(session.number, bytes));
        session.pending.extend(&self.space[..bytes]);
    }

    fn step(&mut self, session: &mut Session, out: &mut Outbox, now: Instant) -> Step {
        if self.owes(session) {
            return Step::Wait;
        }
        if session.pending.is_empty() {
            return Step::NeedsBytes;
        }
        self.tell(Did::Step(session.number));
        match session.pending.remove(0) {
            MAIL => out.send_to(self.last.expect("somebody has connected"), vec![MAIL; self.answer_bytes]),
            LATER => self.later.push(session.token),
            SOON => session.deadline = *self.soon.get_or_insert(now + SOON_AFTER),
            NAME => {
                let last = self.last.expect("somebody has connected");
                out.send_to(last, vec![MAIL; self.answer_bytes]);
                // Once is enough, and twice does no harm.
                out.end(last, CloseReason::IdleTimeout);
                out.end(last, CloseReason::ReadTimeout);
            }
            CLOSE => return Step::Close(CloseReason::PeerFinished),
            TELL => return Step::Close(CloseReason::IdleTimeout),
            asked => out.put(&vec![asked; self.answer_bytes]),
        }
        Step::Done
    }

    fn rest(&mut self, session: &mut Session) {
        self.tell(Did::Rest(session.number));
    }

    fn end_of_stream(&self, _session: &Session) -> CloseReason {
        CloseReason::PeerFinished
    }

    fn is_between_messages(&self, session: &Session) -> bool {
        session.pending.is_empty()
    }

    fn owes(&self, session: &Session) -> bool {
        self.later.contains(&session.token)
    }

    fn deadline(&self, session: &Session) -> (Instant, CloseReason) {
        (session.deadline, CloseReason::IdleTimeout)
    }

    fn restart_clock(&mut self, _session: &mut Session, _now: Instant) {}

    fn farewell(&mut self, peer: &Peer, _reason: CloseReason, out: &mut Outbox) {
        out.put(b"bye");
        if let Some(other) = self.last.filter(|last| *last != peer.token) {
            out.send_to(other, vec![TELL; self.answer_bytes]);
        }
    }

    fn closed(&mut self, session: Session, _peer: &Peer, reason: CloseReason) {
        self.tell(Did::Close(session.number, reason));
    }

    fn wake_at(&self) -> Option<Instant> {
        self.wake_at
    }

    fn wake(&mut self, _now: Instant, out: &mut Outbox) {
        self.wake_at = None;
        for token in self.later.drain(..) {
            out.send_to(token, vec![LATER; self.answer_bytes]);
        }
        self.tell(Did::Wake);
    }
}

/// A loop on a thread of its own, with two listeners.
pub(crate) struct Running {
    pub(crate) addresses: [SocketAddr; 2],
    pub(crate) waker: Waker,
    pub(crate) did: mpsc::Receiver<Did>,
    stop: UnixStream,
    thread: JoinHandle<Stopped>,
}

/// Listeners of a loop that does not run yet: whoever connects now waits in the kernel, with all that it sends.
pub(crate) struct Ready {
    pub(crate) addresses: [SocketAddr; 2],
    listeners: [TcpListener; 2],
}

impl Ready {
    pub(crate) fn new() -> Self {
        let listeners = [0, 1].map(|_| TcpListener::bind("127.0.0.1:0").unwrap());
        let addresses = [0, 1].map(|number: usize| listeners[number].local_addr().unwrap());
        Ready { addresses, listeners }
    }

    /// Lets the loop run. Without a size of answers, the service turns everybody away.
    pub(crate) fn go(self, config: Config, answer_bytes: usize, wake_after: Option<Duration>) -> Running {
        let (told, did) = mpsc::channel();
        let (heard, stop) = UnixStream::pair().unwrap();
        let (tell_waker, waker) = mpsc::channel();
        let Ready { addresses, listeners } = self;
        let thread = std::thread::spawn(move || {
            let wake_at = wake_after.map(|after| Instant::now() + after);
            let service = Scripted {
                answer_bytes,
                wake_at,
                full: answer_bytes == 0,
                later: Vec::new(),
                soon: None,
                space: vec![0; SPACE_BYTES],
                last: None,
                told,
            };
            let mut event_loop = EventLoop::<Poll, _, _>::new(config, Scan::default(), service).unwrap();
            for listener in listeners {
                event_loop.listen(listener).unwrap();
            }
            tell_waker.send(event_loop.waker()).unwrap();
            event_loop.run(&heard).unwrap()
        });
        Running { addresses, waker: waker.recv_timeout(DEADLINE).unwrap(), did, stop, thread }
    }
}

impl Running {
    /// The next thing that the loop does, of those that fit.
    pub(crate) fn next(&self, what: &str, fits: impl Fn(&Did) -> bool) -> Did {
        let until = Instant::now() + DEADLINE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let did = self.did.recv_timeout(left).unwrap_or_else(|_| panic!("waited in vain for {what}"));
            if fits(&did) {
                return did;
            }
        }
    }

    /// Stops the loop; returns what it did in its life, and what it did since the test last looked.
    pub(crate) fn stop(self) -> (Stopped, Vec<Did>) {
        drop(self.stop);
        let stopped = self.thread.join().unwrap();
        (stopped, self.did.iter().collect())
    }
}
