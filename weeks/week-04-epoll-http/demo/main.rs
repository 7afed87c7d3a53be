//! The demo of month 1: everything that the first four weeks have built, as one system, with one failure on purpose.
//!
//! ```text
//!   eight paced clients ---frames---> epoll-server <--HTTP-- the prober, http-get
//!   two echo-client processes ------> (echo, health)
//!   a client whose reply is held up -^
//!        |                               |
//!        v                               v
//!   a log each (week 1)             server-1.jsonl, then, after SIGKILL, server-2.jsonl
//!        +---------------- account ------+
//! ```
//!
//! The script: serve, freeze a client and then the server (`SIGSTOP`, `SIGCONT`), kill the server under load, start it
//! anew on the same two ports, and let everybody recover. Then the account is drawn up from the logs of all processes.
//!
//! # What "answered twice" means here
//!
//! A request is one id. Its client tries until it accepts one reply, and may try again because a reply was lost: then the
//! request was *executed* twice, and it has to be *answered* once. So:
//!
//! 1. each id has exactly one accepted reply in the log of its client, or one record that says that it was given up;
//! 2. within one life of the server each id was executed at most once, and over both lives no more often than its client
//!    tried;
//! 3. every id that a client began is in its log: none was dropped in silence;
//! 4. an accepted reply that the server has no record of was among its last before it was killed: what waited in the
//!    queue of its log died with it, and nothing older may be missing.
//!
//! How this could be fooled: by logs that agree because one process wrote both (they come from different processes), by
//! clients that forget what they asked (the ids are kept beside the log and compared), by a kill that hits nobody (then
//! the finding is inconclusive), by a server that was never really gone (the prober has to see it down).
#![allow(clippy::print_stderr, reason = "progress, for whoever waits")]

mod account;
mod clients;
mod far;
mod journal;
mod judge;
mod marks;
mod measure;
mod probe;
mod stage;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use evidence::Finding;
use evidence::run::{Profile, hand_back, seed_or};

use crate::account::Account;
use crate::clients::Clients;
use crate::far::Far;
use crate::journal::Journal;
use crate::marks::Marks;
use crate::probe::Prober;
use crate::stage::{DEADLINE, Stage};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const CLAIM: &str = "A server that is killed under load and started anew costs its clients time and nothing else: every \
                     request is answered exactly once, health is seen up, down and up again, and each request can be \
                     followed through the logs of all processes.";

/// How long each part of the script lasts.
struct Lengths {
    steady: Duration,
    frozen: Duration,
    outage: Duration,
    after: Duration,
}

impl Lengths {
    fn of(profile: Profile) -> Self {
        let seconds = |quick, default, full| Duration::from_secs_f64(profile.pick(quick, default, full));
        Lengths {
            steady: seconds(0.8, 3.0, 20.0),
            frozen: seconds(0.3, 0.5, 1.0),
            outage: seconds(0.5, 1.0, 4.0),
            after: seconds(0.8, 3.0, 20.0),
        }
    }
}

fn main() -> ExitCode {
    match run(seed_or(20_260_101), &Lengths::of(Profile::current())) {
        Ok(finding) => match hand_back(&finding) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => failed(&error),
        },
        Err(error) => failed(&*error),
    }
}

fn failed(error: &dyn Error) -> ExitCode {
    eprintln!("the demo could not be carried out: {error}");
    ExitCode::FAILURE
}

// ANCHOR: script
/// The script, from the first process to the finding.
fn run(seed: u64, lengths: &Lengths) -> Outcome<Finding> {
    let (stage, mut marks) = (Stage::new()?, Marks::begin());
    let mut journal = Journal::begin(&stage.log("demo"))?;
    let first = stage.server("server-1", None)?;
    journal.step("the server listens, on one port for frames and on one for HTTP")?;
    let (echo, health) = (first.echo, first.health);
    let clients = Clients::start(&stage, echo, seed);
    let prober = Prober::start(&stage, health);

    clients.wait_for_answers(1, DEADLINE)?;
    journal.step("eight clients are answered, and health is asked about all the time")?;
    let traced = stage.http_get(health, "demo-health", "/health")?;
    std::thread::sleep(lengths.steady);

    let guest = stage.echo_client("echo-client-1", echo, seed ^ 1)?;
    guest.wait_for_records(1)?;
    marks.client_frozen = marks.during(|| guest.freeze(lengths.frozen))?;
    journal.step("a client was frozen under load (SIGSTOP) and goes on (SIGCONT)")?;
    let guest = guest.finish()?;

    marks.server_frozen = marks.during(|| first.freeze(lengths.frozen))?;
    journal.step("the server was frozen under load and goes on")?;
    std::thread::sleep(lengths.steady / 4);

    let far = Far::ask(&stage, echo, "server-1", seed)?;
    journal.step("a request was executed whose reply is held up on its way")?;
    let survivor = stage.echo_client("echo-client-2", echo, seed ^ 2)?;
    survivor.wait_for_records(1)?;
    let killed = Instant::now();
    let ended = first.kill()?;
    far.lose_the_reply();
    journal.step("the server was killed under load (SIGKILL)")?;
    std::thread::sleep(lengths.outage);

    let second = stage.server("server-2", Some((echo, health)))?;
    marks.outage = (killed, Instant::now());
    journal.step("a new server listens on the same two ports")?;
    clients.wait_for_answers_since(marks.outage.1, DEADLINE)?;
    marks.recovered = Instant::now();
    journal.step("every client was answered again")?;
    let (survivor, far) = (survivor.finish()?, far.finish()?);
    std::thread::sleep(lengths.after);

    let mut clients = clients.stop()?;
    clients.push(far);
    let prober = prober.stop()?;
    let stopped = second.stop()?;
    journal.step("the clients have finished, and the server has stopped in order")?;
    marks.end = Instant::now();

    let account = Account::draw_up(&stage, &clients, [guest, survivor])?;
    let steps = journal.end()?;
    let finding = Finding::of(CLAIM).seed(seed);
    let finding = judge::all(
        finding,
        &judge::Seen {
            stage: &stage,
            marks: &marks,
            clients: &clients,
            prober: &prober,
            account: &account,
            ended,
            stopped,
            traced,
            steps: &steps,
        },
    )?;
    Ok(measure::all(finding, &marks, &clients, &prober, &account))
}
// ANCHOR_END: script
