//! One standing connection: four numbers and the times of what is in flight.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use rustix::event::epoll::EventFlags;

use super::tally::Tally;
use crate::outcome::{Corruption, ErrorClass};
use crate::socket::{self, ending_of};
use crate::strange::{Expected, Verdict, judge};
use crate::wire::Wire;

/// A standing connection.
///
/// ```text
///    requests   0 ─────── answered ─────── written ─────── asked
///                  done     │   in flight on the wire │  waiting to be written
///                           └──────── `sent` knows since when ────────┘
/// ```
pub(super) struct Link {
    pub(super) socket: OwnedFd,
    /// Sequence number of request 0: different for each connection, so that a reply that strays is recognized.
    base: u64,
    /// Requests that may be written.
    asked: u64,
    /// Request bytes that the socket took.
    written: u64,
    /// Reply bytes that were right.
    read: u64,
    /// Requests that have an answer, right or wrong.
    answered: u64,
    /// Since when requests wait for a reply, oldest first; nothing for a reader that never reads.
    sent: VecDeque<Sent>,
    /// A frame that is not the expected one, as far as it is here.
    strange: Vec<u8>,
    /// What the poller watches for.
    pub(super) interest: EventFlags,
    /// Reads nothing any more.
    pub(super) mute: bool,
    /// Bytes of the opening message that were written.
    pub(super) opening_written: usize,
}

struct Sent {
    at_ns: u64,
    requests: u64,
}

/// How a connection ended.
pub(super) type Ending = ErrorClass;

impl Link {
    pub(super) fn new(socket: OwnedFd, base: u64, interest: EventFlags) -> Self {
        Link {
            socket,
            base,
            asked: 0,
            written: 0,
            read: 0,
            answered: 0,
            sent: VecDeque::new(),
            strange: Vec::new(),
            interest,
            mute: false,
            opening_written: 0,
        }
    }

    /// Requests without an answer.
    pub(super) fn in_flight(&self) -> u64 {
        self.asked - self.answered
    }

    /// When the oldest request without an answer was to leave.
    pub(super) fn oldest_ns(&self) -> Option<u64> {
        self.sent.front().map(|sent| sent.at_ns)
    }

    /// Lets more requests leave, with the time from which they are to be charged.
    pub(super) fn ask(&mut self, requests: u64, at_ns: u64) {
        if requests == 0 {
            return;
        }
        self.asked += requests;
        if !self.mute {
            match self.sent.back_mut() {
                Some(last) if last.at_ns == at_ns => last.requests += requests,
                _ => self.sent.push_back(Sent { at_ns, requests }),
            }
        }
    }

    /// True when something waits to be written.
    pub(super) fn wants_write(&self, wire: &Wire) -> bool {
        self.written < self.asked * wire.frame_bytes()
    }

    /// Writes once, at most so many bytes.
    pub(super) fn write(&mut self, wire: &mut Wire, bytes_max: usize) -> Result<(), Ending> {
        let bytes = wire.requests(self.base, self.written, self.asked);
        let bytes = &bytes[..bytes.len().min(bytes_max)];
        if !bytes.is_empty() {
            self.written += socket::send(&self.socket, bytes).map_err(ending_of)? as u64;
        }
        Ok(())
    }

    /// Takes what came, and counts it. An error ends the connection.
    pub(super) fn take(
        &mut self,
        mut came: &[u8],
        wire: &mut Wire,
        tally: &mut Tally,
        now_ns: u64,
    ) -> Result<(), Ending> {
        while !came.is_empty() {
            if self.strange.is_empty() {
                let expected = wire.replies(self.base, self.read, self.asked, came.len());
                let both = expected.len().min(came.len());
                if both > 0 && expected[..both] == came[..both] {
                    self.read += both as u64;
                    came = &came[both..];
                    continue;
                }
                let same = expected.iter().zip(came).take_while(|(e, c)| e == c).count();
                self.read += same as u64;
                came = &came[same..];
                // The frame so far is as it was expected; that is how its bytes are known without having been kept.
                let inside = (self.read % wire.frame_bytes()) as usize;
                let start = self.read - inside as u64;
                self.strange.extend_from_slice(
                    wire.replies(self.base, start, u64::MAX, inside).get(..inside).unwrap_or(&[]),
                );
                self.settle(wire, tally, now_ns);
            }
            came = self.take_strange(came, wire, tally)?;
        }
        self.settle(wire, tally, now_ns);
        Ok(())
    }

    /// Goes on collecting a frame that is not the expected one, and judges it when it can.
    fn take_strange<'a>(
        &mut self,
        mut came: &'a [u8],
        wire: &Wire,
        tally: &mut Tally,
    ) -> Result<&'a [u8], Ending> {
        let expected = Expected {
            dialect: wire.dialect(),
            frame_bytes: wire.frame_bytes() as usize,
            base: self.base,
            answered: self.answered,
            asked: self.asked,
        };
        loop {
            match judge(&self.strange, &expected) {
                Verdict::More(need) => {
                    let take = (need - self.strange.len()).min(came.len());
                    if take == 0 {
                        return Ok(came);
                    }
                    self.strange.extend_from_slice(&came[..take]);
                    came = &came[take..];
                }
                Verdict::Refusal(code) => {
                    tally.refused(code);
                    return Err(ErrorClass::Refused);
                }
                Verdict::Wrong(how) => {
                    tally.corrupt(how);
                    if how != Corruption::Unasked && how != Corruption::Repeated {
                        self.forget_oldest();
                    }
                    if how != Corruption::Bytes {
                        return Err(ErrorClass::OutOfStep);
                    }
                    self.read = self.answered * wire.frame_bytes();
                    self.strange.clear();
                    return Ok(came);
                }
            }
        }
    }

    /// Counts the replies that have become whole.
    fn settle(&mut self, wire: &Wire, tally: &mut Tally, now_ns: u64) {
        let whole = self.read / wire.frame_bytes();
        let mut fresh = whole - self.answered;
        self.answered = whole;
        while fresh > 0
            && let Some(oldest) = self.sent.front_mut()
        {
            let now = fresh.min(oldest.requests);
            tally.answered(now, now_ns.saturating_sub(oldest.at_ns));
            fresh -= now;
            oldest.requests -= now;
            if oldest.requests == 0 {
                self.sent.pop_front();
            }
        }
    }

    /// The oldest request has an answer, and a wrong one.
    fn forget_oldest(&mut self) {
        if self.answered == self.asked {
            return;
        }
        self.answered += 1;
        if let Some(oldest) = self.sent.front_mut() {
            oldest.requests -= 1;
            if oldest.requests == 0 {
                self.sent.pop_front();
            }
        }
    }

    /// Forgets since when requests wait: nobody will read their replies.
    pub(super) fn fall_mute(&mut self) {
        self.mute = true;
        self.sent = VecDeque::new();
    }
}
