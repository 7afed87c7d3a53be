//! The command line: what can be asked, and who answers.
//!
//! One file a command, each with its arguments and a `run`. The exit codes are those of all the course's tools
//! ([`logger::Exit`]); a failure is one line on stderr, `error[CODE]: what happened; what to do`.
//!
//! # `--json`
//!
//! stdout carries JSON, one value a line, and everything that is meant for people goes to stderr.
//!
//! | command | lines |
//! | --- | --- |
//! | `status`, `day`, `next`, `verify`, `doctor` | one object with the answer; `status` is `{"weeks": [{"week": 1, "days": […6], …}, …24], "next": …}` |
//! | `gate`, `drill`, `bench`, `demo`, `run` | `{"event": "build", "compiled", "ms"}`, then one `{"event": "record", "id", "verdict", "file", "ms", "criteria", "seed"}` a record; `run` ends with `{"event": "done", "passed", "not_passed", "index", "book"}` |
//! | `test` | one `{"event": "test", "binary", "name", "passed", "output"}` a test, then `tests`, `doc-tests` and `done` |
//! | `trace` | one `{"event": "record", "offset_ms", "log", …the record's own fields}` a record, then `done` with the logs |
//! | any that fails | last, `{"error": {"code", "what", "exit"}}`; `exit` is the exit code |

pub mod book;
pub mod check;
pub mod console;
mod context;
pub mod day;
pub mod doctor;
pub mod hint;
pub mod judge;
pub mod next;
pub mod prove_gates;
pub mod run;
pub mod start;
pub mod status;
pub mod test;
pub mod trace;
mod usage;
pub mod verify;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use logger::{Coded, Exit};

pub use console::{Console, Mark, Step};
pub use context::Context;

use crate::error::{Failure, INTERRUPTED, OUTPUT};
use crate::exec::interrupt;

/// `cargo lab`: runs, proves and narrates the course.
#[derive(Debug, Parser)]
#[command(
    name = "cargo lab",
    bin_name = "cargo lab",
    version,
    about = "Runs, proves and narrates the course; without a command, shows the board",
    disable_help_subcommand = false
)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Verb>,
}

/// Options that every command has.
#[derive(Debug, Clone, clap::Args)]
struct Global {
    /// Work in the course or workbench at this folder
    #[arg(long, global = true, value_name = "DIR")]
    dir: Option<std::path::PathBuf>,
    /// Write JSON to stdout, and what is meant for people to stderr
    #[arg(long, global = true)]
    json: bool,
}

/// The commands. A new one is a file, a line here and a line in [`dispatch`].
#[derive(Debug, Subcommand)]
enum Verb {
    /// Show the board: 24 weeks, 144 days, what is proven, stale or open
    Status,
    /// Show a day's brief, as in `day 3.2`
    Day(day::Args),
    /// Lay down a week to work on, as in `start 2`
    Start(start::Args),
    /// Run a day's checks, as in `check 2.3`: what is open, what is red, and why
    Check(check::Args),
    /// Check again on every save
    Watch(check::WatchArgs),
    /// Show one hint more than last time, as in `hint 2.3`
    Hint(hint::Args),
    /// Say what to do now
    Next,
    /// Run a week's quality gate and put it on record
    Gate(judge::GateArgs),
    /// Run a week's failure drill and put it on record
    Drill(judge::DrillArgs),
    /// Run a week's measurement and put it on record
    Bench(judge::BenchArgs),
    /// Run a month's demo and put it on record
    Demo(judge::DemoArgs),
    /// Run every gate, drill, measurement and demo; write the evidence; build the book
    Run(run::Args),
    /// Build the book, or serve it while you write
    Book(book::Args),
    /// Fill in the book's pages for a plain `mdbook build`
    #[command(hide = true)]
    BookPreprocess(book::PreprocessArgs),
    /// Run every test, through cargo-nextest (fetched when missing), then the doc tests
    Test(test::Args),
    /// Follow one request through any set of logs
    Trace(trace::Args),
    /// Say what this machine lacks, with the fix
    Doctor,
    /// Re-verify an evidence folder offline, ours or anyone's
    Verify(verify::Args),
    /// Prove that every gate can fail, and fails for the right reason
    ProveGates(prove_gates::Args),
}

fn dispatch(context: &Context, command: Option<Verb>) -> Result<Exit, Failure> {
    match command {
        None | Some(Verb::Status) => status::run(context),
        Some(Verb::Day(args)) => day::run(&args, context),
        Some(Verb::Start(args)) => start::run(&args, context),
        Some(Verb::Check(args)) => check::run(&args, context),
        Some(Verb::Watch(args)) => check::watch(&args, context),
        Some(Verb::Hint(args)) => hint::run(&args, context),
        Some(Verb::Next) => next::run(context),
        Some(Verb::Gate(args)) => judge::gate(&args, context),
        Some(Verb::Drill(args)) => judge::drill(&args, context),
        Some(Verb::Bench(args)) => judge::bench(&args, context),
        Some(Verb::Demo(args)) => judge::demo(&args, context),
        Some(Verb::Run(args)) => run::run(&args, context),
        Some(Verb::Book(args)) => book::run(&args, context),
        Some(Verb::BookPreprocess(args)) => book::preprocess(&args),
        Some(Verb::Test(args)) => test::run(&args, context),
        Some(Verb::Trace(args)) => trace::run(&args, context),
        Some(Verb::Doctor) => doctor::run(context),
        Some(Verb::Verify(args)) => verify::run(&args, context),
        Some(Verb::ProveGates(args)) => prove_gates::run(&args, context),
    }
}

/// The whole of `main`.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage::answer(&error),
    };
    if let Err(e) = interrupt::install() {
        eprintln!("warning: Ctrl-C will not end child processes: {e}");
    }
    let context = Context::new(cli.global.dir, cli.global.json);
    match dispatch(&context, cli.command) {
        Ok(Exit::Done) if console::output_was_lost() => {
            fail(&context, &Failure::new(&OUTPUT, "standard output did not take all of the result"))
        }
        Ok(exit) => exit.into(),
        Err(failure) => fail(&context, &failure),
    }
}

fn fail(context: &Context, failure: &Failure) -> ExitCode {
    let console = context.console();
    if !failure.detail.is_empty() {
        console.note(&failure.detail);
    }
    console.note(failure.line());
    console.event(&serde_json::json!({
        "error": { "code": failure.code.code, "what": failure.what, "exit": failure.code.exit as u8 }
    }));
    if failure.code == &INTERRUPTED {
        interrupt::die_of_it();
    }
    failure.code.exit.into()
}
