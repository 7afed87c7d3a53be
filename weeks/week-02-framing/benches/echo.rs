//! Echo latency over the loopback: the real server process as it ships, one connection, one request at a time.

use std::time::{Duration, Instant};

use evidence::run::Profile;
use evidence::{Criterion, Fact, Finding, Histogram, Measurement, Series};
use faults::FaultError;
use faults::process::{Launch, Process, Signal, Stream};
use framing::client::Connection;
use framing::{FrameLimit, RequestIds};
use hdrhistogram::Histogram as Recorder;

/// Long enough for a server to start or to stop on any machine.
const DEADLINE: Duration = Duration::from_secs(10);

/// Latencies up to a minute, to two significant digits, as the evidence keeps them.
const LATENCY_NS_MAX: u64 = 60_000_000_000;

/// The body sizes of the baseline.
const BODIES: [(usize, &str); 3] = [(64, "64 B"), (4 << 10, "4 KiB"), (64 << 10, "64 KiB")];

/// One configuration: a connection to a server, and what was seen on it.
struct Contestant {
    name: String,
    connection: Connection,
    body: Vec<u8>,
    latency: Recorder<u64>,
    asked: u64,
    answered: u64,
    busy: Duration,
}

/// Measures, and adds one measurement and one criterion.
pub(crate) fn measure(
    finding: Finding,
    profile: Profile,
    seed: u64,
) -> Result<Finding, Box<dyn std::error::Error>> {
    let dir = tempfile::tempdir()?;
    let mut logging = start(dir.path(), "info")?;
    let mut silent = start(dir.path(), "warn")?;
    let mut contestants = Vec::new();
    for (bytes, size) in BODIES {
        contestants.push(Contestant::new(size.into(), &logging, bytes)?);
    }
    // The smallest request once more without a record for each answer: the price of the log.
    contestants.push(Contestant::new("64 B, no record an answer".into(), &silent, 64)?);

    let rounds = profile.pick(4, 10, 40);
    let turn = Duration::from_millis(profile.pick(60, 120, 300));
    let mut ids = RequestIds::seeded(seed);
    for contestant in &mut contestants {
        // Not counted: the first requests open buffers and wake cores.
        contestant.turn(&mut ids, turn / 4);
        contestant.forget();
    }
    for _ in 0..rounds {
        for contestant in &mut contestants {
            contestant.turn(&mut ids, turn);
        }
    }
    let asked: u64 = contestants.iter().map(|contestant| contestant.asked).sum();
    let answered: u64 = contestants.iter().map(|contestant| contestant.answered).sum();
    let measurement = contestants
        .into_iter()
        .map(Contestant::into_series)
        .fold(Measurement::of("echo-latency", "One echo over the loopback", "ns"), Measurement::series);
    for (process, _) in [&mut logging, &mut silent] {
        process.signal(Signal::TERM)?;
        process.wait_with_deadline(DEADLINE)?;
    }
    let detail = format!("{} of {asked} requests were not answered", asked - answered);
    let all =
        Criterion::check("framing.all-answered", "every request is answered", asked == answered, detail)
            .fact(Fact::count("requests", asked, ""))
            .fact(Fact::count("answered", answered, ""));
    Ok(finding.measurement(measurement).criterion(all))
}

/// A server whose log has records of this level and above.
fn start(
    dir: &std::path::Path,
    level: &str,
) -> Result<(Process, std::net::SocketAddr), Box<dyn std::error::Error>> {
    let process = Launch::of(env!("CARGO_BIN_EXE_echo-server"))
        .args(["--listen", "127.0.0.1:0", "--log-level", level, "--log"])
        .arg(dir.join(format!("{level}.jsonl")))
        .spawn()?;
    let line = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE)?;
    let address = line.strip_prefix("listening on ").ok_or_else(|| format!("first line was {line:?}"))?;
    let address = address.parse()?;
    Ok((process, address))
}

impl Contestant {
    fn new(
        name: String,
        (_, address): &(Process, std::net::SocketAddr),
        bytes: usize,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let connection = Connection::open(*address, FrameLimit::default(), DEADLINE)?;
        let latency =
            Recorder::new_with_bounds(1, LATENCY_NS_MAX, 2).map_err(|error| FaultError::System {
                what: "making a histogram".into(),
                source: std::io::Error::other(error.to_string()),
            })?;
        let body = (0..bytes).map(|at| (at % 251) as u8).collect();
        Ok(Contestant { name, connection, body, latency, asked: 0, answered: 0, busy: Duration::ZERO })
    }

    /// Asks, one request after the other, until the time is over. A failed request ends the turn: its connection is
    /// not to be used again, and the criterion counts it.
    fn turn(&mut self, ids: &mut RequestIds, time: Duration) {
        let began = Instant::now();
        for id in ids {
            self.asked += 1;
            let Ok(latency) = self.connection.exchange(&id, &self.body, DEADLINE) else { break };
            self.answered += 1;
            self.latency.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
            if began.elapsed() >= time {
                break;
            }
        }
        self.busy += began.elapsed();
    }

    fn forget(&mut self) {
        self.latency.reset();
        (self.asked, self.answered, self.busy) = (0, 0, Duration::ZERO);
    }

    fn into_series(self) -> Series {
        let rate = self.answered as f64 / self.busy.as_secs_f64().max(f64::MIN_POSITIVE);
        let success = 100.0 * self.answered as f64 / self.asked.max(1) as f64;
        Series::of(&self.name, Histogram::from_hdr(&self.latency))
            .fact(Fact::count("requests", self.asked, ""))
            .fact(Fact::real("success", success, "%"))
            .fact(Fact::real("rate", rate.round(), "requests/s"))
    }
}
