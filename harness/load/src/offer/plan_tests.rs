//! Each bound of a plan is allowed, and one past it is refused by name.

use super::*;
use crate::offer::group::*;
use crate::plan::{DEPTH_MAX, REQUESTS_PER_SECOND_MAX};

const MILLISECOND: Duration = Duration::from_millis(1);

fn check(group: Group) -> Result<(), LoadError> {
    Plan::to(([127, 0, 0, 1], 9).into()).group(group).check()
}

fn group() -> Group {
    Group::closed("g", 1, 1, 8)
}

#[test]
fn a_bound_is_allowed_and_one_past_it_is_refused_by_name() {
    let budget = |ms| group().calls(Duration::from_millis(ms), Importance::Ordinary);
    let in_flight = |in_flight_max| Group { in_flight_max, ..group() };
    let many = |sizes: usize| group().sizes(vec![(1, 1); sizes]);
    for (allowed, refused, name) in [
        (
            Group::closed("g", CONNECTIONS_MAX, 1, 8),
            Group::closed("g", CONNECTIONS_MAX + 1, 1, 8),
            "connections",
        ),
        (Group::closed("g", 1, 1, 8), Group::closed("g", 0, 1, 8), "connections"),
        (Group::closed("g", 1, DEPTH_MAX, 8), Group::closed("g", 1, DEPTH_MAX + 1, 8), "depth of `g`"),
        (Group::closed("g", 1, 1, 8), Group::closed("g", 1, 0, 8), "depth of `g`"),
        (
            Group::open("g", 1, REQUESTS_PER_SECOND_MAX, 8),
            Group::open("g", 1, REQUESTS_PER_SECOND_MAX + 1, 8),
            "requests a second",
        ),
        (Group::open("g", 1, 1, 8), Group::open("g", 1, 0, 8).poisson(), "requests a second"),
        (group().sizes([(BODY_BYTES_MAX, 1)]), group().sizes([(BODY_BYTES_MAX + 1, 1)]), "body bytes"),
        (group().sizes([(1, WEIGHT_MAX)]), group().sizes([(1, WEIGHT_MAX + 1)]), "weight"),
        (group().sizes([(1, 1)]), group().sizes([(1, 0)]), "weight"),
        (many(SIZES_MAX), many(SIZES_MAX + 1), "number of sizes"),
        (many(1), many(0), "number of sizes"),
        (in_flight(IN_FLIGHT_MAX), in_flight(IN_FLIGHT_MAX + 1), "in flight"),
        (in_flight(1), in_flight(0), "in flight"),
        (group().deadline(DEADLINE_MAX), group().deadline(DEADLINE_MAX + MILLISECOND), "deadline"),
        (group().deadline(MILLISECOND), group().deadline(Duration::from_micros(999)), "deadline"),
        (budget(u32::MAX.into()), budget(1 << 32), "budget"),
        (budget(1), budget(0), "budget"),
        (
            group().source([127, 0, 0, 2].into()),
            group().source([0, 0, 0, 0, 0, 0, 0, 1_u16].into()),
            "source",
        ),
    ] {
        check(allowed).unwrap();
        let error = check(refused).unwrap_err().to_string();
        assert!(error.contains(name), "{name}: {error}");
    }
    let depth = Group { in_flight_max: 3, ..Group::closed("g", 1, 4, 8) };
    assert!(check(depth).unwrap_err().to_string().contains("1 to 3"), "a closed loop must be able to leave");
}

#[test]
fn a_plan_has_clients_and_bounds_of_its_own() {
    let plan = || Plan::to(([127, 0, 0, 1], 9).into());
    assert!(plan().check().is_err(), "nobody");
    let of = |bytes: usize, groups: usize| {
        (0..groups).fold(plan(), |plan, _| plan.group(group().sizes([(bytes, 1)])))
    };
    let eighth = BODIES_BYTES_MAX / 8;
    of(eighth, 8).check().unwrap();
    assert!(of(eighth, 9).check().unwrap_err().to_string().contains("sum of body bytes"));
    let short = Duration::from_micros(999);
    for wrong in [Plan { connect_deadline: short, ..of(1, 1) }, Plan { interval: Some(short), ..of(1, 1) }] {
        assert!(wrong.check().is_err());
    }
    Plan { interval: Some(MILLISECOND), connect_deadline: MILLISECOND, ..of(1, 1) }.check().unwrap();
}
