//! Closing so that the peer hears why.
//!
//! A socket that is closed while unread bytes wait in it answers with a reset, and a reset may overtake the refusal
//! that was just sent. So a connection that ends for a reason of ours is closed in three steps: send the refusal, end
//! our side, and read (and forget) what the peer still sends, until it ends its side too, or time or bytes run out.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use crate::message::{Head, Kind};
use crate::wait::{Wake, wait};
use crate::{CloseReason, FrameLimit, Outgoing};

/// How long a farewell may take: a quarter of a second.
pub const LINGER_MAX: Duration = Duration::from_millis(250);

/// How many bytes of a peer that goes on sending are read and forgotten: 4 MiB.
pub const LINGER_BYTES_MAX: usize = 4 << 20;

/// Tells the peer why, where it can still hear it, and lets the connection end in order.
pub(super) fn say(stream: &TcpStream, reason: CloseReason) {
    if !reason.is_told() {
        return;
    }
    let last_moment = Instant::now() + LINGER_MAX;
    // From here on nothing can be helped: whatever fails, the socket is closed in the end.
    let _ = stream.set_write_timeout(Some(LINGER_MAX));
    refuse(stream, reason);
    let _ = stream.set_read_timeout(Some(LINGER_MAX));
    let mut forgotten = 0;
    let mut scrap = [0; 16 << 10];
    while forgotten < LINGER_BYTES_MAX
        && wait(stream.as_fd(), None, Some(last_moment)).is_ok_and(|w| w == Wake::Ready)
    {
        match (&*stream).read(&mut scrap) {
            Ok(0) | Err(_) => return,
            Ok(bytes) => forgotten += bytes,
        }
    }
}

/// The same for a thread that must not wait: a fresh socket takes a refusal of a few bytes at once.
pub(super) fn say_without_waiting(stream: &TcpStream, reason: CloseReason) {
    if stream.set_nonblocking(true).is_ok() {
        refuse(stream, reason);
        let mut scrap = [0; 4 << 10];
        let _ = (&*stream).read(&mut scrap);
    }
}

/// Sends a refusal with the reason's code, and ends our side of the stream.
fn refuse(stream: &TcpStream, reason: CloseReason) {
    let code = reason.code().map_or("", |entry| entry.code);
    let head = Head::new(Kind::Refusal, None);
    // A refusal is tens of bytes and passes any limit that lets a request through, so the default limit serves.
    if let Ok(refusal) = Outgoing::in_parts(head.as_bytes(), code.as_bytes(), FrameLimit::default()) {
        let _ = (&*stream).write_vectored(&refusal.slices());
    }
    let _ = stream.shutdown(Shutdown::Write);
}
