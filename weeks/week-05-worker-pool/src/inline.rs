//! The same job on the loop's own thread: what the pool has to be better than.

use std::sync::Arc;
use std::time::Instant;

use event_loop::echo::{Answers, refuse, request};
use event_loop::{FrameService, Outbox, Peer};
use framing::{CloseReason, FrameLimit};

use crate::budget::Budget;
use crate::catalog;
use crate::class::{ClassId, Classes};
use crate::job::Job;
use crate::request::{frame, refusal};

/// Computes each answer before it looks at the next request, of anybody.
pub struct Inline<J> {
    job: Arc<J>,
    classes: Classes,
    limit: FrameLimit,
}

impl<J: Job> Inline<J> {
    /// A service that runs `job` itself, within the budgets of these classes.
    pub fn new(job: Arc<J>, classes: Classes, limit: FrameLimit) -> Self {
        Inline { job, classes, limit }
    }

    fn until(&self, class: ClassId, now: Instant) -> Instant {
        self.classes.get(class).map_or(now, |class| now + class.budget)
    }
}

impl<J: Job> FrameService for Inline<J> {
    type Session = Answers;

    fn open(&mut self, _peer: &Peer) -> Answers {
        Answers::default()
    }

    fn frame(
        &mut self,
        answers: &mut Answers,
        payload: &[u8],
        out: &mut Outbox,
        _now: Instant,
    ) -> Result<(), CloseReason> {
        let message = request(payload)?;
        let id = message.request_id.as_ref();
        let until = self.until(self.job.class(message.body), Instant::now());
        match self.job.run(message.body.to_vec(), &Budget::until(until, None, None)) {
            Ok(body) => {
                let head = framing::message::Kind::Reply;
                out.put(&frame(head, id, &body, self.limit).map_err(CloseReason::Frame)?);
            }
            Err(_) => out.put(&refusal(id, catalog::POOL_BUDGET.code)),
        }
        answers.0 += 1;
        Ok(())
    }

    fn farewell(&mut self, _peer: &Peer, reason: CloseReason, out: &mut Outbox) {
        refuse(reason, out);
    }

    fn closed(&mut self, answers: Answers, peer: &Peer, reason: CloseReason) {
        reason.log(peer.number, peer.address, answers.0);
    }
}
