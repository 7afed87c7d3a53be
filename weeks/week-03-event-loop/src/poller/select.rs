//! Readiness by `select`: two bitmaps down, two bitmaps up.
//!
//! ```text
//!     interest (kept)                     answer (scratch)
//!     readable  0110 1000 ...  --copy-->  0110 1000 ...             0010 0000 ...
//!     writable  0000 1000 ...  --copy-->  0000 1000 ...  --select-> 0000 1000 ...  --scan--> events
//! ```
//!
//! The kernel overwrites the sets that it is given, so what is of interest and what is ready live apart; a program that
//! keeps only one pair forgets, in its first call, everybody who was not ready. The call costs one bit for each number
//! up to the highest in use, whether it is watched or not: three descriptors numbered 5, 6 and 1,000 cost a thousand.
//!
//! Two things `select` cannot do, and both stay visible here. A number of 1,024 or more has no bit, and is refused before
//! anything is touched. And it has no word for "broken": an error shows as readable and writable and the call that
//! follows says what it is, so [`Event::failed`] is never set.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::Duration;

use rustix::event::Timespec;

use super::raw;
use super::set::{DescriptorSet, SELECT_DESCRIPTORS_MAX, end_of};
use super::{Event, Interest, Poller, PollerError, Token};

/// A poller over `select`.
#[derive(Debug)]
pub struct Select {
    /// By number: whose descriptor it is, where it is watched.
    tokens: Box<[Option<Token>]>,
    read_interest: DescriptorSet,
    write_interest: DescriptorSet,
    /// One past the highest number with an interest.
    end: usize,
    /// Where the kernel writes its answer.
    readable: DescriptorSet,
    writable: DescriptorSet,
}

/// The place of a descriptor in the bitmaps.
fn number_of(fd: BorrowedFd<'_>) -> Result<usize, PollerError> {
    // lab:hole event-loop.select-range
    let fd = fd.as_raw_fd();
    let last = SELECT_DESCRIPTORS_MAX as i32 - 1;
    if fd > last {
        return Err(PollerError::OutOfRange { fd, last, poller: Select::NAME });
    }
    Ok(fd as usize)
    // lab:stub todo!("event-loop.select-range: refuse a descriptor that has no bit")
    // lab:end
}

impl Select {
    /// Notes an interest, and where the sets end from now on.
    fn watch(&mut self, number: usize, interest: Interest) {
        self.read_interest.set(number, interest.readable);
        self.write_interest.set(number, interest.writable);
        if interest != Interest::NONE {
            self.end = self.end.max(number + 1);
        } else if number + 1 == self.end {
            self.end = end_of(&self.read_interest, &self.write_interest);
        }
    }

    /// Asks the kernel, on copies. Returns how many bits it left set in them.
    fn ask(&mut self, timeout: Option<&Timespec>) -> io::Result<usize> {
        // lab:hole event-loop.select-ask
        self.readable.copy_below(&self.read_interest, self.end);
        self.writable.copy_below(&self.write_interest, self.end);
        raw::select(self.end, &mut self.readable, &mut self.writable, timeout)
        // lab:stub todo!("event-loop.select-ask: give the kernel sets that it may overwrite")
        // lab:end
    }

    /// Turns the bits of the answer into events, one for each descriptor, and stops after the last of `bits`.
    fn collect(&self, mut bits: usize, events: &mut Vec<Event>) {
        // lab:hole event-loop.select-collect
        for (at, (reads, writes)) in self.readable.words().iter().zip(self.writable.words()).enumerate() {
            if bits == 0 {
                return;
            }
            let mut ready = reads | writes;
            bits = bits.saturating_sub((reads.count_ones() + writes.count_ones()) as usize);
            while ready != 0 {
                let bit = ready & ready.wrapping_neg();
                let number = at * usize::BITS as usize + bit.trailing_zeros() as usize;
                if let Some(token) = self.tokens[number] {
                    let (readable, writable) = (reads & bit != 0, writes & bit != 0);
                    events.push(Event { token, readable, writable, failed: false });
                }
                ready ^= bit;
            }
        }
        // lab:stub todo!("event-loop.select-collect: one event for each descriptor with a bit in either set")
        // lab:end
    }
}

impl Poller for Select {
    const NAME: &'static str = "select";

    fn new() -> io::Result<Self> {
        Ok(Select {
            tokens: vec![None; SELECT_DESCRIPTORS_MAX].into(),
            read_interest: DescriptorSet::default(),
            write_interest: DescriptorSet::default(),
            end: 0,
            readable: DescriptorSet::default(),
            writable: DescriptorSet::default(),
        })
    }

    fn add(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> Result<(), PollerError> {
        let number = number_of(fd)?;
        if self.tokens[number].is_some() {
            return Err(PollerError::Known(fd.as_raw_fd()));
        }
        self.tokens[number] = Some(token);
        self.watch(number, interest);
        Ok(())
    }

    fn modify(&mut self, fd: BorrowedFd<'_>, token: Token, interest: Interest) -> Result<(), PollerError> {
        let number = number_of(fd)?;
        if self.tokens[number].is_none() {
            return Err(PollerError::Unknown(fd.as_raw_fd()));
        }
        self.tokens[number] = Some(token);
        self.watch(number, interest);
        Ok(())
    }

    fn remove(&mut self, fd: BorrowedFd<'_>) -> Result<(), PollerError> {
        let number = number_of(fd)?;
        if self.tokens[number].take().is_none() {
            return Err(PollerError::Unknown(fd.as_raw_fd()));
        }
        self.watch(number, Interest::NONE);
        Ok(())
    }

    fn wait(&mut self, events: &mut Vec<Event>, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        // The kernel waits to the nanosecond here. A duration beyond its range is as good as for ever.
        let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
        match self.ask(timeout.as_ref()) {
            Ok(bits) => {
                self.collect(bits, events);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            Err(error) => Err(error),
        }
    }
}
