//! What the user sees: steps with progress on a terminal, plain lines in a pipe, JSON lines for machines.
//!
//! Results go to stdout. With `--json`, stdout carries JSON lines only, and what is meant for people goes to stderr.
//! Colour only ever repeats what a word says, and is used on a terminal only, unless `NO_COLOR` is set.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::Failure;

/// How a step ended, or how a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Done, or shown to be true.
    Good,
    /// Shown to be false.
    Bad,
    /// Neither: skipped, stale, inconclusive.
    Open,
}

impl Mark {
    fn sign(self) -> &'static str {
        match self {
            Mark::Good => "✓",
            Mark::Bad => "✗",
            Mark::Open => "–",
        }
    }

    fn colour(self) -> &'static str {
        match self {
            Mark::Good => "32",
            Mark::Bad => "31",
            Mark::Open => "33",
        }
    }
}

/// The user's end of the command.
#[derive(Debug, Clone)]
pub struct Console {
    json: bool,
    colour: bool,
    bars: bool,
}

impl Console {
    /// The console of this process.
    pub fn new(json: bool) -> Self {
        let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let terminal = if json { std::io::stderr().is_terminal() } else { std::io::stdout().is_terminal() };
        Console { json, colour: terminal && !plain, bars: std::io::stderr().is_terminal() }
    }

    /// True with `--json`.
    pub fn json(&self) -> bool {
        self.json
    }

    /// True when progress is drawn.
    pub fn bars(&self) -> bool {
        self.bars
    }

    /// A line for people.
    pub fn say(&self, line: impl AsRef<str>) {
        if self.json {
            self.note(line);
        } else {
            write_result(line.as_ref());
        }
    }

    /// A line for people that is not a result: progress, advice. On stderr.
    pub fn note(&self, line: impl AsRef<str>) {
        write_line(std::io::stderr(), line.as_ref());
    }

    /// Tells the long story of a failure that is not the last word yet; only its error line is left to say.
    pub fn told(&self, mut failure: Failure) -> Failure {
        if !failure.detail.is_empty() {
            self.note(std::mem::take(&mut failure.detail));
        }
        failure
    }

    /// A JSON line on stdout; nothing without `--json`.
    pub fn event(&self, event: &serde_json::Value) {
        if self.json {
            write_result(&event.to_string());
        }
    }

    /// A text, coloured by a mark where colour is wanted.
    pub fn paint(&self, mark: Mark, text: &str) -> String {
        self.wrap(mark.colour(), text)
    }

    /// A heading, bold where that is wanted.
    pub fn bold(&self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// Something of less weight, dim where that is wanted.
    pub fn dim(&self, text: &str) -> String {
        self.wrap("2", text)
    }

    fn wrap(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Begins a step. `total` is the number of parts, where it is known.
    pub fn step(&self, label: &str, total: Option<u64>) -> Step<'_> {
        let bar = match (self.bars, total) {
            (false, _) => ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden()),
            (true, Some(total)) => ProgressBar::new(total)
                .with_style(style("{spinner} {prefix} [{bar:24}] {pos}/{len} {wide_msg}")),
            (true, None) => {
                ProgressBar::new_spinner().with_style(style("{spinner} {prefix} {elapsed} {wide_msg}"))
            }
        };
        bar.set_prefix(label.to_owned());
        if self.bars {
            bar.enable_steady_tick(Duration::from_millis(100));
        }
        Step { console: self, label: label.to_owned(), bar, started: Instant::now(), over: false }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Standard output did not take a line: the disk behind it is full, for instance.
static OUTPUT_LOST: AtomicBool = AtomicBool::new(false);

/// True where a line of the result is missing. What is under way is finished all the same, since its evidence does not go
/// through standard output; but a command whose words got lost must not say that all is well.
pub fn output_was_lost() -> bool {
    OUTPUT_LOST.load(Ordering::Relaxed)
}

/// Writes a line of the result.
fn write_result(line: &str) {
    if !write_line(std::io::stdout(), line) {
        OUTPUT_LOST.store(true, Ordering::Relaxed);
    }
}

/// Writes a line; false where it was not taken. A reader that went away (`cargo lab status | head -1`) is no error of ours:
/// we end quietly, as every tool in a pipe does.
fn write_line(mut to: impl Write, line: &str) -> bool {
    match writeln!(to, "{line}") {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => std::process::exit(0),
        written => written.is_ok(),
    }
}

/// A step that is under way.
#[derive(Debug)]
pub struct Step<'a> {
    console: &'a Console,
    label: String,
    bar: ProgressBar,
    started: Instant,
    over: bool,
}

impl Step<'_> {
    /// One more part is done.
    pub fn advance(&self) {
        self.bar.inc(1);
    }

    /// What is being done right now; seen on a terminal only.
    pub fn now(&self, what: &str) {
        self.bar.set_message(what.to_owned());
    }

    /// How long it has taken.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Ends the step with one line: mark, label, outcome, time.
    pub fn done(mut self, mark: Mark, outcome: &str) {
        self.over = true;
        self.bar.finish_and_clear();
        let console = self.console;
        let sign = console.paint(mark, mark.sign());
        let time = console.dim(&format!("{:.1} s", self.started.elapsed().as_secs_f64()));
        console.say(format!("{sign} {:<28} {outcome}  {time}", self.label));
    }
}

impl Drop for Step<'_> {
    /// A step that is dropped (an error passed through) leaves no half-drawn bar behind.
    fn drop(&mut self) {
        if !self.over {
            self.bar.finish_and_clear();
        }
    }
}
