//! The one place where a connection's thread waits: for its socket, for a stop, or for a deadline.
//!
//! A blocking `read` can be ended by a timeout and by nothing else; a thread that also has to hear of a stop needs to
//! wait for two descriptors, and that is what `poll` is for. Week 3 starts from this function.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// What ended a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wake {
    /// The socket has bytes, an end or an error: a read returns at once.
    Ready,
    /// The other descriptor spoke, and the socket has nothing.
    Stop,
    /// Neither did, and the time is over.
    Deadline,
}

/// Waits until `socket` is readable, else until `stop` is, else until `deadline`. Interrupted calls go on waiting.
///
/// # Errors
/// What `poll` reports, which on valid descriptors is a lack of memory.
pub fn wait(
    socket: BorrowedFd<'_>,
    stop: Option<BorrowedFd<'_>>,
    deadline: Option<Instant>,
) -> io::Result<Wake> {
    let watch = |fd| PollFd::from_borrowed_fd(fd, PollFlags::IN);
    let mut both = [watch(socket), watch(stop.unwrap_or(socket))];
    let watched = if stop.is_some() { &mut both[..] } else { &mut both[..1] };
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        // A duration beyond the kernel's range is as good as for ever.
        let timeout = left.and_then(|left| Timespec::try_from(left).ok());
        match poll(watched, timeout.as_ref()) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
        let spoke = |at: usize| watched.get(at).is_some_and(|fd| !fd.revents().is_empty());
        match (spoke(0), spoke(1), left) {
            (true, _, _) => return Ok(Wake::Ready),
            (false, true, _) => return Ok(Wake::Stop),
            (false, false, Some(left)) if left.is_zero() => return Ok(Wake::Deadline),
            // The kernel may round a timeout; what counts is our own look at the clock.
            (false, false, _) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::*;

    fn far() -> Option<Instant> {
        Some(Instant::now() + Duration::from_secs(60))
    }

    #[test]
    fn bytes_win_over_a_stop_so_that_what_was_sent_is_still_read() {
        let (socket, mut peer) = UnixStream::pair().unwrap();
        let (stop, stopper) = UnixStream::pair().unwrap();
        drop(stopper);
        peer.write_all(b"x").unwrap();
        assert_eq!(wait(socket.as_fd(), Some(stop.as_fd()), far()).unwrap(), Wake::Ready);
    }

    #[test]
    fn a_stop_wakes_every_waiter_again_and_again() {
        let (socket, _peer) = UnixStream::pair().unwrap();
        let (stop, stopper) = UnixStream::pair().unwrap();
        drop(stopper);
        for _ in 0..3 {
            assert_eq!(wait(socket.as_fd(), Some(stop.as_fd()), far()).unwrap(), Wake::Stop);
        }
    }

    #[test]
    fn the_end_of_a_stream_is_something_to_read() {
        let (socket, peer) = UnixStream::pair().unwrap();
        drop(peer);
        assert_eq!(wait(socket.as_fd(), None, far()).unwrap(), Wake::Ready);
    }

    #[test]
    fn a_deadline_in_the_past_still_sees_what_is_already_there() {
        let (socket, mut peer) = UnixStream::pair().unwrap();
        assert_eq!(wait(socket.as_fd(), None, Some(Instant::now())).unwrap(), Wake::Deadline);
        peer.write_all(b"x").unwrap();
        assert_eq!(wait(socket.as_fd(), None, Some(Instant::now())).unwrap(), Wake::Ready);
    }
}
