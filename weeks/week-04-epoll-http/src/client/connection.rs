//! One connection over a non-blocking socket: every wait is a `poll` with the deadline of the present phase.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};

use super::{Failure, FailureKind, Phase, PhaseClock};
use crate::http::{Limits, Method, Response, ResponseParser};

/// Bytes that one read takes at most.
const READ_BYTES: usize = 16 << 10;

/// A connection to a server.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    buffer: Box<[u8]>,
}

impl Connection {
    /// Connects to the first address that answers. Each address gets an even part of the time that is left.
    pub(super) fn open(
        addresses: &[SocketAddr],
        send_buffer_bytes: Option<usize>,
        clock: &PhaseClock,
    ) -> Result<Self, Failure> {
        let mut last = Failure::new(FailureKind::ConnectFailed, Phase::Connect, "there is no address");
        for (at, address) in addresses.iter().enumerate() {
            let (end, timeout) = clock.until();
            let now = Instant::now();
            let part = end.saturating_duration_since(now) / (addresses.len() - at) as u32;
            match connect(*address, send_buffer_bytes, now + part) {
                Ok(stream) => {
                    return Ok(Connection { stream, buffer: vec![0; READ_BYTES].into() });
                }
                Err(error) => {
                    let late = error.kind() == ErrorKind::TimedOut && error.raw_os_error().is_none();
                    let kind = if late { timeout } else { FailureKind::of_connect(&error) };
                    last = Failure::new(kind, Phase::Connect, format!("connecting to {address}: {error}"));
                }
            }
        }
        Err(last)
    }

    /// True while the server neither closed the connection nor said something that nobody asked for.
    pub(super) fn is_quiet(&self) -> bool {
        matches!(ready(self.stream.as_fd(), PollFlags::IN, Instant::now()), Ok(false))
    }

    /// Sends a request and reads its answer; true beside it where nothing else came with it, so that the connection
    /// may be used again.
    pub(super) fn exchange(
        &mut self,
        request: &[u8],
        method: Method,
        limits: Limits,
        clock: &mut PhaseClock,
    ) -> Result<(Response, bool), Failure> {
        clock.enter(Phase::Write, Instant::now());
        self.send(request, clock)?;
        clock.enter(Phase::FirstByte, Instant::now());
        let mut parser = ResponseParser::new(method, limits);
        let mut excess = false;
        while !parser.is_done() {
            let bytes = self.receive(clock)?;
            if bytes == 0 && clock.phase() == Phase::FirstByte {
                let detail = "the server closed the connection without an answer";
                return Err(Failure::new(FailureKind::Closed, Phase::FirstByte, detail));
            }
            let failed = |error| Failure::new(FailureKind::Answer(error), Phase::Body, error.to_string());
            if bytes == 0 {
                parser.end_of_stream().map_err(failed)?;
                break;
            }
            if clock.phase() == Phase::FirstByte {
                clock.enter(Phase::Body, Instant::now());
            }
            excess = parser.feed(&self.buffer[..bytes]).map_err(failed)? < bytes;
        }
        match parser.into_response() {
            Some(response) => Ok((response, !excess)),
            None => Err(Failure::new(FailureKind::Socket, Phase::Body, "the answer ended without its end")),
        }
    }

    fn send(&mut self, mut request: &[u8], clock: &PhaseClock) -> Result<(), Failure> {
        while !request.is_empty() {
            self.wait(PollFlags::OUT, clock)?;
            match self.stream.write(request) {
                Ok(bytes) => request = &request[bytes..],
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(broken(&error, clock)),
            }
        }
        Ok(())
    }

    /// One read; 0 is the end of the stream.
    fn receive(&mut self, clock: &PhaseClock) -> Result<usize, Failure> {
        loop {
            self.wait(PollFlags::IN, clock)?;
            match self.stream.read(&mut self.buffer) {
                Ok(bytes) => return Ok(bytes),
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(broken(&error, clock)),
            }
        }
    }

    /// Waits for the socket, until the end of the present phase. A phase that is over is over, also for a server whose
    /// bytes never pause.
    fn wait(&self, flags: PollFlags, clock: &PhaseClock) -> Result<(), Failure> {
        // lab:hole epoll-http.wait-in-phase
        let (until, timeout) = clock.until();
        let late = || Failure::new(timeout, clock.phase(), "its time was over");
        if Instant::now() >= until {
            return Err(late());
        }
        match ready(self.stream.as_fd(), flags, until) {
            Ok(true) => Ok(()),
            Ok(false) => Err(late()),
            Err(error) => Err(broken(&error, clock)),
        }
        // lab:stub todo!("epoll-http.wait-in-phase: over already? else wait until then, and name what was missed")
        // lab:end
    }
}

/// Neither progress nor a failure: ask again.
fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

fn broken(error: &io::Error, clock: &PhaseClock) -> Failure {
    Failure::new(FailureKind::of_stream(error), clock.phase(), error.to_string())
}

/// True once the descriptor is ready for one of these, false when it is not by `until`.
fn ready(fd: BorrowedFd<'_>, flags: PollFlags, until: Instant) -> io::Result<bool> {
    loop {
        let left = until.saturating_duration_since(Instant::now());
        // A duration beyond the kernel's range is as good as for ever.
        let timeout = Timespec::try_from(left).ok();
        let mut watched = [PollFd::from_borrowed_fd(fd, flags)];
        match poll(&mut watched, timeout.as_ref()) {
            Ok(0) if left.is_zero() => return Ok(false),
            Ok(0) | Err(Errno::INTR) => {}
            Ok(_) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
    }
}

// ANCHOR: connect
/// Connects without blocking. A connect that is under way is over when the socket becomes writable, and the socket's own
/// error says how.
fn connect(address: SocketAddr, send_buffer_bytes: Option<usize>, until: Instant) -> io::Result<TcpStream> {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    if let Some(bytes) = send_buffer_bytes {
        sockopt::set_socket_send_buffer_size(&socket, bytes)?;
    }
    finish_connect(rustix::net::connect(&socket, &address), socket.as_fd(), until)?;
    Ok(TcpStream::from(socket))
}

/// Waits for a connect that has begun.
fn finish_connect(begun: Result<(), Errno>, socket: BorrowedFd<'_>, until: Instant) -> io::Result<()> {
    // lab:hole epoll-http.finish-connect
    match begun {
        Ok(()) => return Ok(()),
        // An interrupted connect goes on by itself, like one that is under way.
        Err(Errno::INPROGRESS | Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    if !ready(socket, PollFlags::OUT, until)? {
        return Err(ErrorKind::TimedOut.into());
    }
    sockopt::socket_error(socket)?.map_err(io::Error::from)
    // lab:stub todo!("epoll-http.finish-connect: under way? wait until it is writable, then ask the socket how it went")
    // lab:end
}
// ANCHOR_END: connect

/// The least and the most that a send buffer can be asked to hold, in bytes.
pub(super) const SEND_BUFFER_BYTES: std::ops::RangeInclusive<usize> = 1..=16 << 20;

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    #[test]
    fn a_connect_that_was_refused_says_so_although_the_socket_became_writable() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        assert!(connect(address, None, soon()).is_ok());
        drop(listener);
        let refused = connect(address, None, soon()).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    }

    #[test]
    fn a_connection_is_quiet_until_its_server_speaks_or_leaves() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = connect(listener.local_addr().unwrap(), None, soon()).unwrap();
        let connection = Connection { stream, buffer: Box::default() };
        let (mut server, _) = listener.accept().unwrap();
        assert!(connection.is_quiet());
        server.write_all(b"HTTP/1.1 408 Request Timeout\r\n\r\n").unwrap();
        assert!(ready(connection.stream.as_fd(), PollFlags::IN, soon()).unwrap());
        assert!(!connection.is_quiet());
    }
}
