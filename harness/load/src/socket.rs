//! Sockets that never wait.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, sockopt};

use crate::ErrorClass;

/// A connection that was begun.
pub(crate) struct Begun {
    pub(crate) socket: OwnedFd,
    /// It stands already, which on a loopback is the ordinary case.
    pub(crate) stands: bool,
}

/// Begins a connection: non-blocking, without Nagle's delay, from `source` where one is given.
pub(crate) fn begin(
    server: SocketAddr,
    source: Option<IpAddr>,
    receive_buffer_bytes: Option<usize>,
) -> Result<Begun, Errno> {
    let family = if server.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(family, SocketType::STREAM, flags, None)?;
    sockopt::set_tcp_nodelay(&socket, true)?;
    unpaced(&socket);
    if let Some(bytes) = receive_buffer_bytes {
        sockopt::set_socket_recv_buffer_size(&socket, bytes)?;
    }
    if let Some(source) = source {
        rustix::net::bind(&socket, &SocketAddr::new(source, 0))?;
    }
    let stands = match rustix::net::connect(&socket, &server) {
        Ok(()) => true,
        Err(Errno::INPROGRESS | Errno::INTR) => false,
        Err(error) => return Err(error),
    };
    Ok(Begun { socket, stands })
}

/// Asks for a congestion control that does not pace. Where the system's default is one that does (BBR), a connection on
/// the loopback is held back for milliseconds now and then, by its timer and not by its server. Connections inherit it
/// from their listener. Every kernel has this one; where it may not be chosen, the default stays.
pub(crate) fn unpaced(socket: impl AsFd) {
    let _ = sockopt::set_tcp_congestion(socket, "reno");
}

/// How a connection that was begun came out, once the socket is writable.
pub(crate) fn outcome(socket: &OwnedFd) -> Result<(), Errno> {
    sockopt::socket_error(socket)?
}

/// What came: `Ok(None)` when nothing is there now, `Ok(Some(0))` at the end of the stream.
pub(crate) fn receive(socket: &OwnedFd, buffer: &mut [u8]) -> Result<Option<usize>, Errno> {
    match rustix::net::recv(socket, buffer, RecvFlags::empty()) {
        Ok((bytes, _)) => Ok(Some(bytes)),
        Err(Errno::AGAIN | Errno::INTR) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Bytes that the socket took, 0 when it takes none now.
pub(crate) fn send(socket: &OwnedFd, bytes: &[u8]) -> Result<usize, Errno> {
    match rustix::net::send(socket, bytes, SendFlags::NOSIGNAL) {
        Ok(taken) => Ok(taken),
        Err(Errno::AGAIN | Errno::INTR) => Ok(0),
        Err(error) => Err(error),
    }
}

/// Closes so that the peer is told of a reset, and no port is held afterwards.
pub(crate) fn reset(socket: OwnedFd) {
    // A socket that cannot be told to linger is closed in the ordinary way: the peer still sees an end.
    let _ = sockopt::set_socket_linger(&socket, Some(Duration::ZERO));
    drop(socket);
}

/// What an error of a socket says about its connection.
pub(crate) fn ending_of(error: Errno) -> ErrorClass {
    match error {
        Errno::CONNRESET | Errno::PIPE | Errno::CONNABORTED => ErrorClass::Reset,
        Errno::CONNREFUSED => ErrorClass::ConnectRefused,
        Errno::TIMEDOUT => ErrorClass::TimedOut,
        _ => ErrorClass::Socket,
    }
}

/// Why a connection could not be made.
pub(crate) fn not_connected(error: Errno) -> ErrorClass {
    match ending_of(error) {
        ErrorClass::ConnectRefused => ErrorClass::ConnectRefused,
        _ => ErrorClass::ConnectFailed,
    }
}
