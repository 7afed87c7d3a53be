//! What a drill concludes, from trials that pass, lie, break, panic and hang. How these tests could be fooled: a
//! runner that always says "failed" would satisfy half of them, so the drill that passes is the first.

#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evidence::{Finding, Verdict};
use faults::counters;
use faults::drill::{Drill, Trial, TrialResult};
use faults::process::{Launch, Stream};

const LONG: Duration = Duration::from_secs(30);

fn drill() -> Drill {
    Drill::new(2, "sample.drill", "The sample survives.")
        .steady_state("it works")
        .fault("it is broken")
        .recovery("it is mended", LONG)
}

type Case = fn(&Trial) -> TrialResult;

/// A trial in which all is well.
fn good(trial: &Trial) -> TrialResult {
    trial.steady("works");
    trial.inject("broken", || Ok::<_, std::io::Error>(3))?;
    trial.recovery_begins("mended");
    trial.recovered("works again");
    trial.invariant("sample.alive", "it lives", true, "", Vec::new());
    Ok(())
}

fn wait_gone(pid: u32) {
    let until = std::time::Instant::now() + LONG;
    while !matches!(counters::state_of(pid), Err(_) | Ok('Z')) {
        assert!(std::time::Instant::now() < until, "process {pid} is still there");
        std::thread::yield_now();
    }
}

fn detail<'a>(finding: &'a Finding, id: &str) -> (&'a str, Verdict) {
    let criterion = finding.criteria.iter().find(|criterion| criterion.id == id);
    let criterion = criterion.unwrap_or_else(|| panic!("no criterion {id} in {:#?}", finding.criteria));
    (&criterion.detail, criterion.verdict)
}

#[test]
fn a_fault_that_happened_and_was_survived_is_a_pass_with_a_full_account() {
    let finding = drill().run(good);
    assert_eq!(finding.verdict, Verdict::Passed, "{:#?}", finding.criteria);
    assert!(finding.criteria.iter().all(|criterion| criterion.verdict == Verdict::Passed));
    let account = finding.drill.unwrap();
    assert_eq!((account.control.faults_injected, account.experiment.faults_injected), (0, 3));
    assert!(account.experiment.recovery_ms.is_some());
    assert!(account.experiment.timeline.iter().any(|(_, event)| event == "fault x3: broken"));
    assert!(!account.control.timeline.iter().any(|(_, event)| event.starts_with("fault")));
    assert_eq!(account.replay, format!("cargo lab drill 2 --seed {}", finding.seed.unwrap()));
}

#[test]
fn a_control_run_that_does_not_work_is_inconclusive_and_spares_the_experiment() {
    let runs = Arc::new(AtomicU32::new(0));
    let cases: [(&str, Case); 5] = [
        ("the control run ended with: no port", |_| Err("no port".into())),
        ("panicked: it broke", |_| panic!("it broke")),
        ("the steady state was never reached: it works", |trial| {
            trial.invariant("a", "a", true, "", Vec::new());
            Ok(())
        }),
        ("no invariant was judged", |trial| {
            trial.steady("works");
            Ok(())
        }),
        ("the control run injected 1 faults", |trial| {
            trial.steady("works");
            trial.invariant("a", "a", true, "", Vec::new());
            trial.faults_happened(1, "by mistake");
            Ok(())
        }),
    ];
    for (why, case) in cases {
        let counted = runs.clone();
        let before = runs.load(Ordering::SeqCst);
        let finding = drill().run(move |trial| {
            counted.fetch_add(1, Ordering::SeqCst);
            case(trial)
        });
        assert_eq!(runs.load(Ordering::SeqCst) - before, 1, "the experiment cannot count, so it is not run");
        let (told, verdict) = detail(&finding, "sample.drill.control");
        assert_eq!((finding.verdict, verdict), (Verdict::Inconclusive, Verdict::Inconclusive));
        assert!(told.contains(why), "{told:?} does not say {why:?}");
    }
}

#[test]
fn an_invariant_that_is_false_without_any_fault_is_no_proof_against_the_fault() {
    let finding = drill().run(|trial| {
        good(trial)?;
        trial.invariant("sample.fast", "it is fast", trial.breaks(), "it is slow", Vec::new());
        Ok(())
    });
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert!(detail(&finding, "sample.drill.control").0.contains("`sample.fast` does not hold: it is slow"));
}

#[test]
fn a_fault_that_did_not_happen_is_inconclusive_however_well_all_went() {
    let finding = drill().run(|trial| {
        trial.steady("works");
        trial.inject("missed", || Ok::<_, std::io::Error>(0))?;
        trial.recovery_begins("mended");
        trial.recovered("works");
        trial.invariant("sample.alive", "it lives", true, "", Vec::new());
        Ok(())
    });
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_eq!(detail(&finding, "sample.drill.fault").0, "the fault did not happen");
}

#[test]
fn a_subject_that_breaks_while_it_is_being_broken_has_failed() {
    let cases: [Case; 2] = [|_| Err("no answer".into()), |_| panic!("no answer")];
    for case in cases {
        let finding = drill().run(move |trial| {
            trial.steady("works");
            trial.invariant("sample.alive", "it lives", true, "", Vec::new());
            trial.inject("broken", || case(trial).map(|()| 1))?;
            Ok(())
        });
        assert_eq!(finding.verdict, Verdict::Failed);
        assert!(detail(&finding, "sample.drill.end").0.contains("no answer"));
        assert!(detail(&finding, "sample.drill.fault").0.contains("did not come to its end"));
    }
}

#[test]
fn a_fault_before_the_steady_state_shows_nothing() {
    let finding = drill().run(|trial| {
        trial.inject("too soon", || Ok::<_, std::io::Error>(1))?;
        good(trial)
    });
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_eq!(detail(&finding, "sample.drill.fault").0, "the steady state was not reached before the fault");
}

#[test]
fn a_broken_invariant_fails_even_when_it_is_judged_true_later() {
    let finding = drill().run(|trial| {
        good(trial)?;
        trial.invariant("sample.alive", "it lives", !trial.breaks(), "it died", Vec::new());
        trial.invariant("sample.alive", "it lives", true, "", Vec::new());
        Ok(())
    });
    assert_eq!(finding.verdict, Verdict::Failed);
    assert_eq!(detail(&finding, "sample.alive"), ("it died", Verdict::Failed));
}

#[test]
fn an_invariant_that_only_the_control_run_judged_is_not_a_pass() {
    let finding = drill().run(|trial| {
        good(trial)?;
        if !trial.breaks() {
            trial.invariant("sample.whole", "it is whole", true, "", Vec::new());
        }
        Ok(())
    });
    assert_eq!(finding.verdict, Verdict::Inconclusive);
    assert_eq!(detail(&finding, "sample.whole"), ("judged in the control run only", Verdict::Inconclusive));
}

#[test]
fn a_recovery_that_is_late_or_never_comes_fails() {
    let late = drill().recovery("it is mended", Duration::ZERO).run(good);
    assert_eq!((late.verdict, detail(&late, "sample.drill.recovery").1), (Verdict::Failed, Verdict::Failed));

    // The first recovery does not excuse the second.
    let never = drill().run(|trial| {
        good(trial)?;
        trial.recovery_begins("again");
        Ok(())
    });
    assert_eq!(never.verdict, Verdict::Failed);
    assert_eq!(detail(&never, "sample.drill.recovery").0, "the steady state was not seen again");
}

#[test]
fn an_error_and_a_panic_under_the_fault_fail_and_say_what_was_said() {
    let error = drill().run(|trial| {
        good(trial)?;
        if trial.breaks() { Err("the server is gone".into()) } else { Ok(()) }
    });
    assert_eq!(error.verdict, Verdict::Failed);
    assert_eq!(detail(&error, "sample.drill.end").0, "the server is gone");

    let panic = drill().run(|trial| {
        good(trial)?;
        assert!(!trial.breaks(), "index {} out of range", 7);
        Ok(())
    });
    assert_eq!(detail(&panic, "sample.drill.end").0, "panicked: index 7 out of range");
}

#[test]
fn a_hang_is_a_failure_with_the_timeline_so_far_and_its_processes_dead() {
    let pids = Arc::new(Mutex::new(Vec::new()));
    let seen = pids.clone();
    let finding = drill().trial_deadline(Duration::from_millis(500)).run(move |trial| {
        good(trial)?;
        let sh = trial.spawn(Launch::of("/bin/sh").args(["-c", "sleep 600 & echo $!; wait"]))?;
        let child = sh.wait_for_line(Stream::Stdout, |_| true, LONG)?;
        seen.lock().unwrap().extend([sh.pid(), child.parse()?]);
        trial.event("about to wait");
        if trial.breaks() {
            // Far beyond the deadline of the trial.
            sh.wait_for_line(Stream::Stdout, |_| false, Duration::from_secs(3600))?;
        }
        Ok(())
    });
    assert_eq!(finding.verdict, Verdict::Failed);
    assert!(detail(&finding, "sample.drill.end").0.contains("still running after 500 ms"));
    let events: Vec<String> =
        finding.drill.unwrap().experiment.timeline.into_iter().map(|(_, e)| e).collect();
    assert!(events.contains(&"about to wait".into()), "{events:?}");
    assert!(events.iter().any(|event| event.starts_with("hung")), "{events:?}");
    let pids = pids.lock().unwrap().clone();
    assert_eq!(pids.len(), 4);
    pids.into_iter().for_each(wait_gone);
}

#[test]
fn a_trial_that_cannot_be_unstuck_is_left_behind_and_what_it_starts_then_dies_at_once() {
    let (tell, told) = std::sync::mpsc::channel();
    let finding = drill().trial_deadline(Duration::from_millis(200)).run(move |trial| {
        good(trial)?;
        if trial.breaks() {
            let sleeper = || trial.spawn(Launch::of("sleep").arg("600"));
            let first = sleeper()?;
            // It ends when the trial is given up; what is started then must not stay.
            assert!(first.wait_for_line(Stream::Stdout, |_| true, LONG).is_err());
            let late = sleeper()?;
            tell.send(late.pid())?;
            loop {
                std::thread::park();
            }
        }
        Ok(())
    });
    assert_eq!(finding.verdict, Verdict::Failed);
    wait_gone(told.recv_timeout(LONG).unwrap());
}

#[test]
fn both_runs_and_every_replay_draw_the_same_numbers() {
    let drawn = Arc::new(Mutex::new(Vec::new()));
    for _ in 0..2 {
        let drawn = drawn.clone();
        drill().run(move |trial| {
            // What one purpose draws does not move another.
            let mut other = trial.dice("other");
            (0..drawn.lock().unwrap().len()).for_each(|_| {
                other.next_u64();
            });
            let mut dice = trial.dice("offsets");
            drawn.lock().unwrap().push([dice.next_u64(), dice.next_u64()]);
            good(trial)
        });
    }
    let drawn = drawn.lock().unwrap();
    assert_eq!(drawn.len(), 4);
    assert!(drawn.iter().all(|numbers| *numbers == drawn[0]), "{drawn:?}");
}

#[test]
fn a_timeline_stays_short_and_says_what_it_left_out() {
    let finding = drill().run(|trial| {
        good(trial)?;
        (0..1000).for_each(|n| trial.event(format!("event {n}")));
        Ok(())
    });
    let timeline = finding.drill.unwrap().experiment.timeline;
    assert!(timeline.len() <= 201, "{}", timeline.len());
    assert!(timeline.last().unwrap().1.ends_with("more events, not kept"), "{:?}", timeline.last());
}
