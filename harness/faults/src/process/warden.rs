//! Who kills our children when we cannot: a small shell beside this process.
//!
//! A harness may be ended from outside in the middle of a drill, by Ctrl-C, by a test runner's deadline or by
//! `SIGKILL`, and then no destructor runs. Its children are in groups of their own, so the signal that ended it does
//! not reach them. The warden holds the reading end of a pipe whose writing end only this process has: when the pipe
//! ends, for whatever reason, it kills every group that was named to it and not taken back.
//!
//! ```text
//!   harness ──"+ 4711"──► warden        harness ✗
//!           ──"- 4711"──►               end of pipe ──► kill -KILL -4711 …
//! ```
//!
//! A group is taken back before its leader is waited for, so the warden never knows a number that may be reused.
//! One gap is left: a harness that is killed between starting a child and naming it.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rustix::process::Pid;

use crate::FaultError;

/// Reads `+ pid` and `- pid` until the pipe ends. It ignores what a terminal sends to all.
const SCRIPT: &str = r#"
trap '' INT TERM HUP QUIT
known=' '
while read -r verb pid; do
  case $verb in
    +) known="$known$pid " ;;
    -) case $known in *" $pid "*) known="${known%%" $pid "*} ${known#*" $pid "}" ;; esac ;;
  esac
done
for pid in $known; do kill -s KILL -- "-$pid" 2>/dev/null; done
"#;

static WARDEN: Mutex<Option<Child>> = Mutex::new(None);

/// Names a group that must not outlive this process; the first call starts the warden.
pub(super) fn watch(leader: Pid) -> Result<(), FaultError> {
    let mut warden = WARDEN.lock().unwrap_or_else(PoisonError::into_inner);
    if warden.is_none() {
        let started = Command::new("/bin/sh")
            .args(["-c", SCRIPT])
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn();
        *warden = Some(started.map_err(|e| FaultError::system("starting the warden of our children", e))?);
    }
    say(&mut warden, '+', leader).map_err(|e| FaultError::system("naming a child to its warden", e))
}

/// Takes a group back whose processes are dead.
pub(super) fn release(leader: Pid) {
    // It fails only when somebody killed the warden, and then there is nothing to take back.
    let _ = say(&mut WARDEN.lock().unwrap_or_else(PoisonError::into_inner), '-', leader);
}

fn say(warden: &mut Option<Child>, verb: char, leader: Pid) -> std::io::Result<()> {
    match warden.as_mut().and_then(|warden| warden.stdin.as_mut()) {
        Some(pipe) => pipe.write_all(format!("{verb} {}\n", leader.as_raw_nonzero()).as_bytes()),
        None => Ok(()),
    }
}
