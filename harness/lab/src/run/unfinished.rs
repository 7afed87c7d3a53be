//! The finding of a run that handed back none.

use evidence::{Criterion, Finding, Kind, Verdict};
use logger::Coded;

use crate::course::Week;
use crate::error::Failure;
use crate::exec::cargo::tail;

/// A run that gave no finding has failed, and says so on record: an old pass must not outlive it.
pub(super) fn finding(week: &Week, kind: Kind, failure: &Failure) -> Finding {
    let claim = match kind {
        Kind::Gate => &week.gate.claim,
        Kind::Drill => &week.drill.claim,
        Kind::Demo => week.month_review.as_ref().map_or(&week.theme, |review| &review.demo),
        _ => week.bench.as_ref().map_or(&week.theme, |bench| &bench.claim),
    };
    let mut why = failure.line();
    let detail = tail(&failure.detail, 4096);
    if !detail.is_empty() {
        why = format!("{why}\n{detail}");
    }
    let criterion = |id: &str, claim: &str, why: &str| Criterion::of(id, claim, Verdict::Failed, why);
    let handed = "the run ended with a finding that can be believed";
    let finding = Finding::of(claim).criterion(criterion("harness.finding-handed-back", handed, &why));
    if kind != Kind::Gate {
        return finding;
    }
    // Pages speak of a gate's criteria by name; each is there, and none is shown.
    let unshown = "not shown: the run gave no verdict";
    week.gate
        .criteria
        .iter()
        .fold(finding, |finding, c| finding.criterion(criterion(&c.id, &c.claim, unshown)))
}
