//! A server in this process: the real loop, the real pool, real sockets, and a job that does what its request says.

use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::thread::JoinHandle;
use std::time::Instant;

use epoll_http::{Epoll, Wheel};
use event_loop::event_loop::Stopped;
use event_loop::{Config, EventLoop, FrameService, Framed, Outbox, Peer};
use framing::{CloseReason, Deadlines, FrameLimit};
use sha2::{Digest, Sha256};
use worker_pool::request::Request;
use worker_pool::{
    Budget, Cancelled, Class, ClassId, Classes, Handle, Job, Mailbox, Pool, Pooled, Report, pool,
};

use crate::latch::Latch;
use crate::piece::FIRST;
use crate::wire::DEADLINE;

/// Answers with the digest of the body. A body that begins with `hold`, `ask` or `panic` is obeyed first.
#[derive(Default)]
pub(crate) struct Obedient {
    /// Where `hold` and `ask` pass; `hold` waits there.
    pub(crate) held: Latch,
    pub(crate) asking: Latch,
    /// The bodies that were begun, in order.
    pub(crate) begun: Mutex<Vec<Vec<u8>>>,
}

impl Job for Obedient {
    fn class(&self, _body: &[u8]) -> ClassId {
        FIRST
    }

    fn run(&self, body: Vec<u8>, budget: &Budget<'_>) -> Result<Vec<u8>, Cancelled> {
        self.begun.lock().unwrap().push(body.clone());
        if body.starts_with(b"hold") {
            self.held.pass();
        } else if body.starts_with(b"ask") {
            self.asking.pass();
            loop {
                budget.check()?;
                std::thread::yield_now();
            }
        } else if body.starts_with(b"panic") {
            panic!("a request panics, as it was told");
        }
        Ok(Sha256::digest(&body).to_vec())
    }
}

type Service = Pooled<Obedient>;

/// The service, and the ends of its connections as they come.
struct Witness(Service, Sender<CloseReason>);

impl FrameService for Witness {
    type Session = <Service as FrameService>::Session;

    fn open(&mut self, peer: &Peer) -> Self::Session {
        self.0.open(peer)
    }

    fn is_ready(&self, session: &Self::Session) -> bool {
        self.0.is_ready(session)
    }

    fn owes(&self, session: &Self::Session) -> bool {
        self.0.owes(session)
    }

    fn frame(
        &mut self,
        session: &mut Self::Session,
        payload: &[u8],
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), CloseReason> {
        self.0.frame(session, payload, out, now)
    }

    fn farewell(&mut self, peer: &Peer, reason: CloseReason, out: &mut Outbox) {
        self.0.farewell(peer, reason, out);
    }

    fn closed(&mut self, session: Self::Session, peer: &Peer, reason: CloseReason) {
        self.0.closed(session, peer, reason);
        // The test may have seen enough and gone.
        let _ = self.1.send(reason);
    }

    fn wake(&mut self, now: Instant, out: &mut Outbox) {
        self.0.wake(now, out);
    }
}

/// The server.
pub(crate) struct Here {
    pub(crate) address: SocketAddr,
    pub(crate) job: Arc<Obedient>,
    pub(crate) handle: Handle<Request<Obedient>>,
    /// Why connections ended.
    pub(crate) ends: Receiver<CloseReason>,
    pool: Pool<Request<Obedient>>,
    stop: UnixStream,
    running: JoinHandle<std::io::Result<Stopped>>,
}

impl Here {
    /// A server with so many workers for one class.
    pub(crate) fn start(workers: usize, class: Class) -> Here {
        let (limit, job) = (FrameLimit::default(), Arc::new(Obedient::default()));
        let mailbox = Arc::new(Mailbox::new(OnceLock::new()));
        let sink = Arc::clone(&mailbox);
        let config = pool::Config { workers, classes: Classes::new(vec![class]).unwrap(), measured: true };
        let pool = Pool::start(config, move |done| sink.post(done)).unwrap();
        let (closed, ends) = channel();
        let pooled = Pooled::new(Arc::clone(&job), pool.handle(), Arc::clone(&mailbox), limit);
        let framed = Framed::new(Witness(pooled, closed), limit, Deadlines::default());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, stop) = UnixStream::pair().unwrap();
        // A loop stays on the thread that made it.
        let running = std::thread::spawn(move || {
            let mut event_loop =
                EventLoop::<Epoll, _, _>::new(Config::default(), Wheel::new(Instant::now()), framed)?;
            event_loop.listen(listener)?;
            assert!(mailbox.bell().set(event_loop.waker()).is_ok(), "there is one loop");
            event_loop.run(&heard)
        });
        let handle = pool.handle();
        Here { address, job, handle, ends, pool, stop, running }
    }

    /// Stops the loop and then the pool, in this order.
    pub(crate) fn stop(self) -> (Stopped, Report<framing::RequestId>) {
        drop(self.stop);
        let stopped = self.running.join().unwrap().unwrap();
        (stopped, self.pool.shutdown(DEADLINE))
    }
}
