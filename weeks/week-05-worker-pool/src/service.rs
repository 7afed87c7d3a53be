//! A service of the loop whose answers are computed by a pool.
//!
//! The protocol is that of week 2, and a client cannot tell the difference but by the time it takes, and by one answer more:
//! a refusal *with* the id of a request refuses that request alone, and its connection goes on.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use event_loop::echo::{refuse, request};
use event_loop::{FrameService, Outbox, Peer, Token, Waker};
use framing::{CloseReason, FrameLimit};
use logger::ErrorCode;

use crate::budget::Cancelled;
use crate::catalog;
use crate::job::Job;
use crate::lanes::Lanes;
use crate::mailbox::Mailbox;
use crate::pool::Handle;
use crate::request::{Request, refusal};
use crate::task::{Done, Outcome};

/// The mailbox of a loop that may not be there yet.
pub type LoopMailbox<T> = Mailbox<Done<T>, OnceLock<Waker>>;

/// Requests go to a pool, and answers come back in order.
pub struct Pooled<J: Job> {
    job: Arc<J>,
    pool: Handle<Request<J>>,
    mailbox: Arc<LoopMailbox<Request<J>>>,
    limit: FrameLimit,
    lanes: Lanes,
}

/// One connection.
#[derive(Debug)]
pub struct Asker {
    token: Token,
    answers: u64,
}

impl<J: Job> Pooled<J> {
    /// A service that hands `job` to this pool, whose sink is this mailbox.
    pub fn new(
        job: Arc<J>,
        pool: Handle<Request<J>>,
        mailbox: Arc<LoopMailbox<Request<J>>>,
        limit: FrameLimit,
    ) -> Self {
        Pooled { job, pool, mailbox, limit, lanes: Lanes::default() }
    }

    /// A task has ended: its answer takes its place, and what may leave now leaves.
    fn deliver(&mut self, done: Done<Request<J>>, now: Instant, out: &mut Outbox) {
        let Done { task, outcome, waited, .. } = done;
        let Some(lane) = self.lanes.get_mut(task.token) else { return };
        let answer = match outcome {
            Outcome::Finished(reply) => {
                log_answer(&task, waited, now);
                reply
            }
            Outcome::Cancelled(Cancelled::OverBudget) => refused(&task, &catalog::POOL_BUDGET),
            Outcome::Cancelled(_) | Outcome::NeverStarted => refused(&task, &catalog::POOL_CLOSED),
            Outcome::Panicked(words) => {
                tracing::error!(
                    request_id = task.id.as_str(),
                    error_code = catalog::POOL_PANIC.code,
                    "{words}"
                );
                refused(&task, &catalog::POOL_PANIC)
            }
        };
        lane.bytes -= task.body_bytes;
        lane.answers.fill(task.place, answer);
        while let Some(ready) = lane.answers.next_ready() {
            out.send_to(task.token, ready);
        }
    }
}

impl<J: Job> FrameService for Pooled<J> {
    type Session = Asker;

    fn open(&mut self, peer: &Peer) -> Asker {
        self.lanes.open(peer.token);
        Asker { token: peer.token, answers: 0 }
    }

    fn is_ready(&self, asker: &Asker) -> bool {
        self.lanes.get(asker.token).is_some_and(|lane| lane.has_room())
    }

    fn owes(&self, asker: &Asker) -> bool {
        self.lanes.get(asker.token).is_some_and(|lane| !lane.answers.is_empty())
    }

    // ANCHOR: frame
    fn frame(
        &mut self,
        asker: &mut Asker,
        payload: &[u8],
        out: &mut Outbox,
        _now: Instant,
    ) -> Result<(), CloseReason> {
        // lab:hole worker-pool.hand-over
        let message = request(payload)?;
        let (Some(lane), Some(id)) = (self.lanes.get_mut(asker.token), message.request_id) else {
            return Err(CloseReason::Bug);
        };
        let task = Request {
            job: Arc::clone(&self.job),
            token: asker.token,
            place: lane.answers.reserve(),
            id,
            body: message.body.to_vec(),
            body_bytes: message.body.len(),
            limit: self.limit,
            cancel: lane.cancel.clone(),
        };
        asker.answers += 1;
        lane.bytes += task.body_bytes;
        if let Err(rejected) = self.pool.submit(task) {
            // Its turn has not come before those that were accepted earlier.
            lane.bytes -= rejected.task.body_bytes;
            lane.answers.fill(rejected.task.place, refused(&rejected.task, rejected.why.code()));
        }
        while let Some(ready) = lane.answers.next_ready() {
            out.put(&ready);
        }
        Ok(())
        // lab:stub todo!("worker-pool.hand-over: keep a place, submit; a refusal takes its place among the answers")
        // lab:end
    }
    // ANCHOR_END: frame

    fn farewell(&mut self, _peer: &Peer, reason: CloseReason, out: &mut Outbox) {
        refuse(reason, out);
    }

    fn closed(&mut self, asker: Asker, peer: &Peer, reason: CloseReason) {
        // A stop that is out of patience ends the connection, and not the promise: its tasks have until `--finish`.
        if reason == CloseReason::DrainDeadline {
            self.lanes.leave(asker.token);
        } else {
            self.lanes.close(asker.token);
        }
        reason.log(peer.number, peer.address, asker.answers);
    }

    fn wake(&mut self, now: Instant, out: &mut Outbox) {
        for done in self.mailbox.collect() {
            self.deliver(done, now, out);
        }
    }
}

/// Refuses one request, on record.
fn refused<J>(task: &Request<J>, code: &'static ErrorCode) -> Vec<u8> {
    tracing::warn!(
        request_id = task.id.as_str(),
        error_code = code.code,
        result = "refused",
        "{}",
        code.meaning
    );
    refusal(Some(&task.id), code.code)
}

/// The record of an answer.
fn log_answer<J>(task: &Request<J>, waited: std::time::Duration, _now: Instant) {
    if tracing::enabled!(tracing::Level::INFO) {
        let queue_ms = waited.as_secs_f64() * 1e3;
        let request_id = task.id.as_str();
        tracing::info!(request_id, queue_ms, result = "ok", "answered {} bytes", task.body_bytes);
    }
}
