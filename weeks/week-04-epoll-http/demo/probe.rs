//! Somebody who asks about health all the time, and draws no conclusion but "up" or "down".

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use epoll_http::client::{Client, Config};
use epoll_http::http::{Method, Request, Url};
use framing::RequestIds;
use framing::retry::RetryPolicy;
use logger::{LogPath, Options, Setup};
use tracing_subscriber::layer::SubscriberExt;

use crate::Outcome;
use crate::stage::Stage;

/// From one question to the next.
const PERIOD: Duration = Duration::from_millis(25);

/// The longest that a question may take: longer means down. A server that is frozen for a moment is slow and not down.
const PATIENCE: Duration = Duration::from_secs(3);

/// One question and its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Probe {
    pub(crate) at: Instant,
    pub(crate) took: Duration,
    pub(crate) up: bool,
}

/// The prober while it runs.
pub(crate) struct Prober {
    thread: JoinHandle<Outcome<Vec<Probe>>>,
    stop: Arc<AtomicBool>,
}

impl Prober {
    pub(crate) fn start(stage: &Stage, health: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (log, stopped) = (stage.log("prober"), Arc::clone(&stop));
        let thread = std::thread::spawn(move || {
            let setup = Setup::new("prober").file(LogPath::new(log)?, Options::default());
            let (layer, logging) = setup.layer()?;
            let subscriber = tracing_subscriber::registry().with(layer);
            let probes = tracing::subscriber::with_default(subscriber, || ask(health, &stopped));
            drop(logging);
            probes
        });
        Prober { thread, stop }
    }

    pub(crate) fn stop(self) -> Outcome<Vec<Probe>> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the prober panicked")?
    }
}

fn ask(health: SocketAddr, stop: &AtomicBool) -> Outcome<Vec<Probe>> {
    let url: Url = format!("http://{health}/health").parse()?;
    // One attempt a question: whoever asks for the state must not wait until it is a better one.
    let retry = RetryPolicy { attempts_max: 1, budget: PATIENCE, ..RetryPolicy::default() };
    let mut client = Client::new(Config { retry, ..Config::default() });
    let mut probes = Vec::new();
    for id in RequestIds::seeded(0) {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let at = Instant::now();
        let answer = client.fetch(&Request::new(Method::Get, url.clone(), id));
        let up = answer.is_ok_and(|done| done.value.response.head.status == 200);
        let took = at.elapsed();
        probes.push(Probe { at, took, up });
        std::thread::sleep(PERIOD.saturating_sub(took));
    }
    Ok(probes)
}
