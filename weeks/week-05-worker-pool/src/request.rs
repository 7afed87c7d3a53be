//! A request as a task: what it computes, and to whom the answer goes.

use std::fmt;
use std::sync::Arc;

use event_loop::Token;
use framing::message::{Head, Kind};
use framing::{FrameError, FrameLimit, RequestId, header};

use crate::budget::{Budget, Cancel, Cancelled};
use crate::class::ClassId;
use crate::job::Job;
use crate::task::Task;

/// One request of one connection.
pub struct Request<J> {
    /// What computes its answer.
    pub job: Arc<J>,
    /// Its connection.
    pub token: Token,
    /// Its place among that connection's answers.
    pub place: u64,
    /// Its id.
    pub id: RequestId,
    /// Its body; taken when it is run.
    pub body: Vec<u8>,
    /// The bytes of that body.
    pub body_bytes: usize,
    /// The largest frame that its connection takes.
    pub limit: FrameLimit,
    /// Cancelled when the connection ends.
    pub cancel: Cancel,
}

impl<J> fmt::Debug for Request<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("id", &self.id).field("place", &self.place).finish_non_exhaustive()
    }
}

impl<J: Job> Task for Request<J> {
    /// The whole frame of the reply, made where there is time for it.
    type Answer = Vec<u8>;
    type Name = RequestId;

    fn class(&self) -> ClassId {
        self.job.class(&self.body)
    }

    fn name(&self) -> RequestId {
        self.id.clone()
    }

    fn cancel(&self) -> Option<Cancel> {
        Some(self.cancel.clone())
    }

    fn run(&mut self, budget: &Budget<'_>) -> Result<Vec<u8>, Cancelled> {
        let body = self.job.run(std::mem::take(&mut self.body), budget)?;
        let reply = frame(Kind::Reply, Some(&self.id), &body, self.limit);
        // A reply larger than a frame may be is refused with its code, like anything else that cannot be sent.
        Ok(reply.unwrap_or_else(|error| refusal(Some(&self.id), logger::Coded::code(&error).code)))
    }
}

/// A whole frame.
///
/// # Errors
/// [`FrameError`] where it is larger than the limit.
pub fn frame(
    kind: Kind,
    id: Option<&RequestId>,
    body: &[u8],
    limit: FrameLimit,
) -> Result<Vec<u8>, FrameError> {
    let head = Head::new(kind, id);
    let head = head.as_bytes();
    let header = header::header_for(head.len().saturating_add(body.len()), limit)?;
    Ok([&header[..], head, body].concat())
}

/// The frame that refuses one request with a code. Its connection goes on.
pub fn refusal(id: Option<&RequestId>, code: &str) -> Vec<u8> {
    // A refusal is some tens of bytes and passes any limit that lets a request through, so the default limit serves.
    frame(Kind::Refusal, id, code.as_bytes(), FrameLimit::default()).unwrap_or_default()
}
