//! One way to break a log path, and the life of a writer through it.

use std::error::Error;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use evidence::Fact;
use faults::drill::{Trial, TrialResult};
use faults::limits::Limits;
use faults::process::Launch;
use logger::{Item, LogPath, Reader};
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::writer::Writer;

/// Records before the fault and after it.
const STEADY_RECORDS: u64 = 20;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// One way to break a log path.
pub(crate) struct Scenario {
    name: &'static str,
    at_start: bool,
    /// Any of these codes names this fault.
    codes: &'static [&'static str],
    launch: fn(&Path) -> Launch,
    /// Where the harness sees the directory of the log, given the folder and the writer's process id.
    logs: fn(&Path, u32) -> PathBuf,
    fail: fn(&Scene) -> Outcome<()>,
    repair: fn(&Scene) -> Outcome<()>,
}

/// What a fault can reach.
struct Scene {
    /// The directory of the log.
    logs: PathBuf,
    /// The writer, 0 before it is started.
    pid: u32,
}

impl Scene {
    fn log(&self) -> PathBuf {
        self.logs.join("app.log")
    }
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "size-limit",
        at_start: false,
        codes: &["LOG-SHORT-WRITE"],
        launch: |folder| append(folder, &[]),
        logs: |folder, _| folder.join("logs"),
        fail: |scene| limit_file_size(scene.pid, Some(fs::metadata(scene.log())?.len() + 10)),
        repair: |scene| limit_file_size(scene.pid, None),
    },
    Scenario {
        name: "replaced",
        at_start: false,
        codes: &["LOG-NOT-A-FILE"],
        launch: |folder| append(folder, &[]),
        logs: |folder, _| folder.join("logs"),
        fail: |scene| {
            fs::rename(scene.log(), scene.logs.join("aside"))?;
            Ok(fs::create_dir(scene.log())?)
        },
        repair: |scene| {
            fs::remove_dir(scene.log())?;
            Ok(fs::rename(scene.logs.join("aside"), scene.log())?)
        },
    },
    Scenario {
        name: "device-full",
        at_start: false,
        codes: &["LOG-STORAGE-FULL", "LOG-SHORT-WRITE"],
        launch: in_small_file_system,
        logs: |folder, pid| PathBuf::from(format!("/proc/{pid}/root{}", folder.join("logs").display())),
        fail: fill_device,
        repair: |scene| Ok(fs::remove_file(scene.logs.join("filler"))?),
    },
    Scenario {
        name: "denied-rotation",
        at_start: false,
        codes: &["LOG-ROTATE-FAILED"],
        launch: |folder| append(folder, &["--rotate-bytes", "1"]).limits(Limits::none().without_privilege()),
        logs: |folder, _| folder.join("logs"),
        fail: |scene| allow(&scene.logs, 0o555),
        repair: |scene| allow(&scene.logs, 0o777),
    },
    Scenario {
        name: "occupied",
        at_start: true,
        codes: &["LOG-NOT-A-FILE"],
        launch: |folder| append(folder, &[]),
        logs: |folder, _| folder.join("logs"),
        fail: |scene| Ok(fs::create_dir(scene.log())?),
        repair: |scene| Ok(fs::remove_dir(scene.log())?),
    },
    Scenario {
        name: "denied",
        at_start: true,
        codes: &["LOG-PERMISSION-DENIED"],
        launch: |folder| append(folder, &[]).limits(Limits::none().without_privilege()),
        logs: |folder, _| folder.join("logs"),
        fail: |scene| allow(&scene.logs, 0o555),
        repair: |scene| allow(&scene.logs, 0o777),
    },
];

/// The writer, from a copy of the program that everybody may run: a build may lie where only its owner gets to.
fn append(folder: &Path, more: &[&str]) -> Launch {
    Launch::of(folder.join("eventlog")).args(arguments()).args(more).dir(folder)
}

fn arguments() -> [&'static str; 8] {
    // Sixty archives are more than any scenario makes, so that rotation itself removes nothing.
    ["append", "logs/app.log", "--stdin", "--json", "--retry-for", "60s", "--keep", "60"]
}

/// The same with a file system of its own over `logs`, which vanishes with the process: nothing is left mounted.
fn in_small_file_system(folder: &Path) -> Launch {
    let user: &[&str] = if rustix::process::geteuid().is_root() { &[] } else { &["--map-root-user"] };
    let script = "mount -t tmpfs -o size=64k none logs && exec ./eventlog \"$@\"";
    Launch::of("unshare")
        .arg("--mount")
        .args(user)
        .args(["sh", "-c", script, "sh"])
        .args(arguments())
        .dir(folder)
}

/// Lets the process make no file larger than this; `None` lifts the limit. Root is bound by it like everybody.
fn limit_file_size(pid: u32, bytes: Option<u64>) -> Outcome<()> {
    let pid = Pid::from_raw(pid.try_into()?).ok_or("no process")?;
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: bytes, maximum: None })?;
    Ok(())
}

/// Writes until nothing more fits, and a little more of the log's own last page.
fn fill_device(scene: &Scene) -> Outcome<()> {
    use std::io::Write;
    let mut filler = fs::File::create(scene.logs.join("filler"))?;
    while filler.write_all(&[0; 4096]).is_ok() {}
    Ok(())
}

fn allow(path: &Path, mode: u32) -> Outcome<()> {
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

/// A folder that an ordinary user may work in too, with the program and a place for the log.
fn stage() -> Outcome<tempfile::TempDir> {
    let folder = tempfile::tempdir()?;
    allow(folder.path(), 0o755)?;
    fs::copy(faults::binary("eventlog")?, folder.path().join("eventlog"))?;
    allow(&folder.path().join("eventlog"), 0o755)?;
    fs::create_dir(folder.path().join("logs"))?;
    allow(&folder.path().join("logs"), 0o777)?;
    Ok(folder)
}

/// A writer's life through one scenario, in both runs; only the experiment breaks anything. `kept` adds up the records
/// that were acknowledged and found.
pub(crate) fn live_through(trial: &Trial, scenario: &Scenario, kept: &mut u64) -> TrialResult {
    let folder = stage()?;
    let name = scenario.name;
    let mut scene = Scene { logs: (scenario.logs)(folder.path(), 0), pid: 0 };
    let broken_at_start = scenario.at_start && trial.breaks();
    if broken_at_start {
        (scenario.fail)(&scene)?;
    }
    let mut writer = Writer::start(trial, (scenario.launch)(folder.path()))?;
    if !broken_at_start && let Err(error) = writer.feed_acknowledged(STEADY_RECORDS) {
        if name == "device-full" {
            trial.event(format!("{name}: left out, this machine allows no mount namespace ({error})"));
            return Ok(());
        }
        return Err(error);
    }
    scene = Scene { logs: (scenario.logs)(folder.path(), writer.pid()), pid: writer.pid() };
    if !broken_at_start {
        trial.steady(format!("{name}: {STEADY_RECORDS} records acknowledged"));
    }

    let mut code = String::new();
    let before = writer.receipts();
    trial.inject(name, || -> Outcome<u64> {
        if !broken_at_start {
            (scenario.fail)(&scene)?;
        }
        code = break_through(&mut writer, scenario)?;
        trial.event(format!("{name}: refused with {code}"));
        Ok(1)
    })?;
    if trial.breaks() {
        judge_degraded(trial, scenario, &code, writer.receipts() - before);
        trial.recovery_begins(format!("{name}: the path takes writes again"));
        (scenario.repair)(&scene)?;
        writer.wait_for_receipts()?;
        trial.recovered(format!("{name}: the refused record is acknowledged"));
    } else {
        judge_degraded(trial, scenario, &writer.reported().unwrap_or_default(), 0);
    }
    writer.feed_acknowledged(STEADY_RECORDS)?;
    *kept += judge_log(trial, &scene, &writer, *kept)?;
    let (exit, said) = writer.end()?;
    let errors = said.lines().filter(|line| line.starts_with("error[")).count();
    let promised = usize::from(trial.breaks());
    trial.invariant(
        "logger.one-line-an-outage",
        "The writer lives through, ends with exit code 0, and says one line for each outage, however often it tried.",
        exit == Some(0) && errors == promised,
        format!("{name}: exit {exit:?}, {errors} error lines: {said}"),
        Vec::new(),
    );
    Ok(())
}

/// Feeds lines until one is refused. The last page of a full device may still take a few.
fn break_through(writer: &mut Writer, scenario: &Scenario) -> Outcome<String> {
    if scenario.name == "device-full" {
        for _ in 0..100 {
            writer.feed()?;
        }
    } else {
        writer.feed()?;
    }
    writer.wait_for_code()
}

fn judge_degraded(trial: &Trial, scenario: &Scenario, code: &str, acknowledged: u64) {
    trial.invariant(
        "logger.coded-refusal",
        "Each refusal carries the one code of its cause, and without a fault there is no refusal.",
        if trial.breaks() { scenario.codes.contains(&code) } else { code.is_empty() },
        format!("{}: {code:?} where {:?} would name the fault", scenario.name, scenario.codes),
        vec![Fact::count("scenarios", SCENARIOS.len() as u64, "scenarios")],
    );
    // A full device takes what fits into the last page of the log, and acknowledges that truthfully.
    let allowed = if scenario.name == "device-full" { 99 } else { 0 };
    trial.invariant(
        "logger.no-false-receipt",
        "No record is acknowledged while the path refuses it.",
        acknowledged <= allowed,
        format!("{}: {acknowledged} receipts during the fault", scenario.name),
        Vec::new(),
    );
}

/// Every acknowledged record is in the log, once, in order, and nothing else is.
fn judge_log(trial: &Trial, scene: &Scene, writer: &Writer, kept: u64) -> Outcome<u64> {
    let mut reader = Reader::open(&LogPath::new(scene.log())?)?;
    let (mut stored, mut damage) = (Vec::new(), Vec::new());
    loop {
        match reader.next_item()? {
            Item::Record(entry, _) => stored.push(entry.msg.into_owned()),
            Item::Damage(error) => damage.push(error.to_string()),
            Item::Idle | Item::End => break,
        }
    }
    let expected: Vec<_> = (0..writer.acknowledged).map(|number| format!("record {number}")).collect();
    trial.invariant(
        "logger.nothing-lost",
        "Every acknowledged record is in the log, once and in order.",
        stored == expected,
        format!("{} acknowledged, {} stored", expected.len(), stored.len()),
        vec![Fact::count("acknowledged-and-found", kept + writer.acknowledged, "records")],
    );
    trial.invariant(
        "logger.nothing-torn",
        "No line of the log is torn.",
        damage.is_empty(),
        damage.join(", "),
        Vec::new(),
    );
    Ok(writer.acknowledged)
}
