//! How a tool of the lab begins and ends: arguments in, one line and one exit code out.
//!
//! ```no_run
//! use std::process::ExitCode;
//! use clap::Parser;
//!
//! /// Says hello.
//! #[derive(Parser)]
//! struct Args {
//!     /// Whom to greet
//!     #[arg(long)]
//!     name: String,
//! }
//!
//! fn main() -> ExitCode {
//!     logger::usage::run(|args: Args| -> Result<(), logger::LogError> {
//!         println!("hello, {}", args.name);
//!         Ok(())
//!     })
//! }
//! ```

use std::ffi::OsString;
use std::io::Write;
use std::os::fd::AsFd;
use std::process::ExitCode;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use rustix::event::{PollFd, PollFlags, Timespec};

use crate::{Coded, Exit, LogError};

// ANCHOR: run
/// A whole `main`: parses the arguments, runs the tool, ends in the contract's line and exit code.
pub fn run<A: Parser, E: Coded>(tool: impl FnOnce(A) -> Result<(), E>) -> ExitCode {
    match parse::<A>(std::env::args_os()) {
        Ok(args) => finish(tool(args)),
        Err(exit) => exit,
    }
}
// ANCHOR_END: run

/// Parses arguments, the program's name first. Help and version go to standard output and are a success; a refusal
/// goes to standard error as `error[USAGE]: …` and the exit code is 2.
pub fn parse<A: Parser>(args: impl IntoIterator<Item = OsString>) -> Result<A, ExitCode> {
    A::try_parse_from(args).map_err(|refusal| match refusal.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match refusal.print() {
            Ok(()) => ExitCode::SUCCESS,
            Err(source) => finish(Err::<(), _>(LogError::Output { source })),
        },
        _ => finish(Err::<(), _>(LogError::Usage { what: describe(&refusal) })),
    })
}

/// Ends a `main`: nothing to say about a success, one line on standard error about a failure.
pub fn finish<T, E: Coded>(result: Result<T, E>) -> ExitCode {
    // lab:hole logger.finish
    match result {
        Ok(_) => Exit::Done.into(),
        Err(error) => {
            complain(&error.line());
            error.code().exit.into()
        }
    }
    // lab:stub todo!("logger.finish: the line goes to standard error, the exit code comes from the catalog")
    // lab:end
}

/// Writes one line to standard error. When even that fails there is nobody left to tell, so the failure is dropped.
pub fn complain(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Writes one line to standard error, unless that would have to wait: a pipe that nobody reads must not stop the one
/// who complains about it. A line too long to be written at once is cut.
pub(crate) fn complain_at_once(line: &str) {
    let stderr = std::io::stderr();
    // Not through the standard library's lock, which whoever is stuck in a write holds.
    let stderr = stderr.as_fd();
    let mut asked = [PollFd::from_borrowed_fd(stderr, PollFlags::OUT)];
    let ready = rustix::event::poll(&mut asked, Some(&Timespec::default()));
    if ready == Ok(1) && asked[0].revents().contains(PollFlags::OUT) {
        let mut bytes = line.as_bytes()[..line.len().min(PIPE_BUF - 1)].to_vec();
        bytes.push(b'\n');
        let _ = rustix::io::write(stderr, &bytes);
    }
}

/// A writable pipe takes this many bytes without waiting (pipe(7)).
const PIPE_BUF: usize = 4096;

/// What is wrong with a command line, as one clause that does not depend on the parser's wording.
fn describe(refusal: &clap::Error) -> String {
    // lab:hole logger.describe-usage
    let context = |kind| refusal.get(kind).map(plain).unwrap_or_default();
    let arg = context(ContextKind::InvalidArg);
    match refusal.kind() {
        ErrorKind::MissingRequiredArgument => format!("missing {arg}"),
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            "missing a command".into()
        }
        ErrorKind::InvalidSubcommand => {
            format!("unknown command `{}`", context(ContextKind::InvalidSubcommand))
        }
        ErrorKind::UnknownArgument => format!("unknown argument `{arg}`"),
        ErrorKind::ArgumentConflict => match context(ContextKind::PriorArg) {
            other if other == arg => format!("{arg} is given twice"),
            other => format!("{arg} cannot be given together with {other}"),
        },
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = context(ContextKind::InvalidValue);
            let why = std::error::Error::source(refusal).map(|e| format!(": {e}")).unwrap_or_default();
            match value.is_empty() {
                true => format!("{arg} needs a value"),
                false => format!("{arg} cannot be {value:?}{why}"),
            }
        }
        _ => first_line(&refusal.to_string()),
    }
    // lab:stub todo!("logger.describe-usage: say what is wrong and name the argument, by kind of refusal")
    // lab:end
}

/// A context value as words.
fn plain(value: &ContextValue) -> String {
    match value {
        ContextValue::String(one) => one.clone(),
        ContextValue::Strings(many) => many.join(", "),
        other => other.to_string(),
    }
}

/// The parser's own sentence, for kinds that have no clause of ours.
fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().trim_start_matches("error: ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::CATALOG;

    #[derive(Debug, Parser)]
    #[command(name = "tool")]
    enum Tool {
        /// Take one thing
        Take {
            /// The thing
            thing: String,
            #[arg(long, conflicts_with = "none")]
            some: Option<u8>,
            #[arg(long)]
            none: bool,
        },
    }

    fn refusal(line: &str) -> String {
        let args = line.split_whitespace().map(OsString::from);
        describe(&Tool::try_parse_from(args).unwrap_err())
    }

    // ANCHOR: described
    #[test]
    fn a_refused_command_line_is_described_by_what_is_wrong_with_it() {
        for (line, what) in [
            ("tool", "missing a command"),
            ("tool give", "unknown command `give`"),
            ("tool take", "missing <THING>"),
            ("tool take x y", "unknown argument `y`"),
            ("tool take x --all", "unknown argument `--all`"),
            ("tool take x --some", "--some <SOME> needs a value"),
            ("tool take x --some 1 --some 2", "--some <SOME> is given twice"),
            ("tool take x --some 1 --none", "--some <SOME> cannot be given together with --none"),
            ("tool take x --some 256", "--some <SOME> cannot be \"256\": 256 is not in 0..=255"),
        ] {
            assert_eq!(refusal(line), what, "{line}");
        }
    }
    // ANCHOR_END: described

    #[test]
    fn a_success_ends_in_zero_and_a_failure_in_the_exit_code_of_its_catalog_entry() {
        let shown = |code: ExitCode| format!("{code:?}");
        assert_eq!(shown(finish(Ok::<_, LogError>(()))), shown(ExitCode::SUCCESS));
        for error in [LogError::MsgEmpty, LogError::Usage { what: "x".into() }, LogError::InstalledTwice] {
            let promised = ExitCode::from(error.code().exit.number());
            assert_eq!(shown(finish(Err::<(), _>(error))), shown(promised));
        }
    }

    #[test]
    fn every_line_of_the_catalog_can_stand_on_standard_error() {
        for code in CATALOG {
            for text in [code.meaning, code.way_out] {
                assert!(!text.is_empty() && !text.contains(['\n', ';']), "{}: {text}", code.code);
            }
            assert!(code.meaning.ends_with('.') && !code.way_out.ends_with('.'), "{}", code.code);
            assert!(code.code.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-'));
        }
    }
}
