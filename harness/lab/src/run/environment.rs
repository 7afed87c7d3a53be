//! The machine and the tools, as far as a reader of a record must know them.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use evidence::Environment;

use crate::exec::run;
use crate::nextest::install;

/// How long a tool may take to say its version.
const VERSION_DEADLINE: Duration = Duration::from_secs(30);

/// Asks the system and the tools; what cannot be learned is `unknown` and never a guess.
pub(super) fn here(root: &Path) -> Environment {
    let unknown = || "unknown".to_owned();
    let uname = rustix::system::uname();
    Environment {
        os: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        kernel: uname.release().to_string_lossy().into_owned(),
        cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
        cores: std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX)),
        memory_bytes: memory_bytes().unwrap_or(0),
        rustc: rustc(root).unwrap_or_else(unknown),
        nextest: install::version(root).unwrap_or_else(unknown),
    }
}

/// `rustc --version`, as chosen by the toolchain file of the workspace.
pub fn rustc(root: &Path) -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    first_line(Command::new(rustc).current_dir(root).arg("--version"))
}

/// The platform that cargo builds for here: `x86_64-unknown-linux-gnu`.
pub fn host(root: &Path) -> Option<String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = run(Command::new(rustc).current_dir(root).arg("-vV"), VERSION_DEADLINE).ok()?;
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    said.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
}

/// The first line that a command prints when it ends well.
pub fn first_line(cmd: &mut Command) -> Option<String> {
    let ran = run(cmd, VERSION_DEADLINE).ok().filter(|ran| ran.ok())?;
    Some(String::from_utf8_lossy(&ran.stdout).lines().next()?.trim().to_owned())
}

/// Physical memory, from `/proc/meminfo`, which counts in KiB.
fn memory_bytes() -> Option<u64> {
    field("/proc/meminfo", "MemTotal")?.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The first value of a key in a file of `key : value` lines.
fn field(file: &str, key: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.split(':').next().is_some_and(|name| name.trim() == key))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_described_without_a_guess() {
        let here = here(Path::new("."));
        assert!(here.rustc.starts_with("rustc "), "{}", here.rustc);
        assert!(here.memory_bytes > 64 * 1024 * 1024, "{}", here.memory_bytes);
        assert!(here.cores >= 1);
        assert_ne!(here.kernel, "");
    }
}
