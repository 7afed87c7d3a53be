//! The loops that a stream needs: a call to `read` or `write` does some of the work, and says how much.
//!
//! Generic over [`Read`] and [`Write`], so that a test can be a stream that gives one byte at a time, takes three, or
//! is interrupted between any two calls.

use std::io::{ErrorKind, Read, Result, Write};

use crate::{Decoder, Outgoing};

// ANCHOR: received
/// What one successful read brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// This many bytes, at least one; any number of frames, or a part of one.
    Bytes(usize),
    /// The peer has finished sending. What that means depends on where the decoder stands.
    End,
}
// ANCHOR_END: received

/// Reads once into the decoder. An interrupted call is repeated, since nothing was read and nothing is wrong.
///
/// # Errors
/// Whatever the stream reports otherwise; `WouldBlock` and `TimedOut` included, for the caller's deadline to judge.
/// The bytes received before the error stay in the decoder.
pub fn receive(stream: &mut impl Read, decoder: &mut Decoder) -> Result<Received> {
    // lab:hole framing.receive
    loop {
        match stream.read(decoder.read_space()) {
            Ok(0) => return Ok(Received::End),
            Ok(bytes) => {
                decoder.advance(bytes);
                return Ok(Received::Bytes(bytes));
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
    }
    // lab:stub todo!("framing.receive: read what there is, once; repeat only what was interrupted")
    // lab:end
}

/// Sends all that remains of a frame, in as many writes as it takes.
///
/// `before_write` runs before each write and can refuse it: that is where a caller checks its deadline.
///
/// # Errors
/// `WriteZero` when the stream takes nothing more, and whatever else it reports. `frame` knows how far it came.
pub fn send(
    stream: &mut impl Write,
    frame: &mut Outgoing<'_>,
    mut before_write: impl FnMut() -> Result<()>,
) -> Result<()> {
    // lab:hole framing.send-fully
    while frame.remaining() > 0 {
        before_write()?;
        match stream.write_vectored(&frame.slices()) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(bytes) => frame.advance(bytes),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
    }
    Ok(())
    // lab:stub todo!("framing.send-fully: a write may take less than it was offered; the rest is still yours")
    // lab:end
}
