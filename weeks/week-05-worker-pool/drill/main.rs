//! The drill of week 5: producers outrun the workers until the queue is full.
//!
//! Hypothesis: a full queue has one consequence, which is that what comes on top is refused at once, under its own id and
//! with its code. The loop goes on reading, answering and saying how it is; nothing is lost, nothing piles up, and when
//! the pressure ends the queue empties by itself. The control run offers a fraction of what the workers can do for as long, so what the
//! experiment sees comes from the pressure.

mod health;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use evidence::run::Profile;
use evidence::{Fact, Histogram, Measurement, Series};
use faults::counters;
use faults::drill::{Drill, Trial, TrialResult};
use faults::process::{Launch, Process, Signal, Stream};
use load::offer::{Group, GroupOutcome, Offer, Plan};
use sha2::{Digest, Sha256};

/// Long enough for a server to start, to answer or to stop on any machine.
const DEADLINE: Duration = Duration::from_secs(10);
/// Requests that may wait.
const QUEUE: &str = "64";
const BODY_BYTES: usize = 16 << 10;
const ROUNDS: u32 = 20;
const CONNECTIONS: usize = 32;
/// What may be read and not answered: each connection's share of requests under way, and what a growing buffer has to
/// spare. 32 MiB.
const GROWTH_BYTES_MAX: u64 = 32 << 20;

fn main() -> ExitCode {
    let claim = "Producers outrun the workers until the queue is full; each further task is refused at once and \
                 handed back, the loop keeps answering, and the queue empties when the pressure ends.";
    Drill::new(5, "worker-pool.queue-saturation", claim)
        .steady_state("at a third of capacity every request is answered and none is refused")
        .fault("four times as many requests as the workers can do, until the queue is full and further")
        .degraded_mode(
            "what finds no place is refused with POOL-FULL under its own id; the loop and its health go on",
        )
        .recovery("the pressure ends; nobody repairs anything", Duration::from_secs(5))
        .trial_deadline(Duration::from_secs(60))
        .main(pressure)
}

struct Server {
    process: Process,
    address: std::net::SocketAddr,
    health: std::net::SocketAddr,
    _dir: tempfile::TempDir,
}

fn pressure(trial: &Trial) -> TrialResult {
    let server = start(trial)?;
    let capacity = capacity(&server)?;
    trial.event(format!("two workers can do {capacity:.0} requests a second"));

    let mut calm = offer(trial, &server, "calm", capacity / 3.0)?;
    calm.run_for(Duration::from_millis(Profile::current().pick(200, 500, 1000)))?;
    let before = take(&mut calm, "calm")?;
    if before.right == before.requests && before.requests > 0 {
        trial.steady(format!("{} requests answered, none refused", before.right));
    }
    let quiet_bytes = counters::rss_bytes_of(server.process.pid())?;

    // The pressure, or a calm of the same length; somebody asks for the server's health all the while.
    let time = Duration::from_millis(Profile::current().pick(600, 3000, 10_000));
    let mut asked = health::Watch::begin(server.health);
    let mut during = None;
    trial.inject(
        "requests refused because the queue was full",
        || -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
            let mut storm = offer(trial, &server, "storm", capacity * 4.0)?;
            storm.run_for(time)?;
            let seen = take(&mut storm, "storm")?;
            let refused = full(&seen);
            during = Some(seen);
            Ok(refused)
        },
    )?;
    let during = match during {
        Some(seen) => seen,
        None => {
            calm.run_for(time)?;
            take(&mut calm, "calm")?
        }
    };
    let asked = asked.end();
    let grown = counters::peak_rss_bytes_of(server.process.pid())?.saturating_sub(quiet_bytes);

    trial.recovery_begins("the pressure ends");
    let until = Instant::now() + DEADLINE;
    let after = loop {
        calm.run_for(Duration::from_millis(50))?;
        let seen = take(&mut calm, "calm")?;
        if (seen.right == seen.requests && seen.requests > 0) || Instant::now() > until {
            break seen;
        }
    };
    trial.recovered(format!("{} of {} requests answered again", after.right, after.requests));

    judge(trial, &[&before, &during, &after], &asked, grown);
    account(trial, server)
}

/// The invariants that outside observers can see.
fn judge(trial: &Trial, phases: &[&GroupOutcome; 3], asked: &health::Seen, grown: u64) {
    let [before, during, after] = phases;
    let sum = |of: fn(&GroupOutcome) -> u64| phases.iter().map(|phase| of(phase)).sum::<u64>();
    let (requests, right, refused) = (sum(|p| p.requests + p.carried), sum(|p| p.right), sum(full));
    trial.invariant(
        "worker-pool.one-of-two",
        "every request is answered rightly or refused with POOL-FULL, once, in its connection's order",
        requests == right + refused && sum(|p| p.answers_out_of_order) == 0 && sum(|p| p.wrong) == 0,
        format!(
            "{requests} requests, {right} answered, {refused} refused; {:?} {:?}",
            during.failed, during.codes
        ),
        vec![
            Fact::count("requests", requests, ""),
            Fact::count("answered", right, ""),
            Fact::count("refused", refused, ""),
        ],
    );
    trial.invariant(
        "worker-pool.refused-only-when-full",
        "nobody is refused before the pressure and after it",
        full(before) == 0 && full(after) == 0,
        format!("{} before, {} after", full(before), full(after)),
        Vec::new(),
    );
    trial.invariant(
        "worker-pool.loop-answers",
        "the loop answers every question for its health meanwhile",
        asked.answered == asked.asked && asked.asked > 0,
        format!("{} of {}: {}", asked.answered, asked.asked, asked.last_error),
        vec![Fact::count("asked", asked.asked, ""), Fact::count("longest", asked.longest_ns, "ns")],
    );
    trial.invariant(
        "worker-pool.memory-bounded",
        "memory grows by no more than what may be under way",
        grown <= GROWTH_BYTES_MAX,
        format!("{grown} bytes"),
        vec![Fact::count("growth", grown, "bytes"), Fact::count("bound", GROWTH_BYTES_MAX, "bytes")],
    );
    let series = |name, phase: &GroupOutcome| {
        Series::of(name, Histogram::from_hdr(&phase.latency)).fact(Fact::count("refused", full(phase), ""))
    };
    trial.measured(
        Measurement::of("accepted", "Accepted requests, from due to answered", "ns")
            .series(series("before the pressure", before))
            .series(series("under pressure", during))
            .series(series("after it", after)),
    );
}

/// What the server itself says at its end: nothing that it accepted is missing.
fn account(trial: &Trial, mut server: Server) -> TrialResult {
    server.process.signal(Signal::TERM)?;
    let ended = server.process.wait_with_deadline(DEADLINE)?;
    let said = ended.stdout_text();
    let last: serde_json::Value = serde_json::from_str(said.lines().last().unwrap_or_default())?;
    let count = |name: &str| last[name].as_u64().unwrap_or(u64::MAX);
    trial.invariant(
        "worker-pool.accepted-is-finished",
        "every accepted request was finished when the server ended, with exit code 0",
        ended.code() == Some(0) && count("accepted") == count("finished"),
        format!("exit {:?}, {last}", ended.code()),
        vec![Fact::count("accepted", count("accepted"), ""), Fact::count("finished", count("finished"), "")],
    );
    Ok(())
}

fn start(trial: &Trial) -> Result<Server, Box<dyn std::error::Error + Send + Sync>> {
    let dir = tempfile::tempdir()?;
    let port_file = dir.path().join("health");
    let launch = Launch::of(faults::binary("pool-server")?)
        .args(["--listen", "127.0.0.1:0", "--health", "127.0.0.1:0", "--log-level", "error", "--json"])
        .args(["--workers", "2", "--queue", QUEUE, "--rounds", &ROUNDS.to_string(), "--budget", "10s"])
        .arg("--health-port-file")
        .arg(&port_file);
    let process = trial.spawn(launch)?;
    let line = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE)?;
    let line: serde_json::Value = serde_json::from_str(&line)?;
    let address = line["listening"].as_str().ok_or("no address")?.parse()?;
    let health = std::fs::read_to_string(&port_file)?.trim().parse()?;
    Ok(Server { process, address, health, _dir: dir })
}

fn group(group: Group) -> Group {
    group.expecting(|body| {
        let first: [u8; 32] = Sha256::digest(body).into();
        let again =
            |before: [u8; 32], _| Sha256::new().chain_update(before).chain_update(body).finalize().into();
        (1..ROUNDS).fold(first, again).to_vec()
    })
}

/// What the workers can do, asked by clients that wait for their answers.
fn capacity(server: &Server) -> Result<f64, Box<dyn std::error::Error + Send + Sync>> {
    let mut offer =
        Offer::connect(Plan::to(server.address).group(group(Group::closed("all", 8, 2, BODY_BYTES))))?;
    offer.run_for(Duration::from_millis(Profile::current().pick(200, 500, 1000)))?;
    Ok(take(&mut offer, "all")?.goodput())
}

fn offer(
    trial: &Trial,
    server: &Server,
    name: &str,
    rate: f64,
) -> Result<Offer, Box<dyn std::error::Error + Send + Sync>> {
    let clients = group(Group::open(name, CONNECTIONS, (rate as u64).max(1), BODY_BYTES)).deadline(DEADLINE);
    Ok(Offer::connect(Plan { seed: trial.seed(), ..Plan::to(server.address).group(clients) })?)
}

fn take(offer: &mut Offer, name: &str) -> Result<GroupOutcome, Box<dyn std::error::Error + Send + Sync>> {
    let outcome = offer.outcome();
    offer.reset();
    Ok(outcome.group(name).ok_or("the plan has that group")?.clone())
}

fn full(group: &GroupOutcome) -> u64 {
    group.rejected.get("POOL-FULL").copied().unwrap_or(0)
}
