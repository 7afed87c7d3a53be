//! The shell in which the commands of one page run.

use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::parse::{Got, Step};
use crate::error::{Failure, PAGE_FILE};
use crate::exec::interrupt;

/// How long one command may take.
const COMMAND_DEADLINE: Duration = Duration::from_secs(20);
/// How often a wait looks whether the user has asked to stop.
const INTERRUPT_LOOK: Duration = Duration::from_millis(100);
/// The most that one command may print: 256 KiB. More is cut off and so does not fit.
const OUTPUT_BYTES_MAX: u64 = 256 * 1024;
/// The largest file that a command may write, in blocks of 512 bytes: 64 MiB.
const FILE_BLOCKS_MAX: u32 = 131_072;

/// What commands find on their `PATH`.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    /// Folders before the system's own.
    pub(crate) path: Vec<PathBuf>,
    /// The `lab` binary, which `cargo lab …` is.
    pub(crate) lab: PathBuf,
    /// Where `cargo lab …` runs when the page's folder is no workspace.
    pub(crate) root: PathBuf,
}

/// What the commands of a page did.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// One for each command that ended.
    pub(crate) ran: Vec<Got>,
    /// The line of the command at which it had to stop, and why.
    pub(crate) broken: Option<(usize, String)>,
}

/// Runs the commands in order, in one shell in an empty folder; whatever is left over is ended.
pub(crate) fn run(steps: &[Step], tools: &Tools) -> Result<Outcome, Failure> {
    let failed = |what: String| Failure::new(&PAGE_FILE, what);
    let scratch = tempfile::tempdir().map_err(|e| failed(format!("no scratch folder: {e}")))?;
    let (work, out, bin) =
        (scratch.path().join("work"), scratch.path().join("out"), scratch.path().join("bin"));
    for dir in [&work, &out, &bin] {
        std::fs::create_dir(dir).map_err(|e| failed(format!("{}: {e}", dir.display())))?;
    }
    write_cargo(&bin, tools).map_err(|e| failed(format!("{}: {e}", bin.display())))?;
    let mut session = Session::start(&work, &bin, tools).map_err(|e| failed(format!("sh: {e}")))?;

    let mut ran = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        interrupt::check()?;
        let file = out.join(index.to_string());
        match session.step(step, &file)? {
            Ok(status) => ran.push(Got { status, output: printed(&file) }),
            Err(what) => {
                let said: String =
                    printed(&file).lines().take(20).map(|line| format!("\n    {line}")).collect();
                return Ok(Outcome { ran, broken: Some((step.line, format!("{what}{said}"))) });
            }
        }
    }
    Ok(Outcome { ran, broken: None })
}

/// A `cargo` that knows `cargo lab` everywhere, and is the real one otherwise. `cargo lab trace` reads the logs that the
/// page's own commands wrote, so it stays in the page's folder.
fn write_cargo(bin: &Path, tools: &Tools) -> std::io::Result<()> {
    let real = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = lab ]; then\n  shift\n  [ -f Cargo.toml ] || [ \"$1\" = trace ] || cd {}\n  exec {} \"$@\"\nfi\nexec {} \"$@\"\n",
        quoted(&tools.root.to_string_lossy()),
        quoted(&tools.lab.to_string_lossy()),
        quoted(&real.to_string_lossy()),
    );
    let path = bin.join("cargo");
    std::fs::write(&path, script)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
}

/// A word for `sh`.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// What a command printed, up to the bound.
fn printed(file: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(open) = std::fs::File::open(file) {
        let _ = open.take(OUTPUT_BYTES_MAX).read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A shell that takes one command at a time and reports each status on its stdout.
struct Session {
    shell: Child,
    stdin: ChildStdin,
    reports: Receiver<String>,
}

impl Session {
    fn start(work: &Path, bin: &Path, tools: &Tools) -> std::io::Result<Self> {
        let mut folders = vec![bin.to_path_buf()];
        folders.extend(tools.path.iter().cloned());
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        let path = std::env::join_paths(folders).map_err(std::io::Error::other)?;
        let mut shell = Command::new("sh")
            .current_dir(work)
            .env("PATH", path)
            .env("NO_COLOR", "1")
            .env("TERM", "dumb")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("RUST_BACKTRACE")
            .env_remove("RUST_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()?;
        let (Some(mut stdin), Some(stdout)) = (shell.stdin.take(), shell.stdout.take()) else {
            return Err(std::io::Error::other("no pipes"));
        };
        writeln!(stdin, "ulimit -f {FILE_BLOCKS_MAX}")?;
        let (sender, reports) = channel();
        // Ends with the shell: the pipe closes when the group is killed.
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let Ok(line) = line else { return };
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Ok(Session { shell, stdin, reports })
    }

    /// The status of a command, or why there is none.
    fn step(&mut self, step: &Step, file: &Path) -> Result<Result<i32, String>, Failure> {
        let file = quoted(&file.to_string_lossy());
        let sent =
            writeln!(self.stdin, "{{ {}\n}} >{file} 2>&1 </dev/null; printf '%s\\n' \"$?\"", step.command);
        if sent.and_then(|()| self.stdin.flush()).is_err() {
            return Ok(Err(self.ended(step)));
        }
        let until = Instant::now() + COMMAND_DEADLINE;
        loop {
            interrupt::check()?;
            match self.reports.recv_timeout(INTERRUPT_LOOK) {
                Ok(line) => return Ok(line.trim().parse().map_err(|_| format!("`{line}` is no status"))),
                Err(RecvTimeoutError::Disconnected) => return Ok(Err(self.ended(step))),
                Err(RecvTimeoutError::Timeout) if Instant::now() >= until => {
                    let seconds = COMMAND_DEADLINE.as_secs();
                    return Ok(Err(format!("`{}` did not end within {seconds} s", step.command)));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn ended(&self, step: &Step) -> String {
        format!("`{}` ended the page's shell: a syntax error, or an `exit` of its own", step.command)
    }
}

impl Drop for Session {
    /// Ends the shell and what it left running.
    fn drop(&mut self) {
        if let Some(pid) = i32::try_from(self.shell.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        let _ = self.shell.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tools() -> Tools {
        Tools { path: Vec::new(), lab: "/bin/echo".into(), root: "/".into() }
    }

    fn step(line: usize, command: &str) -> Step {
        Step { line, command: command.into(), status: 0, expected: Vec::new() }
    }

    #[test]
    fn commands_share_a_folder_and_a_shell_and_report_their_status() {
        let steps = [step(1, "echo one > f; x=2"), step(2, "cat f; echo $x >&2"), step(3, "(exit 7)")];
        let outcome = run(&steps, &tools()).unwrap();
        assert_eq!(outcome.broken, None);
        let seen: Vec<(i32, &str)> = outcome.ran.iter().map(|g| (g.status, g.output.as_str())).collect();
        assert_eq!(seen, [(0, ""), (0, "one\n2\n"), (7, "")]);
    }

    #[test]
    fn a_trace_is_of_the_logs_in_the_folder_of_the_page_and_all_else_is_of_the_course() {
        let tools = Tools { path: Vec::new(), lab: "/bin/ls".into(), root: "/".into() };
        let steps = [
            step(1, "mkdir trace && touch trace/own.log"),
            step(2, "cargo lab trace"),
            step(3, "cargo lab -d etc"),
        ];
        let ran = run(&steps, &tools).unwrap().ran;
        assert_eq!(ran[1], Got { status: 0, output: "own.log\n".into() });
        assert_eq!(ran[2], Got { status: 0, output: "etc\n".into() });
    }

    #[test]
    fn cargo_lab_is_the_given_binary_and_stdin_is_empty() {
        let outcome = run(&[step(1, "cargo lab day 2.3; cat")], &tools()).unwrap();
        assert_eq!(outcome.ran[0].output, "day 2.3\n");
    }

    #[test]
    fn a_background_process_serves_the_page_and_ends_with_it() {
        let steps = [step(1, "sleep 600 & echo $! > pid"), step(2, "kill -0 $(cat pid) && cat pid")];
        let outcome = run(&steps, &tools()).unwrap();
        let pid: i32 = outcome.ran[1].output.trim().parse().unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while rustix::process::test_kill_process(Pid::from_raw(pid).unwrap()).is_ok() {
            // A killed process is there until it is reaped, by init or by whoever adopted it.
            let state = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            if state.rsplit(')').next().is_some_and(|s| s.trim_start().starts_with('Z')) {
                break;
            }
            assert!(Instant::now() < until, "process {pid} outlived its page");
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_command_that_breaks_the_shell_is_named() {
        let outcome = run(&[step(5, "exit 3"), step(6, "echo never")], &tools()).unwrap();
        assert_eq!(outcome.ran, []);
        assert_eq!(outcome.broken.unwrap().0, 5);
    }
}
