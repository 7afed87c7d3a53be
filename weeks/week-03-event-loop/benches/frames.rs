//! Our side of the comparison: the loop with the least service that does what the peers do.

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use event_loop::{Config, EventLoop, FrameService, Framed, Outbox, Peer, Poll, Poller, Scan, Select};
use framing::{CloseReason, Deadlines, FrameLimit};

/// Sends every frame back as it came. All bounds and deadlines of the loop are in force, which the peers do not have.
struct Frames;

impl FrameService for Frames {
    type Session = ();

    fn open(&mut self, _peer: &Peer) {}

    #[inline]
    fn frame(
        &mut self,
        (): &mut (),
        payload: &[u8],
        out: &mut Outbox,
        _now: Instant,
    ) -> Result<(), CloseReason> {
        out.put_frame(&[], payload, FrameLimit::default()).map_err(CloseReason::Frame)
    }

    fn farewell(&mut self, _peer: &Peer, _reason: CloseReason, _out: &mut Outbox) {}

    fn closed(&mut self, (): (), _peer: &Peer, _reason: CloseReason) {}
}

/// Serves until the process is killed.
pub(crate) fn serve(name: &str, listener: TcpListener) -> io::Result<()> {
    match name {
        "select" => run::<Select>(listener),
        _ => run::<Poll>(listener),
    }
}

fn run<P: Poller>(listener: TcpListener) -> io::Result<()> {
    let service = Framed::new(Frames, FrameLimit::default(), Deadlines::default());
    let mut event_loop = EventLoop::<P, _, _>::new(Config::default(), Scan::default(), service)?;
    event_loop.listen(listener)?;
    let (never, _held) = UnixStream::pair()?;
    event_loop.run(&never).map(drop)
}
