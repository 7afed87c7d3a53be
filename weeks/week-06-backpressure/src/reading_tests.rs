use super::*;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// 300 ms for the head; 200 ms and 1,000 bytes a second for the body; 50 bytes in 500 ms.
fn rules() -> ReadRules {
    ReadRules {
        header: ms(300),
        body_grace: ms(200),
        body_bytes_per_second_min: 1_000,
        pace: Pace::new(50, 500).unwrap(),
    }
}

fn due(reading: &Reading, start: Instant) -> Option<(u64, &'static str)> {
    reading.deadline().map(|(at, reason)| ((at - start).as_millis() as u64, reason.class()))
}

#[test]
fn no_byte_of_the_head_moves_its_deadline() {
    let (mut reading, start) = (Reading::new(rules()), Instant::now());
    assert_eq!(reading.deadline(), None);
    for millis in [0, 100, 299] {
        reading.arrived(1, start + ms(millis));
        assert_eq!(due(&reading, start), Some((300, "header-deadline")));
    }
}

#[test]
fn a_body_has_the_time_of_its_size_and_no_byte_moves_that_either() {
    // (announced, allowed in ms): the grace, and a millisecond a byte.
    for (announced, allowed) in [(0, 200), (1, 201), (100, 300), (1_000, 1_200)] {
        assert_eq!(rules().body(announced), ms(allowed), "{announced} bytes");
    }
    assert_eq!(
        ReadRules { body_bytes_per_second_min: 0, ..rules() }.body(1),
        ms(1_200),
        "no rate is the least"
    );
    assert_eq!(ReadRules { body_bytes_per_second_min: 3_000, ..rules() }.body(1), ms(201), "rounded up");
    let (mut reading, start) = (Reading::new(rules()), Instant::now());
    reading.arrived(10, start);
    reading.announced(250, start + ms(100));
    for millis in [100, 300, 500] {
        reading.arrived(60, start + ms(millis));
        reading.announced(9_999, start + ms(millis));
        assert_eq!(due(&reading, start), Some((550, "body-deadline")));
    }
}

#[test]
fn a_large_body_that_stands_still_is_noticed_by_the_window() {
    let (mut reading, start) = (Reading::new(rules()), Instant::now());
    reading.arrived(100, start);
    reading.announced(60_000, start + ms(10));
    assert_eq!(due(&reading, start), Some((500, "slow-read")));
    reading.arrived(50, start + ms(400));
    assert_eq!(due(&reading, start), Some((900, "slow-read")));
}

// ANCHOR: trickles
#[test]
fn each_kind_of_slowness_ends_at_the_predicted_moment_under_its_own_rule() {
    // Bytes each 100 ms from 0 on; the head is 10 bytes, the body as announced. (bytes, announced, end)
    let rows = [
        (1, 100, Some((300, "header-deadline"))),
        (5, 30_000, Some((500, "slow-read"))),
        (10, 30_000, None),
        (20, 300, Some((500, "body-deadline"))),
        (40, 100, None),
    ];
    for (bytes, announced, expected) in rows {
        let (mut reading, start) = (Reading::new(rules()), Instant::now());
        let (mut sent, mut ended) = (0, None);
        for tick in 0..50 {
            let now = start + ms(100 * tick);
            ended = ended.or(due(&reading, start).filter(|(at, _)| *at < 100 * tick));
            reading.arrived(bytes, now);
            sent += bytes;
            if sent >= 10 + announced as usize {
                reading.finished(0, now);
                break;
            }
            if sent >= 10 {
                reading.announced(announced, now);
            }
        }
        assert_eq!(ended, expected, "{bytes} bytes each 100 ms of {announced}");
    }
}
// ANCHOR_END: trickles

#[test]
fn a_message_that_was_finished_leaves_nothing_owed_unless_the_next_has_begun() {
    let (mut reading, start) = (Reading::new(rules()), Instant::now());
    reading.arrived(10, start);
    reading.announced(5, start);
    reading.finished(0, start + ms(50));
    assert_eq!(reading.deadline(), None);
    reading.arrived(10, start + ms(60));
    reading.finished(3, start + ms(70));
    assert_eq!(due(&reading, start), Some((370, "header-deadline")));
}

#[test]
fn a_peer_that_had_to_wait_for_us_gets_its_time_back() {
    let (mut reading, start) = (Reading::new(rules()), Instant::now());
    reading.arrived(10, start);
    reading.announced(100, start);
    assert_eq!(due(&reading, start), Some((300, "body-deadline")));
    reading.restart(start + ms(1_000));
    assert_eq!(due(&reading, start), Some((1_300, "body-deadline")));
}
