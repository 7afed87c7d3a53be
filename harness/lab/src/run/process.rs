//! Runs a drill, a measurement or a demo as a process of its own and takes its finding.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use evidence::{Finding, Kind, Verdict, run::read_finding};

use crate::error::{EVIDENCE_FILE, Failure, NO_FINDING, RUN_HUNG};
use crate::exec::{Artifact, Pipe, Ran, cargo::tail, stream};

/// How much of a process's last words is shown when it leaves no finding.
const WORDS_BYTES_MAX: usize = 8 * 1024;

/// How one process is to run.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// What kind of run it is.
    pub kind: Kind,
    /// The executable.
    pub exe: &'a Path,
    /// The week's folder; the process starts there.
    pub folder: &'a Path,
    /// What was built beside it, so that it finds the week's own binaries.
    pub beside: &'a [Artifact],
    /// `quick`, `default` or `full`.
    pub profile: &'a str,
    /// The seed, where one was asked for.
    pub seed: Option<u64>,
}

/// How long a process may take, by kind and profile: many times what it should, since the machine may be busy. Only a
/// full measurement may contain a soak, of half an hour at most.
fn deadline(kind: Kind, profile: &str) -> Duration {
    const MINUTE: u64 = 60;
    Duration::from_secs(match (kind, profile) {
        (_, "quick") => MINUTE,
        (Kind::Bench, "full") => 45 * MINUTE,
        (_, "full") => 15 * MINUTE,
        // A minute of soak, beside everything else that is measured.
        (Kind::Bench, _) => 5 * MINUTE,
        _ => 3 * MINUTE,
    })
}

/// The longest line of a process that is shown as what it is doing, in characters.
const PROGRESS_CHARS_MAX: usize = 120;

/// A line that a process wrote as one that can be shown: its first characters, and none that moves a cursor.
fn shown(line: &str) -> String {
    line.trim().chars().filter(|c| !c.is_control()).take(PROGRESS_CHARS_MAX).collect()
}

/// Runs it to its end and returns what it found. `on_progress` is told each line that it writes to standard error,
/// which is where a process that takes minutes says what it is at.
///
/// # Errors
/// No finding, one that contradicts itself, or a process that says `passed` and then dies: none of them is a verdict.
pub fn find(plan: &Plan<'_>, on_progress: &mut dyn FnMut(&str)) -> Result<Finding, Failure> {
    let scratch = tempfile::tempdir().map_err(|e| Failure::new(&EVIDENCE_FILE, e.to_string()))?;
    let handed = scratch.path().join("finding.json");
    let mut cmd = Command::new(plan.exe);
    cmd.current_dir(plan.folder)
        .env("LAB_FINDING", &handed)
        .env("LAB_PROFILE", plan.profile)
        .env_remove("LAB_SEED");
    if let Some(seed) = plan.seed {
        cmd.env("LAB_SEED", seed.to_string());
    }
    for binary in plan.beside.iter().filter(|artifact| artifact.kind == "bin") {
        cmd.env(format!("CARGO_BIN_EXE_{}", binary.name), &binary.exe);
    }
    if plan.kind == Kind::Bench {
        cmd.arg("--bench");
    }
    let ran = stream(&mut cmd, deadline(plan.kind, plan.profile), &mut |pipe, line| {
        if pipe == Pipe::Stderr {
            on_progress(&shown(line));
        }
    })?;
    take(plan, &handed, &ran).map_err(|failure| failure.with_detail(words(&ran)))
}

fn take(plan: &Plan<'_>, handed: &Path, ran: &Ran) -> Result<Finding, Failure> {
    let name = plan.exe.file_name().unwrap_or_default().to_string_lossy();
    let no_finding = |why: String| Failure::new(&NO_FINDING, format!("{name}: {why}"));
    if ran.timed_out {
        let seconds = deadline(plan.kind, plan.profile).as_secs();
        return Err(Failure::new(&RUN_HUNG, format!("{name} did not end within {seconds} s")));
    }
    if !handed.exists() {
        return Err(no_finding(format!("{}, and no finding was handed back", ran.ending())));
    }
    let finding = read_finding(handed).map_err(|e| no_finding(e.to_string()))?;
    if finding.verdict == Verdict::Passed && !ran.ok() {
        return Err(no_finding(format!(
            "its finding says passed, but the process ended with {}",
            ran.ending()
        )));
    }
    Ok(finding)
}

/// The last words of a process, both pipes.
fn words(ran: &Ran) -> String {
    let text = |bytes: &[u8]| tail(&String::from_utf8_lossy(bytes), WORDS_BYTES_MAX);
    [text(&ran.stdout), text(&ran.stderr)]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// Runs a shell script in the place of a drill.
    fn drill(script: &str, seed: Option<u64>) -> Result<Finding, Failure> {
        watched(script, seed, &mut |_| {})
    }

    fn watched(
        script: &str,
        seed: Option<u64>,
        on_progress: &mut dyn FnMut(&str),
    ) -> Result<Finding, Failure> {
        let dir = tempfile::tempdir().unwrap();
        let exe = dir.path().join("week-99-drill");
        std::fs::write(&exe, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&exe, std::fs::Permissions::from_mode(0o755)).unwrap();
        let plan =
            Plan { kind: Kind::Drill, exe: &exe, folder: dir.path(), beside: &[], profile: "quick", seed };
        find(&plan, on_progress)
    }

    const PASSED: &str =
        r#"{"claim":"c","verdict":"passed","criteria":[{"id":"a.b","claim":"c","verdict":"passed"}]}"#;

    #[test]
    fn a_finding_is_taken_from_a_process_that_ends_well() {
        let script = format!(
            "test \"$LAB_SEED\" = 7 && test \"$LAB_PROFILE\" = quick && echo '{PASSED}' > \"$LAB_FINDING\""
        );
        assert_eq!(drill(&script, Some(7)).unwrap().verdict, Verdict::Passed);
    }

    #[test]
    fn what_a_process_says_on_stderr_is_told_as_it_goes_and_cannot_move_a_cursor() {
        let mut told = Vec::new();
        let script = format!(
            "echo result; echo 'soak: 10 of 60 s' >&2; printf '\\033[2Jlate \\n' >&2; echo '{PASSED}' > \"$LAB_FINDING\""
        );
        watched(&script, None, &mut |line| told.push(line.to_owned())).unwrap();
        assert_eq!(told, ["soak: 10 of 60 s", "[2Jlate"]);
        assert_eq!(shown(&"é".repeat(PROGRESS_CHARS_MAX + 1)).chars().count(), PROGRESS_CHARS_MAX);
    }

    #[test]
    fn only_a_full_measurement_has_the_time_for_a_soak_of_half_an_hour() {
        assert_eq!(deadline(Kind::Bench, "full"), Duration::from_secs(45 * 60));
        for (kind, profile) in [(Kind::Drill, "full"), (Kind::Demo, "full"), (Kind::Bench, "default")] {
            assert!(deadline(kind, profile) <= Duration::from_secs(15 * 60), "{kind} {profile}");
        }
    }

    #[test]
    fn a_pass_from_a_process_that_dies_is_not_believed() {
        let failure = drill(&format!("echo '{PASSED}' > \"$LAB_FINDING\"; kill -9 $$"), None).unwrap_err();
        assert_eq!(failure.code.code, "LAB-NO-FINDING");
        assert!(failure.what.contains("killed by signal 9"), "{failure}");
    }

    #[test]
    fn a_pass_over_a_failed_criterion_is_not_believed() {
        let lie =
            PASSED.replacen(r#""c","verdict":"passed"}]"#, r#""c","verdict":"failed","detail":"d"}]"#, 1);
        let failure = drill(&format!("echo '{lie}' > \"$LAB_FINDING\""), None).unwrap_err();
        assert!(failure.what.contains("adds up to failed"), "{failure}");
    }

    #[test]
    fn a_failed_finding_is_a_finding_whatever_the_status() {
        let failed =
            PASSED.replace("passed\"}]", "failed\",\"detail\":\"lost 3\"}]").replacen("passed", "failed", 1);
        let finding = drill(&format!("echo '{failed}' > \"$LAB_FINDING\"; exit 1"), None).unwrap();
        assert_eq!(finding.verdict, Verdict::Failed);
    }

    #[test]
    fn a_process_without_a_finding_leaves_its_last_words() {
        let failure = drill("echo something broke >&2; exit 3", None).unwrap_err();
        assert_eq!(failure.code.code, "LAB-NO-FINDING");
        assert!(failure.what.contains("exit status 3"), "{failure}");
        assert!(failure.detail.contains("something broke"), "{}", failure.detail);
    }
}
