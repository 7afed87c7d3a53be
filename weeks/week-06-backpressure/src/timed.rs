//! A request as a task that has a deadline, and its answer.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use framing::RequestId;
use logger::ErrorCode;
use worker_pool::request::Request;
use worker_pool::{Cancel, Cancelled, ClassId, Job, Task};

use crate::asked::Form;
use crate::budget::{Deadline, Expired, Stage};
use crate::catalog;

/// A request of week 5, and what this week adds to it.
#[derive(Debug)]
pub struct Timed<J> {
    /// What is computed, and to whom the answer goes.
    pub request: Request<J>,
    /// In which words it was asked.
    pub form: Form,
    /// Whose quota it is counted in.
    pub source: IpAddr,
    /// Until when its answer is of use, where somebody said so.
    pub deadline: Option<Deadline>,
}

impl<J: Job> Task for Timed<J> {
    /// The whole frame of the reply, unless the time for it was over.
    type Answer = Result<Vec<u8>, Expired>;
    type Name = RequestId;

    fn class(&self) -> ClassId {
        self.request.class()
    }

    fn name(&self) -> RequestId {
        self.request.name()
    }

    fn cancel(&self) -> Option<Cancel> {
        self.request.cancel()
    }

    // ANCHOR: run
    fn run(&mut self, budget: &worker_pool::Budget<'_>) -> Result<Self::Answer, Cancelled> {
        // lab:hole backpressure.drop-expired
        let Some(deadline) = self.deadline else {
            return self.request.run(budget).map(Ok);
        };
        if let Err(expired) = deadline.check(Stage::Queue, Instant::now()) {
            return Ok(Err(expired));
        }
        let work_ends = deadline.ends(Stage::Work);
        let outcome = self.request.run(&budget.no_later_than(work_ends));
        let now = Instant::now();
        match outcome {
            Ok(reply) => Ok(deadline.check(Stage::Work, now).map(|()| reply)),
            // The budget was the class's or the request's own, whichever came first.
            Err(Cancelled::OverBudget) if now >= work_ends => {
                Ok(Err(Expired { stage: Stage::Work, over_by: now - work_ends }))
            }
            Err(cancelled) => Err(cancelled),
        }
        // lab:stub todo!("backpressure.drop-expired: the queue's deadline before anything is computed, the work's within it and after it")
        // lab:end
    }
    // ANCHOR_END: run
}

/// What a question got, on its way to the peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    frame: Vec<u8>,
    form: Form,
    id: RequestId,
    computed: Option<Computed>,
}

/// How a reply came about; a refusal has none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Computed {
    /// Bytes of the request's body.
    pub body_bytes: usize,
    /// How long it waited for a worker.
    pub waited: Duration,
    /// Until when it may leave.
    pub deadline: Option<Deadline>,
}

impl Answer {
    /// The reply to a request, which may leave until its deadline.
    pub fn reply(frame: Vec<u8>, form: Form, id: RequestId, computed: Computed) -> Self {
        Answer { frame, form, id, computed: Some(computed) }
    }

    /// The refusal of a request.
    pub fn refusal(form: Form, id: RequestId, code: &'static ErrorCode, retry_after: Duration) -> Self {
        Answer { frame: form.refusal(&id, code, retry_after), form, id, computed: None }
    }

    /// Whose it is.
    pub fn id(&self) -> &RequestId {
        &self.id
    }

    /// How it came about, where it is a reply.
    pub fn computed(&self) -> Option<Computed> {
        self.computed
    }

    /// Whether it may still leave. A refusal always may: it is short, and its client waits for it or has gone.
    ///
    /// # Errors
    /// [`Expired`], at the stage of the reply.
    pub fn check(&self, now: Instant) -> Result<(), Expired> {
        self.computed
            .and_then(|computed| computed.deadline)
            .map_or(Ok(()), |deadline| deadline.check(Stage::Reply, now))
    }

    /// What is sent in the place of a reply that came too late: a few bytes that say so.
    pub fn expired(&self, retry_after: Duration) -> Self {
        Answer::refusal(self.form, self.id.clone(), &catalog::DEADLINE_EXPIRED, retry_after)
    }

    /// The whole frame.
    pub fn into_frame(self) -> Vec<u8> {
        self.frame
    }
}

impl AsRef<[u8]> for Answer {
    fn as_ref(&self) -> &[u8] {
        &self.frame
    }
}

#[cfg(test)]
#[path = "timed_tests.rs"]
mod tests;
