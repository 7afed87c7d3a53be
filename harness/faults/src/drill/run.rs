//! Runs the two trials of a drill, each on a thread of its own so that a hang has an end, and writes the account.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use evidence::{Criterion, DrillAccount, Fact, Finding, Verdict};

use super::trial::Log;
use super::verdict::{Control, End, Injection, Invariants, Outcome, Recovery, decide};
use super::{Drill, Role, Trial, TrialResult};

/// How long a hung closure may take to notice that its processes are dead, before it is left behind.
const UNWIND_GRACE: Duration = Duration::from_secs(2);

/// One trial, over.
struct Run {
    log: Log,
    end: End,
    /// What went wrong in the closure; empty when nothing did.
    error: String,
}

pub(super) fn main<F>(drill: &Drill, trial: F) -> ExitCode
where
    F: Fn(&Trial) -> TrialResult + Send + Sync + 'static,
{
    let finding = run(drill, trial);
    if let Err(error) = evidence::run::hand_back(&finding) {
        eprintln!(
            "error: the finding of {} could not be written: {error}; make LAB_FINDING writable",
            drill.id
        );
        return ExitCode::from(4);
    }
    if finding.verdict == Verdict::Passed {
        return ExitCode::SUCCESS;
    }
    eprintln!("drill {}: {:?}", drill.id, finding.verdict);
    for criterion in finding.criteria.iter().filter(|c| c.verdict != Verdict::Passed) {
        eprintln!("  {}: {:?}: {}", criterion.id, criterion.verdict, criterion.detail);
    }
    eprintln!("seed {}; replay with `{}`", drill.seed, drill.replay());
    ExitCode::from(1)
}

pub(super) fn run<F>(drill: &Drill, trial: F) -> Finding
where
    F: Fn(&Trial) -> TrialResult + Send + Sync + 'static,
{
    let trial = Arc::new(trial);
    let control = one_run(drill, Role::Control, &trial);
    let unsound = why_unsound(drill, &control);
    let experiment = match &unsound {
        None => one_run(drill, Role::Experiment, &trial),
        // Nothing that the experiment could show would count.
        Some(_) => Run { log: Log::default(), end: End::Done, error: "not run".into() },
    };
    account(drill, control, experiment, unsound)
}

/// Runs the closure once, to its end or to the deadline.
fn one_run<F>(drill: &Drill, role: Role, closure: &Arc<F>) -> Run
where
    F: Fn(&Trial) -> TrialResult + Send + Sync + 'static,
{
    let trial = Trial::new(role, drill.seed);
    let (tell, told) = mpsc::channel();
    let (theirs, closure) = (trial.clone(), closure.clone());
    let thread = std::thread::Builder::new().name(format!("{role:?}").to_lowercase()).spawn(move || {
        let result = catch_unwind(AssertUnwindSafe(|| closure(&theirs)));
        let _ = tell.send(match result {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_string()),
            Err(panic) => Some(format!("panicked: {}", panic_text(panic.as_ref()))),
        });
    });
    let thread = match thread {
        Ok(thread) => thread,
        Err(error) => return Run { log: trial.take_log(), end: End::Error, error: error.to_string() },
    };
    match told.recv_timeout(drill.trial_deadline) {
        Ok(error) => {
            let _ = thread.join();
            trial.close();
            let end = if error.is_some() { End::Error } else { End::Done };
            Run { log: trial.take_log(), end, error: error.unwrap_or_default() }
        }
        Err(_) => {
            trial.event(format!("hung: still running after {} ms", drill.trial_deadline.as_millis()));
            let log = trial.take_log();
            trial.close();
            // With its processes dead, most closures fail soon; one that does not is left behind, and the exit of
            // this process ends it.
            if told.recv_timeout(UNWIND_GRACE).is_ok() {
                let _ = thread.join();
            }
            let error = format!(
                "still running after {} ms; its processes were killed",
                drill.trial_deadline.as_millis()
            );
            Run { log, end: End::Hung, error }
        }
    }
}

/// Why the control run cannot vouch for the experiment, if so.
fn why_unsound(drill: &Drill, control: &Run) -> Option<String> {
    if control.end != End::Done {
        return Some(format!("the control run ended with: {}", control.error));
    }
    if !control.log.steady {
        return Some(format!("the steady state was never reached: {}", drill.steady_state));
    }
    if control.log.faults > 0 {
        return Some(format!("the control run injected {} faults", control.log.faults));
    }
    if control.log.invariants.is_empty() {
        return Some("no invariant was judged, so nothing could be broken".into());
    }
    let broken = control.log.invariants.iter().find(|i| i.verdict != Verdict::Passed)?;
    Some(format!("without any fault, `{}` does not hold: {}", broken.id, broken.detail))
}

/// The finding, and the criteria that its verdict follows from.
fn account(drill: &Drill, control: Run, experiment: Run, unsound: Option<String>) -> Finding {
    let unjudged: Vec<&str> = control
        .log
        .invariants
        .iter()
        .filter(|c| !experiment.log.invariants.iter().any(|e| e.id == c.id))
        .map(|c| c.id.as_str())
        .collect();
    let invariants = if experiment.log.invariants.iter().any(|i| i.verdict == Verdict::Failed) {
        Invariants::Broken
    } else if unjudged.is_empty() {
        Invariants::Held
    } else {
        Invariants::Unjudged
    };
    let recovery = match experiment.log.recovery {
        _ if experiment.log.recovery_began.is_some() => Recovery::Never,
        Some(took) if took <= drill.recovery_within => Recovery::InTime,
        Some(_) => Recovery::Late,
        None => Recovery::Never,
    };
    let outcome = Outcome {
        control: if unsound.is_none() { Control::Sound } else { Control::Unsound },
        end: experiment.end,
        fault: match (experiment.log.faults, experiment.log.injecting) {
            (1.., _) => Injection::Happened,
            (0, 1..) => Injection::UnderWay,
            (0, 0) => Injection::Missing,
        },
        steady_before: experiment.log.steady_before_fault == Some(true),
        invariants,
        recovery,
    };
    let (verdict, _) = decide(outcome);
    let criteria = criteria(drill, &control, &experiment, outcome, unsound, &unjudged);
    let (control, experiment) = (trial_account(control), experiment);
    Finding {
        claim: drill.claim.clone(),
        verdict,
        seed: Some(drill.seed),
        criteria,
        measurements: experiment.log.measurements.clone(),
        ratios: Vec::new(),
        drill: Some(DrillAccount {
            steady_state: drill.steady_state.clone(),
            fault: drill.fault.clone(),
            degraded_mode: drill.degraded_mode.clone(),
            recovery_trigger: drill.recovery_trigger.clone(),
            recovery_within_ms: millis(drill.recovery_within),
            control,
            experiment: trial_account(experiment),
            replay: drill.replay(),
        }),
    }
}

/// One criterion for each column of the decision table, between them the invariants under the fault.
fn criteria(
    drill: &Drill,
    control: &Run,
    experiment: &Run,
    outcome: Outcome,
    unsound: Option<String>,
    unjudged: &[&str],
) -> Vec<Criterion> {
    let inconclusive_unless = |held: bool| if held { Verdict::Passed } else { Verdict::Inconclusive };
    let criterion = |part: &str, claim: &str, verdict: Verdict, detail: String, facts: Vec<Fact>| Criterion {
        id: format!("{}.{part}", drill.id),
        claim: claim.into(),
        verdict,
        detail: if verdict == Verdict::Passed { String::new() } else { detail },
        facts,
    };
    let sound = unsound.is_none();
    let mut all = vec![criterion(
        "control",
        "without the fault, the steady state is reached and every invariant holds",
        inconclusive_unless(sound),
        unsound.unwrap_or_default(),
        vec![Fact::count("invariants", control.log.invariants.len() as u64, "")],
    )];
    if !sound {
        return all;
    }
    let happened = outcome.fault == Injection::Happened && outcome.steady_before;
    let why = match outcome.fault {
        Injection::Happened => "the steady state was not reached before the fault",
        Injection::UnderWay => "breaking it began, and did not come to its end",
        Injection::Missing => "the fault did not happen",
    };
    all.push(criterion(
        "fault",
        "the fault really happened, in the steady state",
        inconclusive_unless(happened),
        why.into(),
        vec![Fact::count("faults", experiment.log.faults, "")],
    ));
    let ended = if experiment.end == End::Done { Verdict::Passed } else { Verdict::Failed };
    all.push(criterion("end", "the trial came to its end", ended, experiment.error.clone(), Vec::new()));
    all.extend(experiment.log.invariants.iter().cloned());
    for id in unjudged {
        let known = control.log.invariants.iter().find(|c| c.id == *id);
        all.push(Criterion {
            id: (*id).into(),
            claim: known.map(|c| c.claim.clone()).unwrap_or_default(),
            verdict: Verdict::Inconclusive,
            detail: "judged in the control run only".into(),
            facts: Vec::new(),
        });
    }
    let within = millis(drill.recovery_within);
    let (verdict, detail) = match outcome.recovery {
        _ if !happened => (Verdict::Inconclusive, "there was nothing to recover from".into()),
        Recovery::InTime => (Verdict::Passed, String::new()),
        Recovery::Late => (Verdict::Failed, format!("it took longer than {within} ms")),
        Recovery::Never => (Verdict::Failed, "the steady state was not seen again".into()),
    };
    let facts = experiment.log.recovery.map(|took| Fact::real("recovery", took.as_secs_f64() * 1e3, "ms"));
    all.push(criterion(
        "recovery",
        &format!("the steady state is back within {within} ms"),
        verdict,
        detail,
        facts.into_iter().collect(),
    ));
    all
}

fn trial_account(run: Run) -> evidence::Trial {
    let mut timeline = run.log.timeline;
    if !run.error.is_empty() {
        let at = timeline.last().map_or(0, |(at, _)| *at);
        timeline.push((at, run.error));
    }
    evidence::Trial {
        faults_injected: run.log.faults,
        recovery_ms: run.log.recovery.map(millis),
        invariants: run.log.invariants,
        timeline,
    }
}

/// Whole milliseconds, rounded up, so that a recovery never looks faster than it was.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message")
}
