//! The accept loop: one peer after the other, until a signal says stop; then the drain.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::connection::Connection;
use super::slots::Slot;
use super::{CONNECTION_STACK_BYTES, LINGER_MAX, Server, Shared, farewell};
use crate::wait::{Wake, wait};
use crate::{CloseReason, catalog};

/// How long the loop rests when the system lacks what an accept needs: retrying at once would only burn a core.
const SHORTAGE_PAUSE: Duration = Duration::from_millis(50);

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stopped {
    /// Connections accepted in its life, refused ones included.
    pub accepted: u64,
    /// Connections that were still held when the drain was over.
    pub abandoned: usize,
}

// ANCHOR: accept-fault
/// What a failed accept means for the loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AcceptFault {
    /// That peer is gone already, or the call was interrupted. The next one is not affected.
    Skip,
    /// The system lacks descriptors or memory: wait a moment, connections end all the time.
    Rest,
    /// The listening socket itself is unusable.
    Fatal,
}
// ANCHOR_END: accept-fault

impl AcceptFault {
    /// The fault that an error of `accept` stands for.
    pub fn of(error: &io::Error) -> Self {
        // lab:hole framing.accept-fault
        use rustix::io::Errno;
        match Errno::from_io_error(error) {
            // accept(2): errors already pending on the new connection come out of accept itself.
            Some(
                Errno::AGAIN
                | Errno::INTR
                | Errno::CONNABORTED
                | Errno::PROTO
                | Errno::PERM
                | Errno::NETDOWN
                | Errno::NETUNREACH
                | Errno::HOSTDOWN
                | Errno::HOSTUNREACH
                | Errno::NOPROTOOPT
                | Errno::OPNOTSUPP,
            ) => AcceptFault::Skip,
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => AcceptFault::Rest,
            _ => AcceptFault::Fatal,
        }
        // lab:stub todo!("framing.accept-fault: whose problem is it: that peer's, this moment's, or the listener's?")
        // lab:end
    }
}

impl Server {
    /// Serves until `signals` becomes readable, then drains: no new connections, begun frames are finished and
    /// answered, quiet connections are told and closed. Returns when the last connection is closed, at the latest
    /// shortly after the drain's end.
    ///
    /// # Errors
    /// When the listening socket fails for good. What happens to single connections is logged and is no error here.
    pub fn run(self, signals: &impl AsFd) -> io::Result<Stopped> {
        let Server { listener, shared, stop, .. } = self;
        let accepted = accept_until_stop(&listener, signals, &shared);
        // From here on the port is free again, and a peer that comes late is refused by the system.
        drop(listener);
        let drained_by = Instant::now() + shared.config.drain;
        tracing::info!("stopping: no new connections, {} ms to finish", shared.config.drain.as_millis());
        stop.stop(drained_by);
        // A thread that is told to end may still write one answer and say farewell; both have ends of their own.
        let rest = shared.config.deadlines.write + LINGER_MAX;
        let late = shared.slots.wait_until_free(drained_by + rest);
        // A process that did not run meanwhile finds all of that time over at once, and its threads have yet to begin.
        let abandoned = if late == 0 { 0 } else { shared.slots.wait_until_free(Instant::now() + rest) };
        let accepted = accepted?;
        tracing::info!(result = "ok", "stopped: {accepted} connections accepted, {abandoned} abandoned");
        Ok(Stopped { accepted, abandoned })
    }
}

// ANCHOR: accept-loop
fn accept_until_stop(listener: &TcpListener, signals: &impl AsFd, shared: &Arc<Shared>) -> io::Result<u64> {
    let mut accepted = 0;
    loop {
        // The signal is looked at first on every turn: a flood of connections must not keep it waiting.
        if wait(signals.as_fd(), Some(listener.as_fd()), None)? == Wake::Ready {
            return Ok(accepted);
        }
        let error = match listener.accept() {
            Ok((stream, peer)) => {
                accepted += 1;
                welcome(stream, peer, accepted, shared);
                continue;
            }
            Err(error) => error,
        };
        match AcceptFault::of(&error) {
            AcceptFault::Skip => {}
            AcceptFault::Rest => {
                tracing::warn!(error_code = catalog::ECHO_ACCEPT.code, "cannot accept for now: {error}");
                wait(signals.as_fd(), None, Some(Instant::now() + SHORTAGE_PAUSE))?;
            }
            AcceptFault::Fatal => return Err(error),
        }
    }
}
// ANCHOR_END: accept-loop

/// Gives the peer a thread, or tells it that there is none.
fn welcome(stream: TcpStream, peer: SocketAddr, number: u64, shared: &Arc<Shared>) {
    let Some(slot) = shared.slots.try_take() else {
        return turn_away(stream, peer, number);
    };
    let theirs = Arc::clone(shared);
    let thread = std::thread::Builder::new()
        .name(format!("connection-{number}"))
        .stack_size(CONNECTION_STACK_BYTES)
        .spawn(move || serve(stream, peer, number, &theirs, slot));
    if let Err(error) = thread {
        let code = catalog::ECHO_ACCEPT.code;
        tracing::warn!(result = "no-thread", error_code = code, connection = number, %peer, "no thread: {error}");
    }
}

fn serve(stream: TcpStream, peer: SocketAddr, number: u64, shared: &Shared, slot: Slot) {
    // A panic is a bug of ours; it ends this connection with a record and leaves the others alone.
    let whole_life = std::panic::AssertUnwindSafe(|| {
        let (mut connection, reason) = match Connection::open(stream, shared) {
            Ok(mut connection) => {
                let reason = connection.serve();
                (connection, reason)
            }
            Err(error) => {
                return CloseReason::of_io(error.kind()).log(number, peer, 0);
            }
        };
        // The record comes first: whoever is told a reason finds it in the log.
        reason.log(number, peer, connection.answered());
        farewell::say(connection.stream(), reason);
    });
    if std::panic::catch_unwind(whole_life).is_err() {
        CloseReason::Bug.log(number, peer, 0);
    }
    drop(slot);
}

/// Refuses a connection without ever waiting for it: this runs in the accept loop.
fn turn_away(stream: TcpStream, peer: SocketAddr, number: u64) {
    CloseReason::Busy.log(number, peer, 0);
    farewell::say_without_waiting(&stream, CloseReason::Busy);
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn a_peers_misfortune_is_skipped_a_shortage_is_waited_out_and_only_our_own_socket_is_fatal() {
        let cases = [
            (Errno::CONNABORTED, AcceptFault::Skip),
            (Errno::INTR, AcceptFault::Skip),
            (Errno::AGAIN, AcceptFault::Skip),
            (Errno::HOSTUNREACH, AcceptFault::Skip),
            (Errno::MFILE, AcceptFault::Rest),
            (Errno::NFILE, AcceptFault::Rest),
            (Errno::NOBUFS, AcceptFault::Rest),
            (Errno::NOMEM, AcceptFault::Rest),
            (Errno::BADF, AcceptFault::Fatal),
            (Errno::INVAL, AcceptFault::Fatal),
        ];
        for (errno, fault) in cases {
            assert_eq!(AcceptFault::of(&errno.into()), fault, "{errno:?}");
        }
    }
}
