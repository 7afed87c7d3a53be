//! One standing connection: what is in flight on it, and the bytes on their way out and in.

use std::os::fd::OwnedFd;

use rustix::event::epoll::EventFlags;

use super::bodies::Bodies;
use super::tally::Tally;
use super::window::Window;
use crate::ErrorClass;
use crate::inbox::Inbox;
use crate::poller::READING;
use crate::socket::{self, ending_of};

/// Requests are put together up to so many bytes for one write, or up to the end of the one that passes it. What does
/// not leave with it waits as an attempt, which is 40 bytes, and not as bytes.
const WRITE_BYTES: usize = 128 << 10;

/// A standing connection.
pub(super) struct Link {
    pub(super) socket: OwnedFd,
    /// The number of its attempt 0 among all of the run: different for each connection, so that an answer that strays
    /// is recognized.
    pub(super) base: u64,
    pub(super) window: Window,
    pub(super) inbox: Inbox,
    /// What the socket did not take of the last write, from `rest_at` on.
    rest: Vec<u8>,
    rest_at: usize,
    /// What the poller watches for.
    pub(super) interest: EventFlags,
}

impl Link {
    pub(super) fn new(socket: OwnedFd, base: u64) -> Self {
        Link {
            socket,
            base,
            window: Window::default(),
            inbox: Inbox::default(),
            rest: Vec::new(),
            rest_at: 0,
            interest: READING,
        }
    }

    /// What the connection has to be watched for.
    pub(super) fn wanted(&self) -> EventFlags {
        let writes = self.rest_at < self.rest.len() || self.window.wants_write();
        if writes { READING | EventFlags::OUT } else { READING }
    }

    /// Writes what waits, as far as the socket takes it.
    pub(super) fn write(
        &mut self,
        bodies: &Bodies,
        tally: &mut Tally,
        buffer: &mut Vec<u8>,
    ) -> Result<(), ErrorClass> {
        self.rest_at += self.send(&self.rest[self.rest_at..])?;
        if self.rest_at < self.rest.len() {
            return Ok(());
        }
        self.rest.clear();
        self.rest_at = 0;
        loop {
            buffer.clear();
            while buffer.len() < WRITE_BYTES
                && let Some((number, request)) = self.window.write_next()
            {
                tally.sent(request.attempt);
                bodies.write(self.base + number, request.body, buffer);
            }
            let taken = self.send(buffer)?;
            if taken < buffer.len() || buffer.is_empty() {
                self.rest.extend_from_slice(&buffer[taken..]);
                return Ok(());
            }
        }
    }

    fn send(&self, bytes: &[u8]) -> Result<usize, ErrorClass> {
        if bytes.is_empty() { Ok(0) } else { socket::send(&self.socket, bytes).map_err(ending_of) }
    }
}
