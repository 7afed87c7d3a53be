//! Our side of the comparison: the loop with the least service, all its bounds and deadlines in force.

use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixStream;

use event_loop::{Config, EventLoop, Framed, Mirror, Poll, Poller, Scan, Select};
use framing::{Deadlines, FrameLimit};

/// Serves until the process is killed.
pub(crate) fn serve(name: &str, listener: TcpListener) -> io::Result<()> {
    match name {
        "select" => run::<Select>(listener),
        _ => run::<Poll>(listener),
    }
}

fn run<P: Poller>(listener: TcpListener) -> io::Result<()> {
    let service = Framed::new(Mirror::default(), FrameLimit::default(), Deadlines::default());
    let mut event_loop = EventLoop::<P, _, _>::new(Config::default(), Scan::default(), service)?;
    event_loop.listen(listener)?;
    let (never, _held) = UnixStream::pair()?;
    event_loop.run(&never).map(drop)
}
