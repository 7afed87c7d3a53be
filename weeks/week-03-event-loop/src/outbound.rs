//! The bytes that a peer has not taken yet: bounded, and watched.

use std::collections::VecDeque;
use std::io::IoSlice;
use std::time::{Duration, Instant};

use framing::{CloseReason, Rule};

use crate::catalog;

/// Above this many queued bytes nothing more is read from the peer: 256 KiB.
pub const OUTBOUND_PAUSE_BYTES_DEFAULT: usize = 256 << 10;

/// The queue of one connection ends here: 4 MiB. One more byte ends the connection.
pub const OUTBOUND_CAP_BYTES_DEFAULT: usize = 4 << 20;

/// An empty queue keeps at most this much memory for its next use: 4 KiB.
pub const OUTBOUND_KEPT_BYTES_MAX: usize = 4 << 10;

/// The peer was sent more than the cap allows to wait for it.
pub static CAP_REACHED: Rule =
    Rule { class: "outbound-cap", code: Some(&catalog::LOOP_OUTBOUND_CAP), told: false };

/// The queue of one connection.
///
/// ```text
///   0                     pause                          cap
///   +-----------------------+-----------------------------+
///   | reads go on           | no more is read from the    | one more byte: the connection
///   |                       | peer until this much is gone| ends, `outbound-cap`
///   +-----------------------+-----------------------------+
/// ```
///
/// The pause is for a peer whose own requests make the queue grow: it is slowed down to the speed at which it reads, and
/// never meets the cap. The cap is for bytes that come whether the peer asks or not.
///
/// The write deadline is about progress, not about bytes: whatever waits when the clock starts has to be gone one deadline
/// later, and only then it starts anew, for what has come meanwhile. So nothing waits for longer than two deadlines, and a
/// peer that takes a byte now and then does not move them.
#[derive(Debug, Default)]
pub struct Outbound {
    bytes: VecDeque<u8>,
    /// Bytes ever put in and ever taken out.
    put: u64,
    taken: u64,
    /// Since when the peer owes us to take everything up to this byte.
    owed: Option<(Instant, u64)>,
}

impl Outbound {
    /// Bytes that wait.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True where nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Memory held.
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Puts bytes at the end, up to `cap` in all.
    ///
    /// # Errors
    /// [`CAP_REACHED`], and then nothing was put.
    pub fn push(&mut self, bytes: &[u8], cap: usize, now: Instant) -> Result<(), CloseReason> {
        // lab:hole event-loop.cap
        if self.bytes.len() + bytes.len() > cap {
            return Err(CloseReason::Rule(&CAP_REACHED));
        }
        self.bytes.extend(bytes);
        self.put += bytes.len() as u64;
        if self.owed.is_none() && !bytes.is_empty() {
            self.owed = Some((now, self.put));
        }
        Ok(())
        // lab:stub todo!("event-loop.cap: refuse what would exceed the cap before taking it; note since when bytes wait")
        // lab:end
    }

    /// What waits, for one vectored write.
    pub fn slices(&self) -> [IoSlice<'_>; 2] {
        let (front, back) = self.bytes.as_slices();
        [IoSlice::new(front), IoSlice::new(back)]
    }

    /// Says that the peer's socket took that many bytes from the front.
    ///
    /// # Panics
    /// When that is more than waited.
    pub fn advance(&mut self, bytes: usize, now: Instant) {
        self.bytes.drain(..bytes);
        self.taken += bytes as u64;
        if self.bytes.is_empty() {
            self.owed = None;
            if self.bytes.capacity() > OUTBOUND_KEPT_BYTES_MAX {
                self.bytes = VecDeque::new();
            }
        } else if self.owed.is_some_and(|(_, up_to)| self.taken >= up_to) {
            self.owed = Some((now, self.put));
        }
    }

    /// When the peer's patience with us ends, where bytes wait.
    pub fn deadline(&self, write: Duration) -> Option<Instant> {
        self.owed.map(|(since, _)| since + write)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITE: Duration = Duration::from_secs(10);
    const CAP: usize = 100;

    #[test]
    fn the_cap_itself_fits_and_one_byte_more_does_not() {
        let (mut queue, now) = (Outbound::default(), Instant::now());
        queue.push(&[0; 60], CAP, now).unwrap();
        queue.push(&[0; 40], CAP, now).unwrap();
        assert_eq!(queue.push(&[0], CAP, now), Err(CloseReason::Rule(&CAP_REACHED)));
        assert_eq!(queue.len(), CAP, "what was refused is not in the queue");
        queue.advance(1, now);
        assert_eq!(queue.push(&[0], CAP, now), Ok(()));
    }

    #[test]
    fn what_comes_out_is_what_went_in_however_little_is_taken() {
        let (mut queue, now) = (Outbound::default(), Instant::now());
        let mut out = Vec::new();
        for round in 0..50u8 {
            queue.push(&[round; 7], CAP, now).unwrap();
            for _ in 0..7 {
                out.push(queue.slices().iter().flat_map(|part| part.iter().copied()).next().unwrap());
                queue.advance(1, now);
            }
        }
        assert!(out.iter().enumerate().all(|(at, byte)| usize::from(*byte) == at / 7));
    }

    // ANCHOR: trickle
    #[test]
    fn a_byte_now_and_then_does_not_move_the_write_deadline() {
        let (mut queue, start) = (Outbound::default(), Instant::now());
        queue.push(&[0; 50], CAP, start).unwrap();
        for second in 1..10 {
            let now = start + Duration::from_secs(second);
            queue.advance(1, now);
            queue.push(&[0; 2], CAP, now).unwrap();
            assert_eq!(queue.deadline(WRITE), Some(start + WRITE));
        }
    }
    // ANCHOR_END: trickle

    #[test]
    fn a_peer_that_takes_what_waited_gets_a_new_deadline_for_the_rest() {
        let (mut queue, start) = (Outbound::default(), Instant::now());
        let later = start + Duration::from_secs(3);
        queue.push(&[0; 10], CAP, start).unwrap();
        queue.push(&[0; 10], CAP, later).unwrap();
        queue.advance(10, later);
        assert_eq!(queue.deadline(WRITE), Some(later + WRITE));
        queue.advance(10, later);
        assert_eq!(queue.deadline(WRITE), None);
    }

    #[test]
    fn an_empty_queue_gives_its_memory_back() {
        let (mut queue, now) = (Outbound::default(), Instant::now());
        queue.push(&vec![0; OUTBOUND_KEPT_BYTES_MAX * 4], usize::MAX, now).unwrap();
        queue.advance(OUTBOUND_KEPT_BYTES_MAX * 4, now);
        assert_eq!(queue.capacity(), 0);
    }
}
