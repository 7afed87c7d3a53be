use logger::Coded;

use super::*;

fn with(from: &str, to: &str) -> Result<Policy, PolicyError> {
    assert_eq!(POLICY_DEFAULT.matches(from).count(), 1, "`{from}` is not unique in the default policy");
    Policy::parse(&POLICY_DEFAULT.replace(from, to))
}

fn key_of(error: PolicyError) -> String {
    assert_eq!(error.code().code, "POLICY-INVALID");
    match error {
        PolicyError::Contradiction { key, .. } => key,
        other => panic!("{other}"),
    }
}

#[test]
fn the_policy_that_is_compiled_in_is_one() {
    let policy = Policy::parse(POLICY_DEFAULT).unwrap();
    assert_eq!(policy.hold(), Duration::from_millis(250));
    assert_eq!(policy.retry_after(Step::Normal), Duration::ZERO);
    assert_eq!(policy.retry_after(Step::Refuse), Duration::from_secs(2));
    assert_eq!(policy.band(Step::Normal, Signal::Age), None);
    assert_eq!(policy.band(Step::Shed, Signal::Age), Some(Band { enter: 20, leave: 10 }));
}

// ANCHOR: contradictions
#[test]
fn every_contradiction_is_refused_under_the_key_that_it_is_in() {
    let rows = [
        // (what is written instead of what, and the key that the error names)
        ("age_ms: { enter: 20, leave: 10 }", "age_ms: { enter: 20, leave: 20 }", "shed.age_ms.leave"),
        ("age_ms: { enter: 20, leave: 10 }", "age_ms: { enter: 20, leave: 0 }", "shed.age_ms.leave"),
        ("age_ms: { enter: 100, leave: 50 }", "age_ms: { enter: 19, leave: 15 }", "reject.age_ms.enter"),
        ("age_ms: { enter: 100, leave: 50 }", "age_ms: { enter: 100, leave: 9 }", "reject.age_ms.leave"),
        ("depth: { enter: 512, leave: 256 }", "depth: { enter: 127, leave: 64 }", "refuse.depth.enter"),
        ("depth: { enter: 512, leave: 256 }", "depth: { enter: 1000001, leave: 256 }", "refuse.depth.enter"),
        (
            "memory_mib: { enter: 256, leave: 224 }",
            "memory_mib: { enter: 0, leave: 0 }",
            "shed.memory_mib.enter",
        ),
        (
            "egress_mib: { enter: 64, leave: 48 }",
            "egress_mib: { enter: 64, leave: 65 }",
            "reject.egress_mib.leave",
        ),
        ("interval_ms: 100", "interval_ms: 0", "interval_ms"),
        ("hold_ms: 250", "hold_ms: 600001", "hold_ms"),
        ("retry_after_ms: 2000", "retry_after_ms: 10001", "refuse.retry_after_ms"),
        ("retry_after_max_ms: 10000", "retry_after_max_ms: 1500", "refuse.retry_after_ms"),
    ];
    for (from, to, key) in rows {
        assert_eq!(key_of(with(from, to).unwrap_err()), key, "{to}");
    }
}
// ANCHOR_END: contradictions

#[test]
fn what_is_just_within_the_rules_is_a_policy() {
    let rows = [
        ("age_ms: { enter: 20, leave: 10 }", "age_ms: { enter: 20, leave: 19 }"),
        ("age_ms: { enter: 100, leave: 50 }", "age_ms: { enter: 20, leave: 10 }"),
        ("depth: { enter: 512, leave: 256 }", "depth: { enter: 1000000, leave: 999999 }"),
        ("retry_after_ms: 2000", "retry_after_ms: 10000"),
        ("hold_ms: 250", "hold_ms: 600000"),
    ];
    for (from, to) in rows {
        with(from, to).unwrap_or_else(|error| panic!("{to}: {error}"));
    }
}

#[test]
fn an_unknown_key_a_missing_key_and_a_share_too_many_are_refused() {
    let rows = [
        ("hold_ms: 250", "hold_ms: 250\nhold: 1", "unknown field `hold`"),
        ("hold_ms: 250", "", "missing field `hold_ms`"),
        ("depth: { enter: 512, leave: 256 }", "depth: { enter: 512, exit: 256 }", "unknown field `exit`"),
        ("hold_ms: 250", "hold_ms: -1", "hold_ms"),
        ("split: { queue: 50,", "split: { queue: 51,", "101"),
    ];
    for (from, to, says) in rows {
        let error = with(from, to).unwrap_err();
        assert!(matches!(error, PolicyError::Unreadable(_)), "{to}: {error}");
        assert!(error.to_string().contains(says), "{to}: {error}");
        assert_eq!(error.code().code, "POLICY-INVALID");
    }
}

#[test]
fn a_file_is_loaded_up_to_its_bound_and_one_that_is_missing_has_its_own_code() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("overload.yaml");
    let padded =
        format!("{POLICY_DEFAULT}\n#{}", " ".repeat(POLICY_BYTES_MAX as usize - POLICY_DEFAULT.len() - 2));
    std::fs::write(&path, &padded).unwrap();
    assert_eq!(Policy::load(&path).unwrap(), Policy::parse(POLICY_DEFAULT).unwrap());
    std::fs::write(&path, padded + " ").unwrap();
    for refused in [path, folder.path().join("none.yaml")] {
        assert_eq!(Policy::load(&refused).unwrap_err().code().code, "POLICY-FILE");
    }
}
