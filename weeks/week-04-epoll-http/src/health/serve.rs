//! The health endpoint as a service: requests in, answers out.

use std::time::Instant;

use event_loop::{Outbox, Peer, Service, Step};
use framing::{CloseReason, Deadlines, RequestId, RequestIds, Watch};
use logger::{Coded, ErrorCode};

use super::answer::Answer;
use super::check::SelfCheck;
use super::endings::{self, ASKED_TO_CLOSE, TRUNCATED};
use super::tally::Tally;
use crate::catalog;
use crate::http::{AskedMethod, RequestFault, RequestHead, RequestParser};

/// The most that one read takes: 16 KiB, twice the largest request.
pub const READ_BYTES_MAX: usize = 16 << 10;

/// Answers what is asked about the server.
#[derive(Debug)]
pub struct Health {
    /// What there is to report.
    pub tally: Tally,
    check: SelfCheck,
    deadlines: Deadlines,
    ids: RequestIds,
    stopping: bool,
    /// Where reads go; one for all connections, since only one is worked for at a time.
    shared: Box<[u8]>,
}

/// One connection of the endpoint.
#[derive(Debug)]
pub struct HealthSession {
    /// Bytes that were read and not looked at yet: requests behind the one that is being answered.
    pending: Vec<u8>,
    parser: RequestParser,
    watch: Watch,
    answers: u64,
}

impl Health {
    /// An endpoint that reports this tally. Requests that bring no id get one made from `seed`.
    pub fn new(tally: Tally, check: SelfCheck, deadlines: Deadlines, seed: u64) -> Self {
        let (ids, shared) = (RequestIds::seeded(seed), vec![0; READ_BYTES_MAX].into());
        Health { tally, check, deadlines, ids, stopping: false, shared }
    }

    // ANCHOR: answer
    /// The answer to a request, and the code of what speaks against it.
    fn answer(&self, head: &RequestHead, now: Instant) -> (Answer, Option<&'static ErrorCode>) {
        // lab:hole epoll-http.route
        let refuse =
            |status, code: &'static ErrorCode| (Answer::refusal(status, code.code, code.meaning), Some(code));
        match (head.method, head.path.as_str()) {
            (AskedMethod::Unknown, _) => refuse(501, &catalog::HTTP_REQUEST_METHOD),
            (AskedMethod::Other, "/health" | "/ready") => refuse(405, &catalog::HTTP_REQUEST_METHOD),
            (_, "/health") => (Answer::of(200, &self.tally.to_json(now)), None),
            (_, "/ready") => self.readiness(),
            _ => refuse(404, &catalog::HTTP_REQUEST_NOT_FOUND),
        }
        // lab:stub todo!("epoll-http.route: unknown methods, known ones that do not fit the path, the two paths, anything else")
        // lab:end
    }
    // ANCHOR_END: answer

    /// Ready, unless the server is stopping or its last check failed; the body says which.
    fn readiness(&self) -> (Answer, Option<&'static ErrorCode>) {
        let last = self.check.last();
        let mut failed = last.map_or_else(Vec::new, |verdict| verdict.failed());
        if self.stopping {
            failed.push("stopping");
        }
        let ready = failed.is_empty();
        let account = serde_json::json!({
            "ready": ready, "failed": failed, "checked": last.map(|verdict| verdict.to_json()),
        });
        if ready {
            (Answer::of(200, &account), None)
        } else {
            (Answer::of(503, &account), Some(&catalog::HEALTH_NOT_READY))
        }
    }

    /// Answers a whole request.
    fn serve(
        &mut self,
        session: &mut HealthSession,
        head: RequestHead,
        out: &mut Outbox,
        now: Instant,
    ) -> Step {
        let (answer, code) = self.answer(&head, now);
        let id = head.id.clone().or_else(|| self.ids.next());
        // A server that is stopping answers what was asked, and takes no more from this connection.
        let keeps_alive = head.keeps_alive && !self.stopping;
        answer.put(id.as_ref(), keeps_alive, head.method != AskedMethod::Head, out);
        session.answers += 1;
        log_answer(id.as_ref(), answer.status, code, &head.path, now);
        session.watch.frame_done(session.pending.len(), now);
        match (keeps_alive, self.stopping) {
            (true, _) => Step::Done,
            (false, true) => Step::Close(CloseReason::Stopping),
            (false, false) => Step::Close(CloseReason::Rule(&ASKED_TO_CLOSE)),
        }
    }

    /// Answers a request that cannot be believed, and ends the connection.
    fn refuse(
        &mut self,
        session: &mut HealthSession,
        fault: RequestFault,
        out: &mut Outbox,
        now: Instant,
    ) -> Step {
        let what = fault.to_string();
        Answer::refusal(fault.status(), fault.code().code, &what).put(None, false, true, out);
        session.answers += 1;
        log_answer(None, fault.status(), Some(fault.code()), &what, now);
        Step::Close(CloseReason::Rule(fault.rule()))
    }
}

/// The record of an answer. The time is that from the beginning of the turn, in which the request was read.
fn log_answer(
    id: Option<&RequestId>,
    status: u16,
    code: Option<&'static ErrorCode>,
    what: &str,
    began: Instant,
) {
    let request_id = id.map_or("", |id| id.as_str());
    let latency_ms = began.elapsed().as_secs_f64() * 1e3;
    match code {
        None => tracing::info!(request_id, latency_ms, result = "ok", "answered {status}: {what}"),
        Some(code) => {
            let (result, error_code) = ("refused", code.code);
            tracing::warn!(request_id, latency_ms, result, error_code, "answered {status}: {what}");
        }
    }
}

impl Service for Health {
    type Session = HealthSession;

    fn open(&mut self, _peer: &Peer, now: Instant) -> HealthSession {
        let watch = Watch::new(self.deadlines, now);
        HealthSession { pending: Vec::new(), parser: RequestParser::new(), watch, answers: 0 }
    }

    fn read_space<'a>(&'a mut self, _session: &'a mut HealthSession) -> &'a mut [u8] {
        &mut self.shared
    }

    fn received(&mut self, session: &mut HealthSession, bytes: usize, now: Instant) {
        session.pending.extend_from_slice(&self.shared[..bytes]);
        session.watch.bytes_arrived(now);
    }

    fn step(&mut self, session: &mut HealthSession, out: &mut Outbox, now: Instant) -> Step {
        // lab:hole epoll-http.health-step
        let mut input = &session.pending[..];
        let parsed = session.parser.next(&mut input);
        let looked_at = session.pending.len() - input.len();
        session.pending.drain(..looked_at);
        match parsed {
            Ok(None) => Step::NeedsBytes,
            Ok(Some(head)) => self.serve(session, head, out, now),
            Err(fault) => self.refuse(session, fault, out, now),
        }
        // lab:stub todo!("epoll-http.health-step: one request at most; forget what was looked at, and nothing behind it")
        // lab:end
    }

    fn rest(&mut self, session: &mut HealthSession) {
        if session.pending.is_empty() {
            session.pending = Vec::new();
        }
    }

    fn end_of_stream(&self, session: &HealthSession) -> CloseReason {
        if self.is_between_messages(session) {
            CloseReason::PeerFinished
        } else {
            CloseReason::Rule(&TRUNCATED)
        }
    }

    fn is_between_messages(&self, session: &HealthSession) -> bool {
        session.pending.is_empty() && session.parser.is_between_requests()
    }

    fn deadline(&self, session: &HealthSession) -> (Instant, CloseReason) {
        let (at, timeout) = session.watch.deadline();
        (at, endings::of_timeout(timeout))
    }

    fn restart_clock(&mut self, session: &mut HealthSession, now: Instant) {
        let begun = !self.is_between_messages(session);
        session.watch.frame_done(usize::from(begun), now);
    }

    fn farewell(&mut self, _peer: &Peer, reason: CloseReason, out: &mut Outbox) {
        if let (Some(status), Some(code)) = (endings::status_of(reason), reason.code()) {
            Answer::refusal(status, code.code, code.meaning).put(None, false, true, out);
        }
    }

    fn closed(&mut self, session: HealthSession, peer: &Peer, reason: CloseReason) {
        reason.log(peer.number, peer.address, session.answers);
    }

    fn stopping(&mut self, _now: Instant) {
        self.stopping = true;
    }

    fn wake_at(&self) -> Option<Instant> {
        Some(self.check.due())
    }

    fn wake(&mut self, now: Instant, _out: &mut Outbox) {
        let before = self.check.last().map_or_else(Vec::new, |verdict| verdict.failed());
        let Some(found) = self.check.run(now, self.tally.total().open()) else { return };
        let failed = found.failed();
        // A record for each change, and not for each second of the same.
        if failed != before {
            let lag_ms = found.lag.as_secs_f64() * 1e3;
            match failed.as_slice() {
                [] => tracing::info!(result = "ok", lag_ms, "the check of itself passes again"),
                _ => tracing::warn!(
                    result = "failed",
                    error_code = catalog::HEALTH_NOT_READY.code,
                    lag_ms,
                    log_missing = found.log_missing,
                    "the check of itself failed: {}",
                    failed.join(", ")
                ),
            }
        }
    }
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
