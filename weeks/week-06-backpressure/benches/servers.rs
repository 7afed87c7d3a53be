//! The real server, started for a measurement, and what is asked of it.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use evidence::Criterion;
use evidence::run::Profile;
use faults::process::{Launch, Process, Signal, Stream};
use load::offer::{Group, GroupOutcome, Importance, Offer, Plan};

pub(crate) type Wrong = Box<dyn Error + Send + Sync>;

/// Long enough for a server to start or to stop on any machine.
const DEADLINE: Duration = Duration::from_secs(10);
/// How often the body of a request is hashed: a quarter of a millisecond of computing, more or less.
pub(crate) const ROUNDS: u32 = 2000;
pub(crate) const BODY_BYTES: usize = 64;
/// What a client gives a request: after that it has no use for the answer.
pub(crate) const PATIENCE: Duration = Duration::from_millis(250);

/// A server with one worker whose answers are the bodies that it was sent.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: SocketAddr,
}

impl Server {
    pub(crate) fn start(rounds: u32, args: &[&str]) -> Result<Self, Wrong> {
        let process = Launch::of(env!("CARGO_BIN_EXE_guarded-server"))
            .args(["--listen", "127.0.0.1:0", "--log-level", "error", "--connections", "8192"])
            .args(["--service", "echo", "--workers", "1", "--budget", "5s", "--rounds", &rounds.to_string()])
            .args(args)
            .spawn()?;
        let line = process.wait_for_line(Stream::Stdout, |_| true, DEADLINE)?;
        let address = line.strip_prefix("listening on ").ok_or_else(|| format!("first line was {line:?}"))?;
        let address = address.parse()?;
        Ok(Server { process, address })
    }

    /// With everything of this week.
    pub(crate) fn guarded() -> Result<Self, Wrong> {
        // One machine stands for all the tenants here, so the quotas of a single source are out of the way.
        Server::start(
            ROUNDS,
            &["--queue", "4096", "--source-connections", "8192", "--source-in-flight", "65536"],
        )
    }

    /// The service as week 5 left it, with a queue so long that nobody is ever refused.
    pub(crate) fn unguarded() -> Result<Self, Wrong> {
        let quotas = ["--source-connections", "8192", "--source-in-flight", "65536"];
        Server::start(ROUNDS, &[&["--ladder", "off", "--queue", "65536"][..], &quotas].concat())
    }

    pub(crate) fn stop(mut self) -> Result<(), Wrong> {
        self.process.signal(Signal::TERM)?;
        self.process.wait_with_deadline(DEADLINE)?;
        Ok(())
    }

    /// What it can do, asked by clients that wait for their answers.
    pub(crate) fn capacity(&self, seed: u64, time: Duration) -> Result<f64, Wrong> {
        let group =
            Group::closed("all", 4, 2, BODY_BYTES).calls(Duration::from_secs(5), Importance::Ordinary);
        let mut offer = Offer::connect(Plan { seed, ..Plan::to(self.address).group(group) })?;
        offer.run_for(time / 4)?;
        offer.reset();
        offer.run_for(time)?;
        Ok(take(&mut offer, "all")?.goodput())
    }

    /// Waits until it has worked off whatever was asked of it before: it answers one request that is asked last.
    pub(crate) fn settle(&self) -> Result<(), Wrong> {
        let group = Group::closed("last", 1, 1, BODY_BYTES).deadline(DEADLINE);
        let mut offer = Offer::connect(Plan::to(self.address).group(group))?;
        for _ in 0..1000 {
            offer.run_for(Duration::from_millis(5))?;
            let last = take(&mut offer, "last")?;
            if last.right > 0 && last.rejected_total() == 0 && last.latency.max() < 20_000_000 {
                return Ok(());
            }
        }
        Err("the server did not come to rest".into())
    }
}

/// What is claimed where something is a matter of time. A quick run shows that everything works, on whatever machine and beside
/// whatever else it does; how much and how fast it looks at, and does not judge.
pub(crate) fn timed(id: &str, claim: &str, holds: bool, detail: String, profile: Profile) -> Criterion {
    if profile == Profile::Quick {
        let claim = format!("{claim} (looked at, and not judged in a quick run)");
        return Criterion::check(id, &claim, true, "");
    }
    Criterion::check(id, claim, holds, detail)
}

/// What a group saw since it was last looked at.
pub(crate) fn take(offer: &mut Offer, name: &str) -> Result<GroupOutcome, Wrong> {
    let outcome = offer.outcome();
    offer.reset();
    Ok(outcome.group(name).ok_or("the plan has that group")?.clone())
}

/// Clients of a service: as many requests a second in all, a fifth of them optional, each with its deadline.
pub(crate) fn clients(address: SocketAddr, per_second: f64, seed: u64) -> Plan {
    let group = |name, rate: f64, importance| {
        Group::open(name, 64, (rate as u64).max(1), BODY_BYTES)
            .poisson()
            .calls(PATIENCE, importance)
            .deadline(PATIENCE)
    };
    Plan { seed, ..Plan::to(address) }
        .group(group("ordinary", per_second * 0.8, Importance::Ordinary))
        .group(group("optional", per_second * 0.2, Importance::Optional))
}
