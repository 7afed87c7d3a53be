//! The decoder: bytes in, frames out, no I/O.

use crate::header::claimed_len;
use crate::limit::HEADER_BYTES;
use crate::{FrameError, FrameLimit};

/// The first allocation of a decoder, and the read that it offers to an idle stream: 16 KiB.
pub const READ_BUFFER_BYTES: usize = 16 << 10;

/// Cuts a stream of bytes into frames, however the stream was cut on its way.
///
/// The caller reads into [`read_space`](Self::read_space), says how much with [`advance`](Self::advance), and takes
/// frames with [`next_frame`](Self::next_frame) until it gives `None`. A frame is borrowed from the decoder's buffer:
/// between the read and the application no payload byte is copied, except where a frame straddles the end of the
/// buffer, and then once.
///
/// # States
///
/// ```text
///                   4 bytes here,                        payload complete
///                   length admitted                    +------------------+
///              +--------------------->  Payload  ------+                  v
///   start ->  Header                       |                            Ready
///              |  ^                        | end of stream                |
///              |  |                        v                              |
///              |  |                    Truncated                          |
///              |  +------------------------------------------ next_frame -+
///              |
///              +-- 4 bytes here, length 0 or above the limit --> Refused   (for good)
///              +-- end of stream, 1 to 3 bytes here -----------> ShortHeader
///              +-- end of stream, 0 bytes here ----------------> clean end
/// ```
///
/// # The buffer
///
/// ```text
///   0          start                      end              capacity
///   +------------+-------------------------+-------------------+
///   |  consumed  |  pending: not yet taken |    read_space     |
///   +------------+-------------------------+-------------------+
/// ```
///
/// # Invariants
///
/// - `start <= end <= capacity`, and `capacity` never exceeds the larger of the first allocation and one whole frame
///   at the limit.
/// - Memory follows bytes that came, never bytes that were promised: the buffer doubles only when an unfinished frame
///   fills it, so it is never larger than twice what has arrived of one frame (or than the first allocation). A header
///   alone allocates nothing.
/// - A byte is moved at most once on account of compaction: only the unfinished frame is moved, to the front, and the
///   next move comes after it was taken. Growth copies each byte once on average. So the cost a byte is constant.
/// - An error repeats: the bad header stays in front, and every later call gives the same answer.
///
/// ```
/// use framing::{Decoder, FrameLimit};
///
/// let mut decoder = Decoder::new(FrameLimit::default());
/// for piece in [&b"\0\0\0\x05he"[..], b"ll", b"o\0\0\0\x01!"] {
///     decoder.read_space()[..piece.len()].copy_from_slice(piece); // a real caller reads from a socket here
///     decoder.advance(piece.len());
///     while let Some(frame) = decoder.next_frame()? {
///         println!("{}", frame.escape_ascii());                   // "hello", then "!"
///     }
/// }
/// decoder.end_of_stream()?;                                       // nothing was left over
/// # Ok::<(), framing::FrameError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    first_allocation: usize,
    limit: FrameLimit,
}

// ANCHOR: state
/// Where a decoder stands; for logs, tests and curious callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Fewer than four header bytes are here.
    Header {
        /// Header bytes received, 0 to 3.
        have: usize,
    },
    /// The header is admitted and payload is missing.
    Payload {
        /// Payload bytes received.
        have: usize,
        /// Payload bytes that the header claims.
        want: usize,
    },
    /// A whole frame waits for [`Decoder::next_frame`].
    Ready {
        /// Its payload bytes.
        len: usize,
    },
    /// The header in front was refused. The stream cannot go on.
    Refused(FrameError),
}
// ANCHOR_END: state

impl Decoder {
    /// A decoder that has allocated nothing yet.
    pub fn new(limit: FrameLimit) -> Self {
        Decoder::with_read_buffer(limit, READ_BUFFER_BYTES)
    }

    /// A decoder whose first allocation is `bytes` (at least one header) in place of [`READ_BUFFER_BYTES`]: larger for
    /// a peer that sends many frames at once, smaller where memory is counted by the connection.
    pub fn with_read_buffer(limit: FrameLimit, bytes: usize) -> Self {
        Decoder { buffer: Vec::new(), start: 0, end: 0, first_allocation: bytes.max(HEADER_BYTES), limit }
    }

    /// The limit that headers are judged by.
    pub fn limit(&self) -> FrameLimit {
        self.limit
    }

    /// Bytes received and not yet taken as frames.
    pub fn pending(&self) -> usize {
        self.end - self.start
    }

    /// Those bytes; what a caller sets aside that lets many connections take turns with one decoder.
    pub fn pending_bytes(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// Gives them up: they were set aside, or are wanted by nobody.
    pub fn discard_pending(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    /// Bytes of memory held.
    pub fn capacity(&self) -> usize {
        self.buffer.len()
    }

    /// Where the decoder stands.
    pub fn state(&self) -> State {
        let pending = &self.buffer[self.start..self.end];
        let Some((header, rest)) = pending.split_first_chunk::<HEADER_BYTES>() else {
            return State::Header { have: pending.len() };
        };
        match self.limit.admit(claimed_len(*header)) {
            Err(refused) => State::Refused(refused),
            Ok(want) if rest.len() < want => State::Payload { have: rest.len(), want },
            Ok(len) => State::Ready { len },
        }
    }

    /// Room for the next read. Empty only while a whole frame (or a refused header) waits in a full buffer: take it
    /// with [`next_frame`](Self::next_frame) first, or read no further, which is how a slow consumer slows its peer.
    pub fn read_space(&mut self) -> &mut [u8] {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        if self.buffer.is_empty() {
            self.buffer.resize(self.first_allocation, 0);
        }
        // While half of the buffer is free, nothing needs to move: a read that large is worth its system call.
        if self.buffer.len() - self.end < self.buffer.len() / 2 {
            self.make_room();
        }
        &mut self.buffer[self.end..]
    }

    /// Says that the first `bytes` of the last [`read_space`](Self::read_space) were filled.
    ///
    /// # Panics
    /// When that is more than there was space for: the caller has then written nowhere, which is a bug of its own.
    pub fn advance(&mut self, bytes: usize) {
        assert!(bytes <= self.buffer.len() - self.end, "advanced by {bytes} bytes beyond the read space");
        self.end += bytes;
    }

    /// The next whole frame's payload, or `None` when more bytes are needed.
    ///
    /// # Errors
    /// [`FrameError::TooLarge`] and [`FrameError::Empty`], as soon as the four header bytes are here, and again on
    /// every later call.
    #[inline]
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameError> {
        // lab:hole framing.next-frame
        let pending = &self.buffer[self.start..self.end];
        let Some((header, rest)) = pending.split_first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let len = self.limit.admit(claimed_len(*header))?;
        let Some(payload) = rest.get(..len) else {
            return Ok(None);
        };
        self.start += HEADER_BYTES + len;
        Ok(Some(payload))
        // lab:stub todo!("framing.next-frame: header, judge it, and lend the payload once all of it is here")
        // lab:end
    }

    /// What the end of the stream means here and now. Ask after [`next_frame`](Self::next_frame) gave `None`.
    ///
    /// # Errors
    /// [`FrameError::ShortHeader`] and [`FrameError::Truncated`] where the end cuts a frame; a refused header stays
    /// what it was.
    pub fn end_of_stream(&self) -> Result<(), FrameError> {
        // lab:hole framing.end-of-stream
        match self.state() {
            State::Header { have: 0 } | State::Ready { .. } => Ok(()),
            State::Header { have } => Err(FrameError::ShortHeader { have }),
            State::Payload { have, want } => Err(FrameError::Truncated { have, want }),
            State::Refused(refused) => Err(refused),
        }
        // lab:stub todo!("framing.end-of-stream: one answer for each state of the decoder")
        // lab:end
    }

    /// Gives the memory back if nothing is pending; what a caller with ten thousand quiet connections wants.
    pub fn release(&mut self) {
        if self.pending() == 0 {
            *self = Decoder::with_read_buffer(self.limit, self.first_allocation);
        }
    }

    /// Called when less than half of the buffer is free: makes room for the rest of an unfinished frame.
    fn make_room(&mut self) {
        // lab:hole framing.make-room
        if matches!(self.state(), State::Ready { .. } | State::Refused(_)) {
            // Taking what waits is what makes room here.
            return;
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        if self.end == self.buffer.len() {
            let one_frame = HEADER_BYTES + self.limit.bytes() as usize;
            let doubled = self.buffer.len().saturating_mul(2);
            self.buffer.resize(doubled.min(one_frame), 0);
        }
        // lab:stub todo!("framing.make-room: move the unfinished frame to the front, and double a full buffer")
        // lab:end
    }
}
