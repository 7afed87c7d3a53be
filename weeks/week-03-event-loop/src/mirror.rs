//! The least service there is: what comes in goes out.

use std::time::Instant;

use framing::{CloseReason, FrameLimit};

use crate::{FrameService, Outbox, Peer};

/// Sends every frame back as it came, whatever is in it. It knows no messages, keeps no records and tells nobody why it
/// ends; what remains is the loop itself, and that is what the measurements compare.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mirror {
    limit: FrameLimit,
}

impl Mirror {
    /// A mirror of frames within `limit`.
    pub fn new(limit: FrameLimit) -> Self {
        Mirror { limit }
    }
}

impl FrameService for Mirror {
    type Session = ();

    fn open(&mut self, _peer: &Peer) {}

    #[inline]
    fn frame(
        &mut self,
        (): &mut (),
        payload: &[u8],
        out: &mut Outbox,
        _now: Instant,
    ) -> Result<(), CloseReason> {
        out.put_frame(&[], payload, self.limit).map_err(CloseReason::Frame)
    }

    fn farewell(&mut self, _peer: &Peer, _reason: CloseReason, _out: &mut Outbox) {}

    fn closed(&mut self, (): (), _peer: &Peer, _reason: CloseReason) {}
}
