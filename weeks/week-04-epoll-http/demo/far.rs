//! A client whose reply is lost: its request is executed, and the reply is still on its way when the server is killed.
//!
//! Left to chance this happens to one request in thousands, and it is the one case in which trying again executes a
//! request twice. So the way back is held up on purpose: a proxy takes the reply and keeps it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use faults::proxy::{Direction, Proxy, Toxic};
use framing::client::{Client, Config};
use framing::retry::RetryPolicy;
use logger::{LogPath, Options, Setup};
use tracing_subscriber::layer::SubscriberExt;

use crate::Outcome;
use crate::clients::{Did, Sent};
use crate::stage::{BUDGET, DEADLINE, Stage, records};

/// The id of its one request.
pub(crate) const LOST_REPLY: &str = "demo-lost-reply";

/// The client while it waits.
pub(crate) struct Far {
    proxy: Proxy,
    thread: JoinHandle<Outcome<Sent>>,
    log: PathBuf,
}

impl Far {
    /// Sends the request, and returns once the server's log says that it was answered.
    pub(crate) fn ask(stage: &Stage, server: SocketAddr, server_log: &str, seed: u64) -> Outcome<Self> {
        let proxy = Proxy::to(server).seed(seed).start()?;
        proxy.add(Direction::Downstream, Toxic::Blackhole);
        let (log, through) = (stage.log("client-far"), proxy.address());
        let to = log.clone();
        let thread = std::thread::spawn(move || {
            let setup = Setup::new("client-far").file(LogPath::new(to)?, Options::default());
            let (layer, logging) = setup.layer()?;
            let (base, cap) = (Duration::from_millis(20), Duration::from_millis(250));
            let retry = RetryPolicy { attempts_max: 100, base, cap, budget: BUDGET };
            let config = Config { retry, seed, reply_timeout: DEADLINE, ..Config::to(through) };
            let id = LOST_REPLY.parse()?;
            let began = Instant::now();
            let subscriber = tracing_subscriber::registry().with(layer);
            let answered = tracing::subscriber::with_default(subscriber, || {
                Client::new(config).echo(&id, b"was it done, or was it not?")
            });
            drop(logging);
            let attempts = answered.ok().map(|done| done.attempts);
            Ok(Sent { id: id.to_string(), began, took: began.elapsed(), attempts })
        });
        let far = Far { proxy, thread, log };
        let until = Instant::now() + DEADLINE;
        let executed = |entry: &logger::Entry<'_>| entry.request_id.as_deref() == Some(LOST_REPLY);
        while !records(&stage.log(server_log))?.0.iter().any(executed) {
            if Instant::now() >= until {
                return Err("the request whose reply is to be lost was not executed".into());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(far)
    }

    /// Throws away what is on its way, and lets later replies pass.
    pub(crate) fn lose_the_reply(&self) {
        self.proxy.cut_all();
        self.proxy.heal();
    }

    /// Waits for the end of the request.
    pub(crate) fn finish(self) -> Outcome<Did> {
        let sent = self.thread.join().map_err(|_| "the far client panicked")??;
        Ok(Did { log: self.log, sent: vec![sent] })
    }
}
