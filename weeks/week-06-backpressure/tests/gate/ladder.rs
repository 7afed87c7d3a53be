//! The whole ladder, up and down, seen by a client, by whoever connects, and by the reader of the log.

use std::io::Write;
use std::time::Duration;

use evidence::Fact;
use evidence::run::fact;

use crate::guarded::{Guarded, Thresholds, ask, hear_replies, optional, ordinary, value};
use crate::holder::{Holder, ONE_WORKER};
use crate::wire::{refusal, request, wait_until};

/// Two tasks that wait shed, four reject; nobody is let in then, so what asks for the last step is how old they grow.
const THRESHOLDS: Thresholds = Thresholds { age_ms: [3000, 3000, 3000], depth: [2, 4, 1000] };
/// What a refusal of each step asks for, at the least; and the most of all of them.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(500), Duration::from_millis(1000), Duration::from_millis(2000)];
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// The ladder's changes in the log in one direction: from where, to where, why, and how many each line stands for.
fn changes(guarded: &Guarded, direction: &str) -> Vec<[String; 4]> {
    let lines = guarded.records_with(&format!("overload: {direction} to "));
    let keys = ["from", "to", "because", "changes"];
    lines.iter().map(|line| keys.map(|key| value(line, key))).collect()
}

#[test]
fn each_step_is_entered_shown_and_left_again() {
    let criterion = "backpressure.ladder-steps";
    let guarded = Guarded::start(&THRESHOLDS.policy(), &[&ONE_WORKER[..], &["--log-level", "info"]].concat());
    let (crowd, probe) = (guarded.connect(), guarded.connect());
    let mut rejected = 0;
    let mut refuses = |id: &str, said: &[u8], code: &str, pause: Duration| {
        let heard = ask(&probe, id, said);
        assert_eq!(heard.what, code, "{id}");
        assert!((pause..=PAUSE_MAX).contains(&heard.pause), "{id}: asked for a pause of {:?}", heard.pause);
        rejected += u64::from(code == "OVERLOAD-REJECTED");
    };
    let holder = Holder::of(&guarded);

    (&crowd).write_all(&["f1", "f2"].map(ordinary).concat()).unwrap();
    guarded.wait_for("overload: up to shed");
    refuses("shed-1", &optional("shed-1"), "OVERLOAD-SHED", PAUSES[0]);
    // An ordinary one goes in, and has its answer in the end.
    (&crowd).write_all(&ordinary("f3")).unwrap();
    refuses("shed-2", &optional("shed-2"), "OVERLOAD-SHED", PAUSES[0]);

    (&crowd).write_all(&ordinary("f4")).unwrap();
    guarded.wait_for("overload: up to reject");
    refuses("reject-1", &ordinary("reject-1"), "OVERLOAD-REJECTED", PAUSES[1]);
    refuses("reject-2", &optional("reject-2"), "OVERLOAD-REJECTED", PAUSES[1]);
    // A client of week 2 cannot be told when to come back, but it keeps its connection.
    refuses("reject-3", &request("reject-3", b"body"), "OVERLOAD-REJECTED", Duration::ZERO);
    let newcomer = guarded.connect();
    assert_eq!(ask(&newcomer, "reject-4", &ordinary("reject-4")).what, "OVERLOAD-REJECTED");

    let mut asked = 0;
    wait_until("the last step", || {
        asked += 1;
        refuses("until", &ordinary("until"), "OVERLOAD-REJECTED", PAUSES[1]);
        guarded.records_with("overload: up to refuse").pop()
    });
    refuses("refuse-1", &ordinary("refuse-1"), "OVERLOAD-REJECTED", PAUSES[2]);
    assert_eq!(refusal(&guarded.connect()), "OVERLOAD-REFUSED", "who connects is told and sent away");
    refuses("refuse-2", &optional("refuse-2"), "OVERLOAD-REJECTED", PAUSES[2]);

    holder.release();
    hear_replies(&crowd, ["f1", "f2", "f3", "f4"].map(str::to_owned));
    guarded.wait_for("to=normal");
    assert_eq!(ask(&newcomer, "after-1", &optional("after-1")).what, "ok");
    assert_eq!(ask(&guarded.connect(), "after-2", &optional("after-2")).what, "ok");

    let up = changes(&guarded, "up");
    let expected = [
        ["normal", "shed", "depth", "1"],
        ["shed", "reject", "depth", "1"],
        ["reject", "refuse", "age_ms", "1"],
    ];
    assert_eq!(up, expected, "each step up is on record, with its reason");
    let down = changes(&guarded, "down");
    let steps: u64 = down.iter().map(|line| line[3].parse::<u64>().unwrap()).sum();
    assert_eq!((steps, down[0][0].as_str()), (3, "refuse"), "by single steps: {down:?}");
    drop((crowd, probe, newcomer));
    let account = guarded.stop();
    assert_eq!((account.accepted, account.answered), (7, 6), "the holder left before its answer");
    assert_eq!((account.shed, account.rejected), (2, rejected + 1));
    assert_eq!((account.refused_connections, account.changes), (1, 6));
    fact(criterion, Fact::count("steps-up", up.len() as u64, ""));
    fact(criterion, Fact::count("steps-down", steps, ""));
    fact(criterion, Fact::count("optional-requests-shed", account.shed, ""));
    fact(criterion, Fact::count("requests-rejected", account.rejected, ""));
    fact(criterion, Fact::count("connections-refused", account.refused_connections, ""));
    fact(criterion, Fact::count("accepted-and-answered", account.answered, ""));
}
