use super::*;

const MS: Duration = Duration::from_millis(1);

fn deadline(millis: u32, split: (u8, u8, u8)) -> (Deadline, Instant) {
    let split = Split::new(split.0, split.1, split.2).unwrap();
    let now = Instant::now();
    (Deadline::starting(now, Budget::from_millis(millis).unwrap(), split), now)
}

#[test]
fn every_row_of_the_table_is_as_it_says() {
    let (deadline, start) = deadline(1_000, (50, 30, 20));
    // ANCHOR: rows
    let rows = [
        (Stage::Queue, 500, None),
        (Stage::Queue, 501, Some(1)),
        (Stage::Work, 800, None),
        (Stage::Work, 801, Some(1)),
        (Stage::Reply, 1_000, None),
        (Stage::Reply, 1_001, Some(1)),
        (Stage::Reply, 3_000, Some(2_000)),
    ];
    // ANCHOR_END: rows
    for (stage, at, over) in rows {
        let expected = over.map_or(Ok(()), |over| Err(Expired { stage, over_by: over * MS }));
        assert_eq!(deadline.check(stage, start + at * MS), expected, "{} at {at} ms", stage.name());
    }
}

#[test]
fn for_every_small_budget_and_split_a_stage_keeps_what_the_later_ones_are_entitled_to() {
    // 100 ms, so that a percent is a millisecond; every split in tens, every stage, every moment.
    for queue in (10..=80).step_by(10) {
        for work in (10..=90 - queue).step_by(10) {
            let reply = 100 - queue - work;
            let (deadline, start) = deadline(100, (queue, work, reply));
            for (stage, later) in [(Stage::Queue, work + reply), (Stage::Work, reply), (Stage::Reply, 0)] {
                for at in 0..=150_u32 {
                    let goes_on = at <= 100 && 100 - at >= u32::from(later);
                    let checked = deadline.check(stage, start + at * MS);
                    assert_eq!(checked.is_ok(), goes_on, "{queue}/{work}/{reply} {} at {at}", stage.name());
                }
            }
        }
    }
}

#[test]
fn the_smallest_share_of_the_smallest_budget_is_some_time() {
    let (deadline, start) = deadline(BUDGET_MS_MIN, (1, 1, 98));
    assert_eq!(deadline.ends(Stage::Queue) - start, Duration::from_micros(10));
    assert_eq!(deadline.ends(Stage::Work) - start, Duration::from_micros(20));
    assert_eq!(deadline.ends(Stage::Reply) - start, MS);
    assert_eq!(deadline.left(start + MS / 4), MS * 3 / 4);
    assert_eq!(deadline.left(start + 2 * MS), Duration::ZERO);
}

#[test]
fn budgets_and_splits_end_where_they_say() {
    for (millis, fits) in [(0, false), (1, true), (BUDGET_MS_MAX, true), (BUDGET_MS_MAX + 1, false)] {
        assert_eq!(Budget::from_millis(millis).is_ok(), fits, "{millis} ms");
    }
    let rows = [((98, 1, 1), true), ((99, 1, 0), false), ((50, 30, 19), false), ((50, 30, 21), false)];
    for ((queue, work, reply), fits) in rows {
        assert_eq!(Split::new(queue, work, reply).is_ok(), fits, "{queue}/{work}/{reply}");
    }
    assert!(Split::new(98, 98, 98).is_err(), "no overflow on the way to the sum");
}

#[test]
fn what_has_expired_says_where_and_by_how_much() {
    let expired = Expired { stage: Stage::Work, over_by: 5 * MS };
    assert_eq!(expired.code().code, "DEADLINE-EXPIRED");
    assert_eq!(expired.to_string(), "the request left stage work 5ms too late");
}
