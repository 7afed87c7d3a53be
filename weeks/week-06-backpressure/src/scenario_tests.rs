use super::*;

fn with(from: &str, to: &str) -> Result<Vec<Scenario>, StressError> {
    assert_eq!(STRESS_DEFAULT.matches(from).count(), 1, "`{from}` is not unique in the scenarios");
    parse(&STRESS_DEFAULT.replace(from, to))
}

#[test]
fn the_five_that_are_compiled_in_are_the_five_of_the_week_each_with_a_metric_of_its_own() {
    let scenarios = parse(STRESS_DEFAULT).unwrap();
    let ids: Vec<&str> = scenarios.iter().map(|scenario| scenario.id.as_str()).collect();
    assert_eq!(ids, ["slow-senders", "slow-readers", "burst-10x", "retry-storm", "greedy-tenant"]);
    let metrics: std::collections::HashSet<Metric> =
        scenarios.iter().map(|scenario| scenario.gate.metric).collect();
    assert_eq!(metrics.len(), SCENARIOS);
}

#[test]
fn whatever_is_not_an_experiment_is_refused_and_named() {
    let rows = [
        ("- id: slow-readers", "- id: slow-senders", "twice"),
        ("- id: slow-readers", "- id: Slow readers", "not a word"),
        ("- id: slow-readers", "- id: slow-readers\n  note: x", "unknown field `note`"),
        (
            "  fault: One source asks for large answers as fast as its connections allow",
            "  fault: ''",
            "`fault`",
        ),
        (
            "  fault: One source asks for large answers as fast as its connections allow\n",
            "",
            "missing field `fault`",
        ),
        ("  gate: { metric: goodput, at_least: 70, unit: percent }\n", "", "missing field `gate`"),
        ("{ metric: goodput, at_least: 70,", "{ metric: happiness, at_least: 70,", "happiness"),
        ("{ metric: goodput, at_least: 70,", "{ at_least: 70,", "missing field `metric`"),
        ("{ metric: goodput, at_least: 70,", "{ metric: goodput,", "one bound"),
        ("{ metric: goodput, at_least: 70,", "{ metric: goodput, at_least: 70, at_most: 90,", "one bound"),
        ("{ metric: goodput, at_least: 70,", "{ metric: goodput, at_least: -1,", "one bound"),
        ("{ metric: goodput, at_least: 70,", "{ metric: goodput, at_least: .nan,", "one bound"),
        ("at_most: 3000, unit: ms", "at_most: 3000, unit: mib", "unit"),
        ("at_most: 3000, unit: ms", "at_most: 3000, unit: hours", "hours"),
        ("{ polite: 100, offending: 0,", "{ polite: 0, offending: 0,", "load.polite is 0"),
        ("{ polite: 100, offending: 0,", "{ polite: 100, offending: 10001,", "load.offending is 10001"),
        ("body_bytes: 65536", "body_bytes: 1048577", "load.body_bytes is 1048577"),
        ("seconds: 12", "seconds: 601", "load.seconds is 601"),
    ];
    for (from, to, says) in rows {
        let error = with(from, to).unwrap_err();
        assert_eq!(error.code().code, "STRESS-INVALID");
        assert!(error.to_string().contains(says), "{to}: {error}");
    }
}

#[test]
fn four_scenarios_and_six_are_not_a_matrix() {
    let (head, rest) = STRESS_DEFAULT.split_once("- id: slow-readers").unwrap();
    let (_, tail) = rest.split_once("- id: burst-10x").unwrap();
    let four = format!("{head}- id: burst-10x{tail}");
    assert!(matches!(parse(&four), Err(StressError::Count(4))));
    let six = format!("{STRESS_DEFAULT}{}", &tail[tail.find("- id: greedy-tenant").unwrap()..]);
    assert!(matches!(parse(&six), Err(StressError::Count(6))));
    assert!(matches!(parse("[]"), Err(StressError::Count(0))));
}

#[test]
fn the_bound_itself_passes_in_either_direction_and_no_number_passes_in_none() {
    let gate = |at_most, at_least| Gate { metric: Metric::Goodput, at_most, at_least, unit: Unit::Percent };
    let (most, least) = (gate(Some(70.0), None), gate(None, Some(70.0)));
    for (observed, below, above) in [(69.9, true, false), (70.0, true, true), (70.1, false, true)] {
        assert_eq!((most.holds(observed), least.holds(observed)), (below, above), "{observed}");
    }
    assert!(!most.holds(f64::NAN) && !least.holds(f64::NAN));
    assert!(!gate(None, None).holds(0.0));
}
