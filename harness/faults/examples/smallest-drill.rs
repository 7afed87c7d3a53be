//! The smallest whole drill: a process that adds numbers is frozen and thawed, and must lose none.
//!
//! `FAULT=none` and `SUM=wrong` spoil it on purpose; the tests of this crate use that to see a drill that is
//! inconclusive and one that fails.

use std::env::var;
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;

use evidence::Fact;
use faults::drill::{Drill, Trial, TrialResult};
use faults::process::{Launch, Process, Stream};

const DEADLINE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    Drill::new(1, "adder.frozen", "A frozen adder answers nothing, and everything once it is thawed.")
        .steady_state("it answers a number with the sum so far")
        .fault("the process is stopped while numbers arrive")
        .degraded_mode("no answer comes, and no number is lost")
        .recovery("the process is continued", Duration::from_secs(5))
        .main(trial)
}

fn trial(trial: &Trial) -> TrialResult {
    let script = "sum=0; while read n; do sum=$((sum + n)); echo $sum; done";
    let mut adder = trial.spawn(Launch::of("/bin/sh").args(["-c", script]).stdin_open())?;
    let mut numbers = trial.dice("numbers");
    let mut sent = 0;
    send(&mut adder, 1, &mut sent)?;
    answer(&adder)?;
    trial.steady("the first sum came back");

    trial.inject("stopped", || match var("FAULT").as_deref() {
        Ok("none") => Ok(0),
        _ => adder.stop(DEADLINE).map(|()| 1),
    })?;
    for _ in 0..10 {
        send(&mut adder, numbers.between(1, 1000), &mut sent)?;
    }
    if trial.breaks() {
        trial.recovery_begins("continued");
        adder.resume(DEADLINE)?;
    }
    let mut sum = 0;
    for _ in 0..10 {
        sum = answer(&adder)?;
    }
    trial.recovered("all sums came back");
    if trial.breaks() && var("SUM").as_deref() == Ok("wrong") {
        sum += 1;
    }
    trial.invariant(
        "adder.loses-nothing",
        "the last sum is the sum of all numbers that were sent",
        sum == sent,
        format!("{sent} were sent, {sum} arrived"),
        vec![Fact::count("sum", sum, "")],
    );
    Ok(())
}

fn send(adder: &mut Process, number: u64, sent: &mut u64) -> TrialResult {
    let stdin = adder.stdin().ok_or("stdin is not open")?;
    writeln!(stdin, "{number}")?;
    *sent += number;
    Ok(())
}

fn answer(adder: &Process) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    Ok(adder.wait_for_line(Stream::Stdout, |_| true, DEADLINE)?.parse()?)
}
