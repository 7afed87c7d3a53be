//! What a service puts out, before it becomes anybody's queue.

use framing::{CloseReason, FrameError, FrameLimit, header};

use crate::Token;

/// An outbox that once held a very large answer does not keep that memory: 1 MiB.
pub const OUTBOX_KEPT_BYTES_MAX: usize = 1 << 20;

/// Collects the bytes that a step produces: for the connection it is about, and for any other.
///
/// There is one outbox for the whole loop. Its memory is used again in every turn, so that an answer is copied once,
/// into a buffer that is warm, and goes from there to the socket; only what the socket does not take is copied into
/// the connection's own queue.
#[derive(Debug, Default)]
pub struct Outbox {
    bytes: Vec<u8>,
    mail: Vec<(Token, Vec<u8>)>,
    ends: Vec<(Token, CloseReason)>,
}

impl Outbox {
    /// An empty outbox.
    pub fn new() -> Self {
        Outbox::default()
    }

    /// Appends to what goes to the connection that the step is about.
    #[inline]
    pub fn put(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends a frame whose payload is `head` followed by `body`.
    ///
    /// # Errors
    /// [`FrameError::Empty`] and [`FrameError::TooLarge`], and then nothing was appended.
    #[inline]
    pub fn put_frame(&mut self, head: &[u8], body: &[u8], limit: FrameLimit) -> Result<(), FrameError> {
        let header = header::header_for(head.len().saturating_add(body.len()), limit)?;
        self.bytes.reserve(header.len() + head.len() + body.len());
        self.bytes.extend_from_slice(&header);
        self.bytes.extend_from_slice(head);
        self.bytes.extend_from_slice(body);
        Ok(())
    }

    /// Sends bytes to any connection, this one included. A token whose connection has ended is ignored: its peer is
    /// gone, and the place may have another owner by now.
    pub fn send_to(&mut self, token: Token, bytes: Vec<u8>) {
        self.mail.push((token, bytes));
    }

    /// Ends any connection at the end of this turn, after what it was sent before. For a service that learns apart from any
    /// message of its peer that it has to go; within a step, [`Step::Close`](crate::Step::Close) does it at once. A token
    /// whose connection has ended, or is ending already, is ignored.
    pub fn end(&mut self, token: Token, reason: CloseReason) {
        self.ends.push((token, reason));
    }

    /// Bytes put so far for the connection that the step is about.
    #[inline]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// True where nothing was put for that connection.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What was put for that connection.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What was sent to others, in order.
    pub fn mail(&self) -> &[(Token, Vec<u8>)] {
        &self.mail
    }

    /// Whom the service wants to end, in order.
    pub fn ends(&self) -> &[(Token, CloseReason)] {
        &self.ends
    }

    /// Forgets the bytes for that connection. The memory is kept, up to [`OUTBOX_KEPT_BYTES_MAX`].
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(OUTBOX_KEPT_BYTES_MAX);
    }

    /// Takes what was sent to others.
    pub(crate) fn take_mail(&mut self) -> Vec<(Token, Vec<u8>)> {
        std::mem::take(&mut self.mail)
    }

    /// Takes whom the service wants to end.
    pub(crate) fn take_ends(&mut self) -> Vec<(Token, CloseReason)> {
        std::mem::take(&mut self.ends)
    }
}
