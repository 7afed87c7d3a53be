//! A service on its bench: a pool with one worker that waits, and the two places where answers come out.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use event_loop::{FrameService, Framed, Outbox, Peer, Service, Token};
use framing::{Deadlines, FrameLimit, PAYLOAD_BYTES_MAX_HARD, RequestId};
use sha2::{Digest, Sha256};
use worker_pool::request::Request;
use worker_pool::service::Asker;
use worker_pool::{
    Budget, Cancelled, Class, ClassId, Classes, Config, Job, LoopMailbox, Mailbox, Pool, Pooled, Report,
};

use crate::latch::Latch;
use crate::wire::{Answer, DEADLINE, read_answer, wait_until};

/// Hashes, once the latch is open.
pub(crate) struct Patient(Latch);

impl Job for Patient {
    fn class(&self, _body: &[u8]) -> ClassId {
        ClassId(0)
    }

    fn run(&self, body: Vec<u8>, _budget: &Budget<'_>) -> Result<Vec<u8>, Cancelled> {
        self.0.pass();
        Ok(body_of(&body))
    }
}

/// What is answered.
pub(crate) fn body_of(body: &[u8]) -> Vec<u8> {
    Sha256::digest(body).to_vec()
}

/// A connection as the loop would name it: its place, and whose it is in turn.
pub(crate) fn peer(slot: u32, generation: u32) -> Peer {
    let address = SocketAddr::from(([127, 0, 0, 1], 9));
    Peer { token: Token::new(slot, generation), number: 1, address, listener: 0 }
}

/// Whose answers these are.
pub(crate) fn ids(answers: &[Answer]) -> Vec<&str> {
    answers.iter().map(Answer::id).collect()
}

type Task = Request<Patient>;

/// The pool of a service.
pub(crate) struct Bench {
    pub(crate) latch: Latch,
    job: Arc<Patient>,
    pool: Option<Pool<Task>>,
    mailbox: Arc<LoopMailbox<Task>>,
}

impl Bench {
    /// One worker, and so many requests that may wait.
    pub(crate) fn start(queue_max: usize) -> Bench {
        let latch = Latch::default();
        let mailbox = Arc::new(Mailbox::new(OnceLock::new()));
        let class = Class {
            name: "only".into(),
            weight: 1,
            queue_max,
            running_max: 1,
            budget: Duration::from_secs(60),
        };
        let config = Config { workers: 1, classes: Classes::new(vec![class]).unwrap(), measured: true };
        let sink = Arc::clone(&mailbox);
        let pool = Pool::start(config, move |done| sink.post(done)).unwrap();
        Bench { job: Arc::new(Patient(latch.clone())), latch, pool: Some(pool), mailbox }
    }

    pub(crate) fn service(&self) -> Pooled<Patient> {
        let limit = FrameLimit::new(PAYLOAD_BYTES_MAX_HARD).unwrap();
        let handle = self.pool.as_ref().unwrap().handle();
        Pooled::new(Arc::clone(&self.job), handle, Arc::clone(&self.mailbox), limit)
    }

    pub(crate) fn framed(&self) -> Framed<Pooled<Patient>> {
        Framed::new(self.service(), FrameLimit::default(), Deadlines::default())
    }

    /// One request, and what is answered to it at once.
    pub(crate) fn ask(
        &self,
        service: &mut Pooled<Patient>,
        asker: &mut Asker,
        id: &str,
        body: &[u8],
    ) -> Vec<Answer> {
        let payload = [&[1, id.len() as u8][..], id.as_bytes(), body].concat();
        let mut out = Outbox::new();
        service.frame(asker, &payload, &mut out, Instant::now()).unwrap();
        assert!(out.mail().is_empty(), "an answer to one's own request needs no mail");
        answers(out.bytes())
    }

    /// What has come for this connection by now, and nothing for anybody but it.
    pub(crate) fn mail(&self, framed: &mut impl Service, whose: Token) -> Vec<Answer> {
        let mut out = Outbox::new();
        framed.wake(Instant::now(), &mut out);
        let mine = out.mail().iter().filter(|(token, _)| *token == whose);
        mine.flat_map(|(_, bytes)| answers(bytes)).collect()
    }

    /// Waits until so many answers have come for this connection.
    pub(crate) fn mail_of(&self, service: &mut Pooled<Patient>, whose: Token, count: usize) -> Vec<Answer> {
        let mut found = Vec::new();
        wait_until("the answers", || {
            let mut out = Outbox::new();
            service.wake(Instant::now(), &mut out);
            for (token, bytes) in out.mail() {
                assert_eq!(*token, whose, "somebody else's: {:?}", answers(bytes));
                found.extend(answers(bytes));
            }
            (found.len() >= count).then_some(())
        });
        found
    }

    /// Ends the pool, which has to finish everything.
    pub(crate) fn shutdown(&mut self) -> Report<RequestId> {
        let report = self.pool.take().unwrap().shutdown(DEADLINE);
        assert!(report.is_complete(), "{report:?}");
        report
    }
}

/// The frames in these bytes.
fn answers(mut bytes: &[u8]) -> Vec<Answer> {
    std::iter::from_fn(|| read_answer(&mut bytes)).collect()
}
