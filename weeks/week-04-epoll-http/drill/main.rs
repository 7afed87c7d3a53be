//! The drill of week 4: among good traffic a server answers some requests with a malformed header.
//!
//! Hypothesis: a malformed answer costs the request that it belongs to, under the class that names it and with its reason
//! in the log, and costs nobody else anything: the other requests, under way at the same time, are each answered once and
//! with their own answer. The control run sends the same requests at the same time to the same server without the fault,
//! so what the experiment sees comes from the malformed headers and not from the load.

#[path = "../tests/peer/mod.rs"]
mod peer;
#[path = "../tests/tool/mod.rs"]
mod tool;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evidence::Fact;
use evidence::run::Profile;
use faults::drill::{Drill, Trial, TrialResult};
use peer::{Peer, Turn};
use tool::{DEADLINE, launch, records};

/// Clients that ask at the same time.
const CLIENTS: usize = 4;

/// The malformed headers that the seed chooses from: what is put into an otherwise good head, the class of the refusal and
/// its code.
const MALFORMED: [(&str, &str, &str); 8] = [
    ("X : y\r\n", "space-before-colon", "HTTP-SPACE-BEFORE-COLON"),
    ("X: y\r\n folded\r\n", "obs-fold", "HTTP-OBS-FOLD"),
    ("no colon\r\n", "bad-name", "HTTP-BAD-NAME"),
    ("X: \0\r\n", "bad-value", "HTTP-BAD-VALUE"),
    ("X: y\n", "bare-lf", "HTTP-BARE-LF"),
    ("X: y\rZ: z\r\n", "bare-cr", "HTTP-BARE-CR"),
    ("Content-Length: 3\r\n", "repeated-length", "HTTP-REPEATED-LENGTH"),
    ("Transfer-Encoding: chunked\r\n", "length-and-coding", "HTTP-LENGTH-AND-CODING"),
];

fn main() -> ExitCode {
    let claim = "Among good traffic a peer answers with a malformed header; that request fails with the matching class \
                 and its reason in the log, and every other request completes undisturbed.";
    Drill::new(4, "epoll-http.malformed-header", claim)
        .steady_state("each of several clients that ask at the same time gets its own answer")
        .fault("the server puts a malformed header into some of its answers, chosen by the seed")
        .degraded_mode(
            "those requests fail, once each and under the class of their fault; no other one notices",
        )
        .recovery("the server answers properly again; nobody repairs the clients", Duration::from_secs(10))
        .trial_deadline(Duration::from_secs(60))
        .main(traffic)
}

/// What the server does to which request: an index into [`MALFORMED`] by request id.
type Plan = Arc<Mutex<BTreeMap<String, usize>>>;

fn traffic(trial: &Trial) -> TrialResult {
    let plan = Plan::default();
    let planned = Arc::clone(&plan);
    let server = Peer::serve(move |_, head| answer(head, &planned));
    let dir = tempfile::tempdir()?;
    let log = dir.path().join("clients.jsonl");

    let before = ask_all(trial, &server, &log, "before", 1)?;
    trial.steady(format!("{} requests were answered", before.len()));

    let each = Profile::current().pick(6, 20, 100);
    if trial.breaks() {
        *plan.lock().map_err(|_| "the server panicked")? = choose(trial, each);
    }
    let chosen = plan.lock().map_err(|_| "the server panicked")?.clone();
    let mut during = Vec::new();
    trial.inject(
        "answers with a malformed header",
        || -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
            during = ask_all(trial, &server, &log, "during", each)?;
            // What the server sent, and not what was planned.
            let asked = server.requests();
            Ok(asked.iter().filter(|head| chosen.contains_key(&id_of(head))).count() as u64)
        },
    )?;
    if !trial.breaks() {
        during = ask_all(trial, &server, &log, "during", each)?;
    }

    plan.lock().map_err(|_| "the server panicked")?.clear();
    trial.recovery_begins("the server answers properly again");
    let after = ask_all(trial, &server, &log, "after", 1)?;
    trial.recovered(format!("{} requests were answered", after.len()));
    judge(trial, &server, &log, &chosen, &[before, during, after].concat());
    Ok(())
}

/// The server's answer: the id of the request is its body, so that an answer to somebody else would show.
fn answer(head: &str, plan: &Plan) -> Turn {
    let id = id_of(head);
    let fault = plan.lock().ok().and_then(|plan| plan.get(&id).copied());
    let malformed = fault.map_or("", |at| MALFORMED[at].0);
    Turn::answer(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n{malformed}\r\n{id}", id.len()))
}

fn id_of(head: &str) -> String {
    let field = head.lines().find_map(|line| line.strip_prefix("X-Request-Id: "));
    field.unwrap_or_default().to_owned()
}

/// A quarter of the requests, each with a fault; every fault at least once while there are enough requests.
fn choose(trial: &Trial, each: usize) -> BTreeMap<String, usize> {
    let mut dice = trial.dice("malformed");
    let mut ids: Vec<String> =
        (0..CLIENTS).flat_map(|client| (0..each).map(move |number| name("during", client, number))).collect();
    dice.shuffle(&mut ids);
    let faults = ids.len() / 4;
    ids.into_iter().take(faults).enumerate().map(|(at, id)| (id, at % MALFORMED.len())).collect()
}

fn name(when: &str, client: usize, number: usize) -> String {
    format!("{when}-{client}-{number}")
}

/// How one request ended.
#[derive(Debug, Clone)]
struct Outcome {
    id: String,
    exit: Option<i32>,
    body: String,
    error: String,
}

/// All clients at the same time, each with one `http-get` process after the other.
fn ask_all(
    trial: &Trial,
    server: &Peer,
    log: &Path,
    when: &str,
    each: usize,
) -> Result<Vec<Outcome>, Box<dyn std::error::Error + Send + Sync>> {
    let ask = |client: usize| -> Result<Vec<Outcome>, faults::FaultError> {
        (0..each)
            .map(|number| {
                let id = name(when, client, number);
                let asking = launch(&server.url("/"), log, &["--request-id", &id]).spawn();
                let ended = asking?.wait_with_deadline(DEADLINE)?;
                let (body, error) = (ended.stdout_text(), ended.stderr_text());
                Ok(Outcome { id, exit: ended.code(), body, error })
            })
            .collect()
    };
    let outcomes = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|client| scope.spawn(move || ask(client))).collect();
        clients.into_iter().map(|client| client.join()).collect::<Vec<_>>()
    });
    let mut all = Vec::new();
    for outcome in outcomes {
        all.extend(outcome.map_err(|_| "a client panicked")??);
    }
    trial.event(format!("{} requests {when} the fault ended", all.len()));
    Ok(all)
}

fn judge(trial: &Trial, server: &Peer, log: &Path, chosen: &BTreeMap<String, usize>, outcomes: &[Outcome]) {
    let records = records(log);
    let (mut misnamed, mut disturbed) = (Vec::new(), Vec::new());
    for outcome in outcomes {
        let told: Vec<_> = records.iter().filter(|record| record.id() == outcome.id).collect();
        match chosen.get(&outcome.id) {
            Some(at) => {
                let (_, class, code) = MALFORMED[*at];
                let said = outcome.error.starts_with(&format!("error[{code}]: "));
                let logged = matches!(told[..], [one] if one.result() == class && one.code() == code);
                if outcome.exit != Some(3) || !outcome.body.is_empty() || !said || !logged {
                    misnamed.push(format!("{outcome:?}, expected {class}, log: {told:?}"));
                }
            }
            None => {
                let logged = matches!(told[..], [one] if one.result() == "ok");
                if outcome.exit != Some(0) || outcome.body != outcome.id || !logged {
                    disturbed.push(format!("{outcome:?}, log: {told:?}"));
                }
            }
        }
    }
    let asked = server.requests().len();
    trial.invariant(
        "epoll-http.refused-by-name",
        "a malformed answer fails its request under the class of its fault, in the log and on standard error",
        misnamed.is_empty(),
        misnamed.join("; "),
        vec![Fact::count("malformed-answers", chosen.len() as u64, "")],
    );
    trial.invariant(
        "epoll-http.others-undisturbed",
        "every other request is answered, and with its own answer",
        disturbed.is_empty(),
        disturbed.join("; "),
        vec![Fact::count("good-answers", (outcomes.len() - chosen.len()) as u64, "")],
    );
    trial.invariant(
        "epoll-http.asked-once",
        "no request was sent twice, and no failure was retried that no wait can heal",
        asked == outcomes.len(),
        format!("{} requests, and the server was asked {asked} times", outcomes.len()),
        vec![Fact::count("requests", asked as u64, "")],
    );
}
