//! One group while it runs: when its connections ask, and what is counted.

use std::ops::Range;

use rustix::event::epoll::EventFlags;

use super::link::{Ending, Link};
use super::schedule::Schedule;
use super::tally::Tally;
use crate::ErrorClass;
use crate::plan::{Group, OPEN_IN_FLIGHT_MAX, Pace, Role};
use crate::socket::{self, ending_of};
use crate::wire::Wire;

/// What a greedy client may read and write in one turn. Its appetite must not become the latency of the polite ones
/// through our own thread: this is some microseconds of copying.
const GREEDY_BYTES_PER_TURN: usize = 16 << 10;
/// Requests that a greedy client leaves in flight before it waits for a reply after all.
const GREEDY_IN_FLIGHT_MAX: u64 = 1 << 20;

/// A group of the plan, while it runs.
pub(super) struct Run {
    pub(super) group: Group,
    pub(super) wire: Wire,
    pub(super) tally: Tally,
    /// Its places among all.
    pub(super) slots: Range<usize>,
    /// Requests whose reply somebody waits for.
    pub(super) awaited: u64,
    /// When the last reply came.
    pub(super) last_reply_ns: u64,
    /// The open loop's clock.
    pub(super) schedule: Option<Schedule>,
    /// Whose turn it is to get a request of the open loop, within `slots`.
    pub(super) turn: usize,
}

impl Run {
    /// What its connections may read at once.
    fn read_bytes_max(&self) -> usize {
        if self.group.role == Role::Greedy { GREEDY_BYTES_PER_TURN } else { usize::MAX }
    }

    /// True for a connection that always has one more request to write.
    pub(super) fn insatiable(&self, link: &Link) -> bool {
        match &self.group.role {
            Role::Greedy => link.in_flight() < GREEDY_IN_FLIGHT_MAX,
            Role::SlowReader { opening: None, .. } => link.mute,
            _ => false,
        }
    }

    /// True for connections whose turn comes after everybody else's.
    pub(super) fn waits_its_turn(&self) -> bool {
        self.group.role != Role::Polite
    }

    /// What a new connection is watched for.
    pub(super) fn interest(&self) -> EventFlags {
        match &self.group.role {
            Role::SlowReader { opening: Some(_), .. } => EventFlags::RDHUP,
            _ => EventFlags::IN | EventFlags::RDHUP,
        }
    }

    /// Lets requests leave where the pace allows it, and writes once.
    pub(super) fn press(&mut self, link: &mut Link, now_ns: u64, pushing: bool) -> Result<(), Ending> {
        let before = awaited(link);
        if pushing {
            self.refill(link, now_ns);
        }
        self.awaited = self.awaited + awaited(link) - before;
        if let Role::SlowReader { opening: Some(opening), .. } = &self.group.role {
            let left = &opening[link.opening_written..];
            if !left.is_empty() {
                self.tally.requests += u64::from(link.opening_written == 0);
                link.opening_written += socket::send(&link.socket, left).map_err(ending_of)?;
            }
            return Ok(());
        }
        let bytes_max = if self.waits_its_turn() { GREEDY_BYTES_PER_TURN } else { usize::MAX };
        if link.wants_write(&self.wire) { link.write(&mut self.wire, bytes_max) } else { Ok(()) }
    }

    /// True while an opening message is not written to its end.
    pub(super) fn opens(&self, link: &Link) -> bool {
        matches!(&self.group.role, Role::SlowReader { opening: Some(o), .. } if link.opening_written < o.len())
    }

    fn refill(&mut self, link: &mut Link, now_ns: u64) {
        let more = match (&self.group.role, self.group.pace) {
            (Role::Greedy, _) => self.gulp(link).min(GREEDY_IN_FLIGHT_MAX.saturating_sub(link.in_flight())),
            _ if self.insatiable(link) => self.gulp(link),
            (Role::SlowReader { opening: Some(_), .. }, _) | (_, Pace::Open { .. }) => 0,
            (_, Pace::Closed) => u64::from(self.group.depth).saturating_sub(link.in_flight()),
        };
        self.tally.requests += more;
        link.ask(more, now_ns);
    }

    /// As much as is written in one turn, when nothing waits to be written.
    fn gulp(&self, link: &Link) -> u64 {
        if link.wants_write(&self.wire) {
            0
        } else {
            (GREEDY_BYTES_PER_TURN as u64 / self.wire.frame_bytes()).max(1)
        }
    }

    /// Gives the connection one request of the open loop that was due then. `None`: there is no connection.
    pub(super) fn deal(&mut self, link: Option<&mut Link>, due_ns: u64) {
        self.tally.requests += 1;
        match link {
            Some(link) if link.in_flight() < OPEN_IN_FLIGHT_MAX => {
                self.awaited += u64::from(!link.mute);
                link.ask(1, due_ns);
            }
            _ => self.tally.lost(ErrorClass::Unsent, 1),
        }
    }

    /// Reads once, and counts.
    pub(super) fn read(
        &mut self,
        link: &mut Link,
        buffer: &mut [u8],
        clock: impl Fn() -> u64,
    ) -> Result<u64, Ending> {
        let limit = buffer.len().min(self.read_bytes_max());
        let came = match socket::receive(&link.socket, &mut buffer[..limit]).map_err(ending_of)? {
            None => return Ok(clock()),
            Some(0) => return Err(ErrorClass::Closed),
            Some(bytes) => &buffer[..bytes],
        };
        let now_ns = clock();
        let (before, replies) = (awaited(link), self.tally.replies);
        let outcome = link.take(came, &mut self.wire, &mut self.tally, now_ns);
        self.awaited = self.awaited + awaited(link) - before;
        if self.tally.replies > replies {
            self.last_reply_ns = now_ns;
        }
        outcome.map(|()| now_ns)
    }

    /// A connection ended: what was in flight on it is lost.
    pub(super) fn bury(&mut self, link: &Link, class: ErrorClass) {
        self.awaited -= awaited(link);
        self.tally.ended(class, link.in_flight());
    }

    /// A slow reader stops reading.
    pub(super) fn mute(&mut self, link: &mut Link) {
        self.awaited -= awaited(link);
        link.fall_mute();
    }
}

/// Requests of a connection whose replies somebody will read.
fn awaited(link: &Link) -> u64 {
    if link.mute { 0 } else { link.in_flight() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Dialect;
    use faults::seed::Dice;

    fn run_of(group: Group) -> Run {
        Run {
            wire: Wire::new(Dialect::Frames, group.payload_bytes, Dice::new(1)),
            tally: Tally::new(false).unwrap(),
            slots: 0..1,
            awaited: 0,
            last_reply_ns: 0,
            schedule: Schedule::of(group.pace),
            turn: 0,
            group,
        }
    }

    /// A connection with so many requests in flight.
    fn link_with(in_flight: u64) -> Link {
        let (socket, _) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut link = Link::new(socket.into(), 0, EventFlags::IN);
        link.ask(in_flight, 1);
        link
    }

    #[test]
    fn an_open_loop_fills_a_connection_to_its_bound_and_what_comes_on_top_is_unsent() {
        let (mut run, mut link) = (run_of(Group::open("open", 1, 1, 64)), link_with(OPEN_IN_FLIGHT_MAX - 1));
        run.deal(Some(&mut link), 2);
        assert_eq!((link.in_flight(), run.tally.errors.len()), (OPEN_IN_FLIGHT_MAX, 0));
        run.deal(Some(&mut link), 3);
        assert_eq!(link.in_flight(), OPEN_IN_FLIGHT_MAX);
        assert_eq!((run.tally.requests, run.tally.errors[&ErrorClass::Unsent]), (2, 1));
    }

    #[test]
    fn a_greedy_client_wants_more_below_its_bound_and_nothing_at_it() {
        let run = run_of(Group::closed("greedy", 1, 1, 64).role(Role::Greedy));
        assert!(run.insatiable(&link_with(GREEDY_IN_FLIGHT_MAX - 1)));
        assert!(!run.insatiable(&link_with(GREEDY_IN_FLIGHT_MAX)));
    }
}
