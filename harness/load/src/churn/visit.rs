//! One connection of the churn, from its beginning to its end.
//!
//! ```text
//!   connecting ──► saying ──► answered / finishing / listening / staying ──► over
//! ```

use std::os::fd::OwnedFd;
use std::time::Instant;

use rustix::event::epoll::EventFlags;
use rustix::io::Errno;
use rustix::net::Shutdown;

use super::Death;
use super::script::{self, Refusal, Script, Then};
use super::tally::{End, Report};
use crate::socket::{self, Begun};
use crate::strange::refusal;
use crate::wire::{Dialect, HEADER_BYTES};

/// Bytes that are kept of an answer that was not expected: a refusal is shorter.
const OTHER_BYTES_MAX: usize = 512;

/// A connection with its script.
pub(super) struct Visit {
    death: Death,
    number: u64,
    dialect: Dialect,
    script: Script,
    socket: Option<OwnedFd>,
    stands: bool,
    said: usize,
    finished: bool,
    /// Expected bytes that came.
    heard: usize,
    /// Bytes that came instead of them.
    other: Vec<u8>,
    /// When the visitor has stayed long enough.
    leaves: Option<Instant>,
    deadline: Option<Instant>,
    error: Option<Errno>,
}

/// What comes of a step.
pub(super) enum Step {
    Goes,
    Over(End),
}

impl Visit {
    pub(super) fn new(death: Death, number: u64, script: Script, dialect: Dialect) -> Self {
        Visit {
            death,
            number,
            dialect,
            script,
            socket: None,
            stands: false,
            said: 0,
            finished: false,
            heard: 0,
            other: Vec::new(),
            leaves: None,
            deadline: None,
            error: None,
        }
    }

    pub(super) fn begin(&mut self, begun: Begun, deadline: Instant) {
        self.stands = begun.stands;
        self.socket = Some(begun.socket);
        self.deadline = Some(deadline);
    }

    pub(super) fn not_connected(&mut self, error: Errno) {
        self.error = Some(error);
    }

    pub(super) fn socket(&self) -> Option<&OwnedFd> {
        self.socket.as_ref()
    }

    /// What it has to be woken for.
    pub(super) fn interest(&self) -> EventFlags {
        if !self.stands || self.said < self.script.says.len() {
            EventFlags::OUT | EventFlags::IN
        } else {
            EventFlags::IN
        }
    }

    /// Goes on as far as the socket allows.
    pub(super) fn step(&mut self, buffer: &mut [u8], now: Instant) -> Step {
        match self.advance(buffer, now) {
            Ok(step) => step,
            Err(Errno::CONNRESET | Errno::PIPE | Errno::CONNABORTED) => Step::Over(End::PeerReset),
            Err(error) => {
                self.error = Some(error);
                Step::Over(if self.stands { End::Failed } else { End::NotConnected })
            }
        }
    }

    fn advance(&mut self, buffer: &mut [u8], now: Instant) -> Result<Step, Errno> {
        let Some(socket) = &self.socket else { return Ok(Step::Over(End::Failed)) };
        if !self.stands {
            socket::outcome(socket)?;
            // An event that is no answer to the question leaves a socket that has no peer yet.
            match rustix::net::getpeername(socket) {
                Err(Errno::NOTCONN) => return Ok(Step::Goes),
                other => other?,
            };
            self.stands = true;
        }
        while self.said < self.script.says.len() {
            match socket::send(socket, &self.script.says[self.said..])? {
                0 => return Ok(Step::Goes),
                taken => self.said += taken,
            }
        }
        match self.script.then {
            Then::Close => Ok(Step::Over(self.close())),
            Then::Reset => Ok(Step::Over(self.reset())),
            Then::CloseUnread => {
                // A look that takes nothing away, so that what is there stays unread.
                let peek = rustix::net::recv(socket, &mut buffer[..1], rustix::net::RecvFlags::PEEK);
                match peek {
                    Ok((0, _)) => Ok(Step::Over(End::PeerFinished)),
                    Ok(_) => Ok(Step::Over(self.close())),
                    Err(Errno::AGAIN | Errno::INTR) => Ok(Step::Goes),
                    Err(error) => Err(error),
                }
            }
            Then::Stay(time) => {
                self.leaves = self.leaves.or(Some(now + time));
                self.listen(buffer)
            }
            Then::Finish if !self.finished => {
                self.finished = true;
                rustix::net::shutdown(socket, Shutdown::Write)?;
                self.listen(buffer)
            }
            Then::Finish | Then::Listen | Then::CloseAnswered | Then::ResetAnswered => self.listen(buffer),
        }
    }

    fn listen(&mut self, buffer: &mut [u8]) -> Result<Step, Errno> {
        loop {
            let Some(socket) = &self.socket else { return Ok(Step::Over(End::Failed)) };
            match socket::receive(socket, buffer)? {
                None => return Ok(Step::Goes),
                Some(0) => return Ok(Step::Over(End::PeerFinished)),
                Some(came) => self.hear(&buffer[..came]),
            }
            if self.heard == self.script.expects.len() && self.other.is_empty() {
                match self.script.then {
                    Then::CloseAnswered => return Ok(Step::Over(self.close())),
                    Then::ResetAnswered => return Ok(Step::Over(self.reset())),
                    _ => {}
                }
            }
        }
    }

    fn hear(&mut self, mut came: &[u8]) {
        if self.other.is_empty() {
            // Whole replies only: a refusal may begin like the reply that it stands in for.
            let expected = &self.script.expects[self.heard..];
            let same = expected.iter().zip(came).take_while(|(e, c)| e == c).count();
            if same < came.len() {
                let boundary = self.script.reply_ends.iter().rev().find(|end| **end <= self.heard + same);
                let boundary = boundary.copied().unwrap_or(0);
                let all = self.heard + same;
                self.other.extend_from_slice(&self.script.expects[boundary..all]);
                self.heard = boundary;
                came = &came[same..];
            } else {
                self.heard += same;
                return;
            }
        }
        let room = OTHER_BYTES_MAX.saturating_sub(self.other.len());
        self.other.extend_from_slice(&came[..came.len().min(room)]);
    }

    fn close(&mut self) -> End {
        self.socket = None;
        End::WeClosed
    }

    fn reset(&mut self) -> End {
        if let Some(socket) = self.socket.take() {
            socket::reset(socket);
        }
        End::WeReset
    }

    /// The end, if its time has come.
    pub(super) fn due(&mut self, now: Instant) -> Option<End> {
        if self.leaves.is_some_and(|leaves| now >= leaves) {
            return Some(self.close());
        }
        // Not closed but reset: a server that is stuck with us shall at least not keep our port.
        self.deadline.filter(|deadline| now >= *deadline).map(|_| {
            self.reset();
            End::TimedOut
        })
    }

    /// The refusal that came, where one did.
    fn told(&self) -> Option<String> {
        let (header, payload) = self.other.split_first_chunk::<HEADER_BYTES>()?;
        let whole = u32::from_be_bytes(*header) as usize == payload.len();
        refusal(payload).filter(|_| whole && self.dialect == Dialect::Echo)
    }

    pub(super) fn report(&self, end: End) -> Report {
        let told = self.told();
        let requests = self.script.reply_ends.len() as u64;
        let replies = self.script.reply_ends.iter().filter(|at| **at <= self.heard).count() as u64;
        Report {
            number: self.number,
            death: self.death,
            requests: if self.said == self.script.says.len() { requests } else { 0 },
            replies,
            wrong: self.wrong(end, told.as_deref(), replies),
            told,
            end,
        }
    }

    /// What is wrong with the way in which it went.
    fn wrong(&self, end: End, told: Option<&str>, replies: u64) -> Option<String> {
        let wanted = self.script.reply_ends.len() as u64;
        match (end, told, self.script.refusal) {
            (End::TimedOut, ..) => return Some(format!("no end in time, {replies} of {wanted} replies")),
            (End::NotConnected | End::Failed, ..) => {
                let error = self.error.map(std::io::Error::from);
                return Some(error.map_or_else(|| "the socket failed".into(), |error| error.to_string()));
            }
            (_, Some(code), Refusal::Wrong) => return Some(format!("refused with {code}")),
            (_, None, Refusal::Due) => return Some("hung up without a word".into()),
            _ => {}
        }
        if told.is_none() && !self.other.is_empty() {
            let whose = match self.dialect.sequence_in(&self.other).map(script::visit_of) {
                Some(visit) if visit < self.number => format!("a reply to connection {visit}"),
                _ => "no reply to anybody".into(),
            };
            return Some(format!("{} bytes that nobody asked for, {whose}", self.other.len()));
        }
        let expected: &[End] = match self.script.then {
            Then::CloseAnswered | Then::Close | Then::Stay(_) | Then::CloseUnread => &[End::WeClosed],
            Then::ResetAnswered | Then::Reset => &[End::WeReset],
            // Whoever speaks nonsense may be hung up on in either way.
            Then::Finish if wanted > 0 => &[End::PeerFinished],
            Then::Finish | Then::Listen => &[End::PeerFinished, End::PeerReset],
        };
        if !expected.contains(&end) {
            return Some(format!("ended by {end} after {replies} of {wanted} replies"));
        }
        let all_read = matches!(self.script.then, Then::CloseAnswered | Then::ResetAnswered | Then::Finish);
        (all_read && replies < wanted).then(|| format!("{replies} of {wanted} replies"))
    }
}
