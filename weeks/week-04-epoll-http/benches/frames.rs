//! Our side of the echo comparison: the loop with the least service, all its bounds and deadlines in force.

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::time::Instant;

use epoll_http::{Epoll, Wheel};
use event_loop::{Config, EventLoop, Framed, Mirror, Poll, Poller};
use framing::{Deadlines, FrameLimit};

/// Serves until the process is killed.
pub(crate) fn serve(name: &str, listener: TcpListener) -> io::Result<()> {
    match name {
        "poll" => run::<Poll>(listener),
        _ => run::<Epoll>(listener),
    }
}

fn run<P: Poller>(listener: TcpListener) -> io::Result<()> {
    let service = Framed::new(Mirror::default(), FrameLimit::default(), Deadlines::default());
    let wheel = Wheel::new(Instant::now());
    let mut event_loop = EventLoop::<P, _, _>::new(Config::default(), wheel, service)?;
    event_loop.listen(listener)?;
    let (never, _held) = UnixStream::pair()?;
    event_loop.run(&never).map(drop)
}
