//! The lab's own failures, in the error language of week 1.

use logger::{Coded, ErrorCode, Exit};

/// A failure with a catalog entry and what happened this time.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Failure {
    /// The catalog entry.
    pub code: &'static ErrorCode,
    /// What happened, naming the thing and the place.
    pub what: String,
    /// The long story, shown above the error line: a compiler's diagnostics, a child's last words. Often empty.
    pub detail: String,
}

impl Failure {
    /// A failure of this kind.
    pub fn new(code: &'static ErrorCode, what: impl Into<String>) -> Self {
        Failure { code, what: what.into(), detail: String::new() }
    }

    /// The same failure with its long story.
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = detail.into();
        self
    }
}

impl Coded for Failure {
    fn code(&self) -> &'static ErrorCode {
        self.code
    }
}

/// Declares the catalog: one constant per code, and the list of all.
macro_rules! catalog {
    ($($name:ident = $code:literal, $exit:ident, $meaning:literal, $way_out:literal;)*) => {
        $(
            #[doc = $meaning]
            pub static $name: ErrorCode =
                ErrorCode { code: $code, exit: Exit::$exit, meaning: $meaning, way_out: $way_out };
        )*
        /// Every failure of the `lab` command.
        pub static CATALOG: &[&ErrorCode] = &[$(&$name),*];
    };
}

catalog! {
    WEEK_DATA = "LAB-WEEK-DATA", Malformed, "A week.yaml does not fit the schema.",
        "fix the named line; the schema is in harness/lab/src/course";
    NO_SUCH_WEEK = "LAB-NO-SUCH-WEEK", Usage, "There is no such week or day.",
        "weeks are 1 to 24 and days 1 to 6, as in `cargo lab day 3.2`";
    OUTPUT = "LAB-OUTPUT", File, "A part of the result could not be written to standard output.",
        "check where the output goes";
    USAGE = "LAB-USAGE", Usage, "The command line is not understood.",
        "run `cargo lab help`";
    NO_WORKSPACE = "LAB-NO-WORKSPACE", File, "The course was not found.",
        "run inside the course or a workbench, or say `--dir`";
    NO_PROGRAM = "LAB-NO-PROGRAM", File, "A program could not be started.",
        "install it, or look at `cargo lab doctor`";
    CHILD_LOST = "LAB-CHILD-LOST", Bug, "A child process could not be waited for.",
        "run again; if it stays, report it with this line";
    INTERRUPTED = "LAB-INTERRUPTED", Network, "A signal ended the run; what was written is whole.",
        "run the same command again";
    BUILD_FAILED = "LAB-BUILD-FAILED", Untrue, "The code does not compile.",
        "fix what the compiler names above";
    NEXTEST_MISSING = "LAB-NEXTEST-MISSING", File, "cargo-nextest is not there and could not be fetched.",
        "run `cargo lab test`, which fetches it, or `cargo install cargo-nextest --locked`";
    NEXTEST_FAILED = "LAB-NEXTEST-FAILED", Bug, "cargo-nextest ended in a way that gives no verdict.",
        "read its words above; `cargo lab doctor` names the version";
    TESTS_HUNG = "LAB-TESTS-HUNG", Network, "The tests did not end.",
        "find the test that hangs; nextest names slow ones above";
    BOOK_BROKEN = "LAB-BOOK-BROKEN", Untrue, "A page names what does not exist or no longer holds.",
        "mend the named lines";
    BOOK_BLESSED = "LAB-BOOK-BLESSED", Untrue, "Console blocks did not fit and were rewritten.",
        "read what changed, then build the book again";
    SERVE_FAILED = "LAB-SERVE-FAILED", Network, "The book could not be served.",
        "choose another port with `--port`, or build it without `--serve`";
    PAGE_FILE = "LAB-PAGE-FILE", File, "A page, chart or report could not be read or written.",
        "check the folder's permissions and free space";
    EVIDENCE_FILE = "LAB-EVIDENCE-FILE", File, "The evidence folder could not be read or written.",
        "check that it is a folder, its permissions and the free space";
    EVIDENCE_MALFORMED = "LAB-EVIDENCE-MALFORMED", Malformed, "A piece of evidence is not what its schema asks for.",
        "restore the file, or make it anew with `cargo lab run`";
    EVIDENCE_TAMPERED = "LAB-EVIDENCE-TAMPERED", Integrity, "The evidence folder is not what was recorded.",
        "restore the file, or make it anew with `cargo lab run`";
    EVIDENCE_LIMIT = "LAB-EVIDENCE-LIMIT", Refused, "A piece of evidence is beyond a limit.",
        "look at what is so large; nothing that the lab writes comes near the limit";
    NO_EVIDENCE = "LAB-NO-EVIDENCE", Untrue, "Nothing has been recorded in this folder.",
        "`cargo lab run` records, and `cargo lab gate` begins with one gate";
    LOCKED = "LAB-LOCKED", Refused, "The gate of the week before has not passed.",
        "pass that gate first, or say `--skip-gate`, which is put on record";
    NOT_PASSED = "LAB-NOT-PASSED", Untrue, "Something that was checked does not hold.",
        "the lines above say what and why";
    STALE = "LAB-STALE", Untrue, "A record's inputs have moved on since it was made.",
        "record it anew with `cargo lab run`";
    GATE_MISMATCH = "LAB-GATE-MISMATCH", Malformed, "The gate's tests and its criteria in week.yaml do not fit each other.",
        "name each test of tests/gate.rs in one criterion";
    BUSY = "LAB-BUSY", Network, "Another `cargo lab` is writing the evidence of this workspace.",
        "wait for it to end";
    NO_FINDING = "LAB-NO-FINDING", Bug, "A drill, measurement or demo ended without a finding that can be believed.",
        "its own words are above; run it alone to see more";
    RUN_HUNG = "LAB-RUN-HUNG", Network, "A drill, measurement or demo did not end by its deadline.",
        "run it alone to see where it hangs";
    TESTS_FAILED = "LAB-TESTS-FAILED", Untrue, "A test failed.",
        "its words are above";
    DOCTOR = "LAB-DOCTOR", Untrue, "Something that the lab needs is missing on this machine.",
        "each missing thing has its fix above";
    MARKERS = "LAB-MARKERS", Malformed, "The exercise markers of a source do not fit together.",
        "mend the named line; the rules are in harness/lab/src/markers";
    WEEK_NOT_BUILT = "LAB-WEEK-NOT-BUILT", Refused, "The week is described and not built yet.",
        "read its brief with `cargo lab day`; `cargo lab status` shows what is built";
    NOT_STARTED = "LAB-NOT-STARTED", Untrue, "There is no workbench here, or the week is not started in it.",
        "lay it down with `cargo lab start`";
    ALREADY_STARTED = "LAB-ALREADY-STARTED", Refused, "The week was started before.",
        "go on with `cargo lab next`, or say `--force` to start anew and keep this attempt as a backup";
    FOREIGN_FOLDER = "LAB-FOREIGN-FOLDER", Refused, "The folder is not a workbench of this course.",
        "choose an empty folder with `--dir`";
    WORKBENCH_FILE = "LAB-WORKBENCH-FILE", File, "A file of the workbench could not be read or written.",
        "see to the named path, then run the same command again";
    NOT_TRACED = "LAB-NOT-TRACED", Untrue, "No log that was searched has a record of the request.",
        "name the logs of every process that it touched, or say `--prefix` for a part of the id";
    NO_SUCH_HOLE = "LAB-NO-SUCH-HOLE", Usage, "There is no such hole on this day.",
        "`cargo lab check` lists the holes of a day";
}

impl From<evidence::EvidenceError> for Failure {
    fn from(error: evidence::EvidenceError) -> Self {
        Failure::new(evidence_code(error.class()), error.to_string())
    }
}

impl From<evidence::manifest::Broken> for Failure {
    fn from(broken: evidence::manifest::Broken) -> Self {
        Failure::new(evidence_code(broken.class()), broken.to_string())
    }
}

fn evidence_code(class: evidence::Class) -> &'static ErrorCode {
    match class {
        evidence::Class::File => &EVIDENCE_FILE,
        evidence::Class::Malformed => &EVIDENCE_MALFORMED,
        evidence::Class::Integrity => &EVIDENCE_TAMPERED,
        evidence::Class::Limit => &EVIDENCE_LIMIT,
    }
}
