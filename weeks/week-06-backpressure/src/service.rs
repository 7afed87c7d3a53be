//! The service of week 5 with a policy: who is let into the queue, until when, and how fast its answers leave.
//!
//! ```text
//!   frame --> asked --> quota --> ladder --> queue --> worker --> in order --> bucket --> outbox
//!                         |         |          |     expired? expired?     expired?
//!                         v         v          v
//!                      turned away: its refusal takes its place among the answers
//! ```

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use event_loop::echo::refuse;
use event_loop::{FrameService, Outbox, Peer, Token};
use framing::{CloseReason, FrameLimit, RequestId};
use logger::{Coded, ErrorCode};
use worker_pool::lanes::Lanes;
use worker_pool::request::Request;
use worker_pool::{Cancel, Cancelled, Done, Handle, Job, LoopMailbox, Outcome, catalog};

use crate::asked::{Asked, Form};
use crate::budget::{Budget, Deadline, Expired};
use crate::egress::Egress;
use crate::overload::{QueueLoad, Shared, TurnedAway};
use crate::shaper::EgressLimits;
use crate::timed::{Answer, Computed, Timed};

/// Requests go to a pool as far as the policy lets them, and answers come back in order, each client at its rate.
pub struct Tempered<J: Job> {
    job: Arc<J>,
    pool: Handle<Timed<J>>,
    mailbox: Arc<LoopMailbox<Timed<J>>>,
    limit: FrameLimit,
    /// What a request has that brings no budget of its own; none if that is none.
    budget_default: Option<Budget>,
    overload: Shared,
    lanes: Lanes<Answer>,
    egress: Egress,
}

/// One connection.
#[derive(Debug)]
pub struct Asker {
    token: Token,
    source: IpAddr,
    answers: u64,
}

/// What the queue of a pool says about itself.
pub fn queue_load<J: Job>(pool: &Handle<Timed<J>>) -> QueueLoad {
    let classes = pool.levels().classes;
    QueueLoad {
        waiting: classes.iter().map(|class| class.waiting).sum(),
        oldest: classes.iter().filter_map(|class| class.oldest).min(),
    }
}

impl<J: Job> Tempered<J> {
    /// A service that hands `job` to this pool, whose sink is this mailbox.
    pub fn new(
        job: Arc<J>,
        pool: Handle<Timed<J>>,
        mailbox: Arc<LoopMailbox<Timed<J>>>,
        limit: FrameLimit,
        overload: Shared,
    ) -> Self {
        let (lanes, egress) = (Lanes::default(), Egress::new(EgressLimits::default()));
        Tempered { job, pool, mailbox, limit, budget_default: None, overload, lanes, egress }
    }

    /// The same with other limits on what leaves.
    pub fn egress(self, limits: EgressLimits) -> Self {
        Tempered { egress: Egress::new(limits), ..self }
    }

    /// The same with a budget for requests that bring none.
    pub fn budget_default(self, budget: Option<Budget>) -> Self {
        Tempered { budget_default: budget, ..self }
    }

    /// The deadline of a request that comes now.
    fn deadline(&self, asked: &Asked<'_>, now: Instant) -> Option<Deadline> {
        let overload = self.overload.borrow();
        let budget = asked.budget.or(self.budget_default).filter(|_| overload.keeps_deadlines())?;
        Some(Deadline::starting(now, budget, overload.split()))
    }

    /// Hands a request to the pool if everybody agrees; whoever does not, says why.
    fn hand_over(
        &mut self,
        asker: &Asker,
        asked: &Asked<'_>,
        (place, cancel): (u64, Cancel),
        now: Instant,
    ) -> Result<(), TurnedAway> {
        self.overload.borrow_mut().admit(asker.source, asked.importance, now)?;
        let deadline = self.deadline(asked, now);
        let request = Request {
            job: Arc::clone(&self.job),
            token: asker.token,
            place,
            id: asked.id.clone(),
            body: asked.body.to_vec(),
            body_bytes: asked.body.len(),
            limit: self.limit,
            cancel,
        };
        let task = Timed { request, form: asked.form, source: asker.source, deadline };
        let handed = self.pool.submit(task);
        let mut overload = self.overload.borrow_mut();
        match handed {
            Ok(()) => {
                overload.accepted(now);
                Ok(())
            }
            Err(rejected) => Err(overload.turned_away(asker.source, rejected.why.code(), now)),
        }
    }

    /// A task has ended: its answer takes its place.
    fn deliver(&mut self, done: Done<Timed<J>>, now: Instant) -> Token {
        let Done { task: Timed { request, form, source, deadline }, outcome, waited, ran } = done;
        self.overload.borrow_mut().ended(source, waited, ran, now);
        let token = request.token;
        if self.lanes.get(token).is_none() {
            return token;
        }
        let (id, bytes, place) = (request.id, request.body_bytes, request.place);
        let none = Duration::ZERO;
        let answer = match outcome {
            Outcome::Finished(Ok(frame)) => {
                Answer::reply(frame, form, id, Computed { body_bytes: bytes, waited, deadline })
            }
            Outcome::Finished(Err(expired)) => {
                let retry_after = self.expire(&id, expired, now);
                Answer::refusal(form, id, expired.code(), retry_after)
            }
            Outcome::Cancelled(Cancelled::OverBudget) => refused(form, id, &catalog::POOL_BUDGET, none),
            Outcome::Cancelled(_) | Outcome::NeverStarted => refused(form, id, &catalog::POOL_CLOSED, none),
            Outcome::Panicked(words) => {
                let (request_id, error_code) = (id.as_str(), catalog::POOL_PANIC.code);
                tracing::error!(request_id, error_code, "{words}");
                refused(form, id, &catalog::POOL_PANIC, none)
            }
        };
        if let Some(lane) = self.lanes.get_mut(token) {
            lane.bytes -= bytes;
            lane.answers.fill(place, answer);
        }
        token
    }

    /// Sends what may leave now: answers whose turn it is, as far as their client has tokens, and none that is late.
    fn release(
        &mut self,
        token: Token,
        now: Instant,
        mut leave: impl FnMut(Vec<u8>),
    ) -> Result<(), CloseReason> {
        loop {
            let retry_after = self.overload.borrow().retry_after(now);
            if let Some((id, expired)) = self.egress.expire_first(token, now, retry_after) {
                self.expire(&id, expired, now);
            }
            if let Some(answer) = self.egress.pop_ready(token, now) {
                if let Some(computed) = answer.computed() {
                    self.overload.borrow_mut().tally.answered += 1;
                    log_answer(answer.id(), computed);
                }
                leave(answer.into_frame());
                continue;
            }
            match self.lanes.get_mut(token).and_then(|lane| lane.answers.next_ready()) {
                Some(answer) => self.egress.push(token, answer, now)?,
                None => break,
            }
        }
        let newly = self.egress.schedule(token, now)?;
        let mut overload = self.overload.borrow_mut();
        overload.throttled_bytes = self.egress.backlog_bytes();
        overload.tally.throttled += u64::from(newly);
        Ok(())
    }

    /// A request expired: on record, and counted. When its client may ask again.
    fn expire(&mut self, id: &RequestId, expired: Expired, now: Instant) -> Duration {
        let (stage, over_by_ms) = (expired.stage.name(), expired.over_by.as_secs_f64() * 1e3);
        let (request_id, error_code) = (id.as_str(), expired.code().code);
        tracing::warn!(request_id, stage, over_by_ms, error_code, result = "expired", "expired");
        let mut overload = self.overload.borrow_mut();
        overload.tally.expire(expired.stage);
        overload.retry_after(now)
    }
}

impl<J: Job> FrameService for Tempered<J> {
    type Session = Asker;

    fn open(&mut self, peer: &Peer) -> Asker {
        self.lanes.open(peer.token);
        Asker { token: peer.token, source: peer.address.ip(), answers: 0 }
    }

    fn is_ready(&self, asker: &Asker) -> bool {
        let room = |lane: &worker_pool::lanes::Lane<_>| {
            lane.has_room() && self.egress.has_room(asker.token, lane.bytes)
        };
        self.lanes.get(asker.token).is_some_and(room)
    }

    fn owes(&self, asker: &Asker) -> bool {
        self.lanes.get(asker.token).is_some_and(|lane| !lane.answers.is_empty())
            || self.egress.backlog_of(asker.token) > 0
    }

    fn frame(
        &mut self,
        asker: &mut Asker,
        payload: &[u8],
        out: &mut Outbox,
        now: Instant,
    ) -> Result<(), CloseReason> {
        self.overload.borrow_mut().look(now);
        let asked = Asked::parse(payload)?;
        let Some(lane) = self.lanes.get_mut(asker.token) else { return Err(CloseReason::Bug) };
        let (place, cancel) = (lane.answers.reserve(), lane.cancel.clone());
        asker.answers += 1;
        match self.hand_over(asker, &asked, (place, cancel), now) {
            Ok(()) => {
                if let Some(lane) = self.lanes.get_mut(asker.token) {
                    lane.bytes += asked.body.len();
                }
            }
            Err(TurnedAway { code, retry_after }) => {
                log_turned_away(&asked.id, code, retry_after);
                // Its turn has not come before those that were accepted earlier.
                if let Some(lane) = self.lanes.get_mut(asker.token) {
                    lane.answers.fill(place, Answer::refusal(asked.form, asked.id, code, retry_after));
                }
            }
        }
        self.release(asker.token, now, |frame| out.put(&frame))
    }

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
        self.egress.close(asker.token);
        self.overload.borrow_mut().throttled_bytes = self.egress.backlog_bytes();
        reason.log(peer.number, peer.address, asker.answers);
    }

    fn wake_at(&self) -> Option<Instant> {
        [self.overload.borrow().wake_at(), self.egress.wake_at()].into_iter().flatten().min()
    }

    fn wake(&mut self, now: Instant, out: &mut Outbox) {
        for done in self.mailbox.collect() {
            let token = self.deliver(done, now);
            self.send(token, now, out);
        }
        while let Some(token) = self.egress.next_due(now) {
            self.send(token, now, out);
        }
        self.overload.borrow_mut().wake(now);
    }
}

impl<J: Job> Tempered<J> {
    /// Sends what may leave now to a connection whose turn it is not, or ends it by rule.
    fn send(&mut self, token: Token, now: Instant, out: &mut Outbox) {
        if let Err(reason) = self.release(token, now, |frame| out.send_to(token, frame)) {
            // Nothing leaves for it any more, and nothing more is computed.
            self.lanes.close(token);
            self.egress.close(token);
            out.end(token, reason);
        }
    }
}

/// Refuses a request that a worker had, on record.
fn refused(form: Form, id: RequestId, code: &'static ErrorCode, retry_after: Duration) -> Answer {
    let (request_id, error_code) = (id.as_str(), code.code);
    tracing::warn!(request_id, error_code, result = "refused", "{}", code.meaning);
    Answer::refusal(form, id, code, retry_after)
}

/// The record of a request that did not get into the queue. There are as many of these as somebody likes to send, so by
/// default they are counted and not written.
fn log_turned_away(id: &RequestId, code: &'static ErrorCode, retry_after: Duration) {
    let (request_id, error_code) = (id.as_str(), code.code);
    let retry_after_ms = retry_after.as_secs_f64() * 1e3;
    tracing::debug!(request_id, error_code, retry_after_ms, result = "deferred", "{}", code.meaning);
}

/// The record of a reply that leaves.
fn log_answer(id: &RequestId, Computed { body_bytes, waited, .. }: Computed) {
    if tracing::enabled!(tracing::Level::INFO) {
        let (request_id, queue_ms) = (id.as_str(), waited.as_secs_f64() * 1e3);
        tracing::info!(request_id, queue_ms, result = "ok", "answered {body_bytes} bytes");
    }
}
