//! Eight clients that ask at a steady pace, and try again where that makes sense.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use faults::seed::Dice;
use framing::RequestIds;
use framing::client::{Client, Config};
use framing::retry::RetryPolicy;
use logger::{LogPath, Options, Setup};
use tracing_subscriber::layer::SubscriberExt;

use crate::Outcome;
use crate::stage::{BUDGET, DEADLINE, Stage};

/// How many there are.
pub(crate) const CLIENTS: usize = 8;

/// From one request to the next, unless the answer takes longer. A client that had to wait does not make up for it, so
/// that the recovery meets the usual load and no wave.
const PACE: Duration = Duration::from_millis(5);

/// The largest body, in bytes.
const BODY_BYTES_MAX: u64 = 4 << 10;

/// One request, as its client saw it.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    pub(crate) id: String,
    pub(crate) began: Instant,
    pub(crate) took: Duration,
    /// Attempts, where it was answered.
    pub(crate) attempts: Option<u32>,
}

/// What one client did.
pub(crate) struct Did {
    pub(crate) log: PathBuf,
    pub(crate) sent: Vec<Sent>,
}

/// The clients while they run.
pub(crate) struct Clients {
    threads: Vec<JoinHandle<Outcome<Did>>>,
    shared: Arc<Shared>,
}

struct Shared {
    stop: AtomicBool,
    answers: AtomicU64,
    /// When the request that was answered last had begun, for each client.
    latest: Mutex<[Option<Instant>; CLIENTS]>,
}

impl Clients {
    pub(crate) fn start(stage: &Stage, server: SocketAddr, seed: u64) -> Self {
        let shared = Arc::new(Shared {
            stop: AtomicBool::new(false),
            answers: AtomicU64::new(0),
            latest: Mutex::new([None; CLIENTS]),
        });
        let dice = Dice::new(seed);
        let threads = (0..CLIENTS).map(|number| {
            let (log, shared) = (stage.log(&format!("client-{number}")), Arc::clone(&shared));
            let dice = dice.fork(&format!("client-{number}"));
            std::thread::spawn(move || ask(number, log, server, dice, &shared))
        });
        Clients { threads: threads.collect(), shared }
    }

    /// Waits until that many requests have been answered in all.
    pub(crate) fn wait_for_answers(&self, count: u64, deadline: Duration) -> Outcome<()> {
        self.wait("the first answers", deadline, |shared| shared.answers.load(Ordering::Relaxed) >= count)
    }

    /// Waits until every client has been answered a request that it began after that moment.
    pub(crate) fn wait_for_answers_since(&self, since: Instant, deadline: Duration) -> Outcome<()> {
        self.wait("every client to be answered again", deadline, |shared| {
            let latest = shared.latest.lock().unwrap_or_else(PoisonError::into_inner);
            latest.iter().all(|began| began.is_some_and(|began| began >= since))
        })
    }

    fn wait(&self, what: &str, deadline: Duration, fits: impl Fn(&Shared) -> bool) -> Outcome<()> {
        let until = Instant::now() + deadline;
        while !fits(&self.shared) {
            if Instant::now() >= until {
                return Err(format!("waited {deadline:?} in vain for {what}").into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    /// Lets them finish the request that each is at.
    pub(crate) fn stop(self) -> Outcome<Vec<Did>> {
        self.shared.stop.store(true, Ordering::Relaxed);
        let joined = self.threads.into_iter().map(|thread| thread.join().map_err(|_| "a client panicked")?);
        joined.collect()
    }
}

/// One client, from its first request to the stop.
fn ask(number: usize, log: PathBuf, server: SocketAddr, mut dice: Dice, shared: &Shared) -> Outcome<Did> {
    let setup = Setup::new(format!("client-{number}")).file(LogPath::new(&log)?, Options::default());
    // A log for each client: the records of this thread go there.
    let (layer, logging) = setup.layer()?;
    let seed = dice.next_u64();
    let base = Duration::from_millis(20);
    let cap = Duration::from_millis(250);
    let retry = RetryPolicy { attempts_max: 100, base, cap, budget: BUDGET };
    let mut client = Client::new(Config { retry, seed, reply_timeout: DEADLINE, ..Config::to(server) });
    let (mut ids, mut sent) = (RequestIds::seeded(seed), Vec::new());
    tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
        while !shared.stop.load(Ordering::Relaxed) {
            let Some(id) = ids.next() else { break };
            let mut body = vec![0; dice.between(0, BODY_BYTES_MAX) as usize];
            dice.fill(&mut body);
            let began = Instant::now();
            let answered = client.echo(&id, &body);
            let took = began.elapsed();
            let attempts = answered.ok().map(|done| done.attempts);
            if attempts.is_some() {
                shared.answers.fetch_add(1, Ordering::Relaxed);
                shared.latest.lock().unwrap_or_else(PoisonError::into_inner)[number] = Some(began);
            }
            sent.push(Sent { id: id.to_string(), began, took, attempts });
            std::thread::sleep(PACE.saturating_sub(took));
        }
    });
    drop(logging);
    Ok(Did { log, sent })
}
