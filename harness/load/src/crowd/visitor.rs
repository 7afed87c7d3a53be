//! One slow client.

use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::event::epoll::EventFlags;

use super::plan::Behaviour;
use super::scan::Scan;
use super::tally::Seen;
use crate::ErrorClass;
use crate::poller::READING;
use crate::socket::{self, ending_of};

/// What is read of an ended connection to find out why: all that a receive buffer may hold.
const LAST_BYTES_MAX: usize = 64 << 20;

/// A connection and what its client has done so far.
pub(super) struct Visitor {
    pub(super) socket: OwnedFd,
    connected_ns: u64,
    first_byte_ns: Option<u64>,
    sent: u64,
    read: u64,
    scan: Scan,
    /// Which of the connections of this place it is: a timer of an earlier one is none of its.
    pub(super) number: u64,
    /// What the poller watches for.
    pub(super) interest: EventFlags,
}

impl Visitor {
    pub(super) fn new(socket: OwnedFd, number: u64, now_ns: u64) -> Self {
        Visitor {
            socket,
            connected_ns: now_ns,
            first_byte_ns: None,
            sent: 0,
            read: 0,
            scan: Scan::default(),
            number,
            interest: READING,
        }
    }

    /// What the connection has to be watched for. A slow reader reads by the clock, and is only told of an end.
    pub(super) fn wanted(&self, behaviour: &Behaviour) -> EventFlags {
        let reads = match behaviour {
            Behaviour::SlowReader { .. } => EventFlags::RDHUP,
            Behaviour::SlowSender { .. } | Behaviour::Stalled { .. } => READING,
        };
        if self.writes(behaviour) { reads | EventFlags::OUT } else { reads }
    }

    /// True where it writes whenever the socket takes bytes.
    fn writes(&self, behaviour: &Behaviour) -> bool {
        match behaviour {
            Behaviour::SlowSender { .. } => false,
            Behaviour::Stalled { says } => self.sent < says.len() as u64,
            Behaviour::SlowReader { frame, times, .. } => self.sent < frame.len() as u64 * u64::from(*times),
        }
    }

    /// How long it pauses between two pieces; `None` where it has nothing to do by the clock any more.
    pub(super) fn pause(&self, behaviour: &Behaviour) -> Option<Duration> {
        match behaviour {
            Behaviour::SlowSender { says, every, .. } => (self.sent < says.len() as u64).then_some(*every),
            Behaviour::Stalled { .. } => None,
            Behaviour::SlowReader { every, .. } => Some(*every),
        }
    }

    /// Its time has come: a piece is sent, or read.
    pub(super) fn piece(
        &mut self,
        behaviour: &Behaviour,
        buffer: &mut [u8],
        now_ns: u64,
    ) -> Result<(), ErrorClass> {
        match behaviour {
            Behaviour::SlowSender { says, piece_bytes, .. } => {
                let left = says.get(self.sent as usize..).unwrap_or_default();
                self.send(&left[..left.len().min(*piece_bytes)], now_ns).map(drop)
            }
            Behaviour::Stalled { .. } => Ok(()),
            Behaviour::SlowReader { read_bytes, .. } => self.receive(&mut buffer[..*read_bytes]).map(drop),
        }
    }

    /// Its socket is ready: what may be written at once is written, and what may be read at once is read.
    pub(super) fn ready(
        &mut self,
        behaviour: &Behaviour,
        flags: EventFlags,
        buffer: &mut [u8],
        now_ns: u64,
    ) -> Result<(), ErrorClass> {
        if flags.intersects(EventFlags::RDHUP | EventFlags::HUP | EventFlags::ERR) {
            return Err(self.last_words(buffer));
        }
        let reads = !matches!(behaviour, Behaviour::SlowReader { .. });
        if reads && flags.contains(EventFlags::IN) {
            self.receive(buffer)?;
        }
        if self.writes(behaviour) { self.write(behaviour, now_ns) } else { Ok(()) }
    }

    fn write(&mut self, behaviour: &Behaviour, now_ns: u64) -> Result<(), ErrorClass> {
        let (bytes, times) = match behaviour {
            Behaviour::SlowSender { .. } => return Ok(()),
            Behaviour::Stalled { says } => (says, 1),
            Behaviour::SlowReader { frame, times, .. } => (frame, *times),
        };
        let whole = bytes.len() as u64;
        while self.sent < whole * u64::from(times) {
            if !self.send(&bytes[(self.sent % whole) as usize..], now_ns)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Says whether the socket took all of it.
    fn send(&mut self, bytes: &[u8], now_ns: u64) -> Result<bool, ErrorClass> {
        let taken = socket::send(&self.socket, bytes).map_err(ending_of)?;
        if taken > 0 {
            self.first_byte_ns.get_or_insert(now_ns);
        }
        self.sent += taken as u64;
        Ok(taken == bytes.len())
    }

    /// Says whether anything came.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<bool, ErrorClass> {
        match socket::receive(&self.socket, buffer).map_err(ending_of)? {
            None => Ok(false),
            Some(0) => Err(ErrorClass::Closed),
            Some(bytes) => {
                self.read += bytes as u64;
                self.scan.feed(&buffer[..bytes]);
                Ok(true)
            }
        }
    }

    /// The server has ended the connection: reads what it said before, and how it ended.
    pub(super) fn last_words(&mut self, buffer: &mut [u8]) -> ErrorClass {
        let most = self.read + LAST_BYTES_MAX as u64;
        while self.read < most {
            match self.receive(buffer) {
                Ok(true) => {}
                Ok(false) => break,
                Err(class) => return class,
            }
        }
        socket::outcome(&self.socket).map_or_else(ending_of, |()| ErrorClass::Closed)
    }

    /// What is told of it.
    pub(super) fn seen(self, how: ErrorClass, now_ns: u64) -> Seen {
        let frames_read = self.scan.frames();
        let code = self.scan.farewell();
        Seen {
            connected: Duration::from_nanos(self.connected_ns),
            first_byte: self.first_byte_ns.map(Duration::from_nanos),
            ended: Duration::from_nanos(now_ns),
            how: if code.is_some() { ErrorClass::Refused } else { how },
            code,
            bytes_sent: self.sent,
            bytes_read: self.read,
            frames_read,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    const EVERY: Duration = Duration::from_secs(1);

    fn visitor() -> (Visitor, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        (Visitor::new(ours.into(), 1, 0), theirs)
    }

    #[test]
    fn a_piece_is_sent_when_its_time_comes_and_a_ready_socket_brings_none() {
        let (mut visitor, mut server) = visitor();
        let drip = Behaviour::SlowSender { says: b"abcdefgh".to_vec(), piece_bytes: 3, every: EVERY };
        for (piece, pause) in [("abc", Some(EVERY)), ("def", Some(EVERY)), ("gh", None)] {
            visitor.ready(&drip, EventFlags::OUT, &mut [0; 64], 1).unwrap();
            assert_eq!(visitor.wanted(&drip), READING);
            visitor.piece(&drip, &mut [0; 64], 1).unwrap();
            let mut came = [0; 64];
            let bytes = server.read(&mut came).unwrap();
            assert_eq!((&came[..bytes], visitor.pause(&drip)), (piece.as_bytes(), pause));
        }
    }

    #[test]
    fn a_piece_is_read_when_its_time_comes_and_a_ready_socket_brings_none() {
        let (mut visitor, mut server) = visitor();
        let slow = Behaviour::SlowReader { frame: b"ask".to_vec(), times: 2, read_bytes: 5, every: EVERY };
        visitor.ready(&slow, EventFlags::OUT, &mut [0; 64], 1).unwrap();
        let mut asked = [0; 64];
        assert_eq!(server.read(&mut asked).unwrap(), 6);
        server.write_all(&[0; 12]).unwrap();
        visitor.ready(&slow, EventFlags::IN, &mut [0; 64], 1).unwrap();
        assert_eq!((visitor.read, visitor.wanted(&slow)), (0, EventFlags::RDHUP));
        for read in [5, 10, 12, 12] {
            visitor.piece(&slow, &mut [0; 64], 1).unwrap();
            assert_eq!((visitor.read, visitor.pause(&slow)), (read, Some(EVERY)));
        }
    }
}
