use proptest::prelude::*;

use super::*;

const QUOTAS: Quotas = Quotas { connections: 2, in_flight: 3, sources: 2 };

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn the_quota_itself_fits_and_one_more_does_not_until_one_ends() {
    let (mut table, source) = (QuotaTable::new(QUOTAS), address("192.0.2.1"));
    for _ in 0..2 {
        table.connect(source).unwrap();
    }
    let over = table.connect(source).unwrap_err();
    assert_eq!((over, over.code().code), (OverQuota::Connections(2), "QUOTA-CONNECTIONS"));
    table.disconnect(source);
    assert_eq!(table.connect(source), Ok(()));
    for _ in 0..3 {
        table.begin(source).unwrap();
    }
    let over = table.begin(source).unwrap_err();
    assert_eq!((over.code().code, over.closes()), ("QUOTA-IN-FLIGHT", None), "the connection lives on");
    assert_eq!(table.connect(address("192.0.2.2")), Ok(()), "another source has a quota of its own");
}

#[test]
fn a_full_table_takes_no_new_source_and_goes_on_serving_those_it_has() {
    let mut table = QuotaTable::new(QUOTAS);
    table.connect(address("192.0.2.1")).unwrap();
    table.begin(address("192.0.2.2")).unwrap();
    let over = table.connect(address("192.0.2.3")).unwrap_err();
    assert_eq!(over.closes(), Some(CloseReason::Rule(&QUOTA_SOURCES)));
    assert_eq!(table.connect(address("192.0.2.2")), Ok(()));
    table.disconnect(address("192.0.2.1"));
    assert_eq!(table.sources(), 1, "who holds nothing is not in the table");
    assert_eq!(table.connect(address("192.0.2.3")), Ok(()));
}

#[test]
fn a_refused_newcomer_leaves_no_entry_behind() {
    let mut table = QuotaTable::new(Quotas { connections: 0, ..QUOTAS });
    assert_eq!(table.connect(address("192.0.2.1")), Err(OverQuota::Connections(0)));
    assert_eq!(table.sources(), 0);
}

#[test]
fn a_request_that_outlives_its_connection_keeps_its_source_in_the_table() {
    let (mut table, source) = (QuotaTable::new(QUOTAS), address("192.0.2.1"));
    table.connect(source).unwrap();
    table.begin(source).unwrap();
    table.disconnect(source);
    assert_eq!(table.sources(), 1);
    table.end(source);
    assert_eq!(table.sources(), 0);
    table.end(source);
    assert_eq!(table.sources(), 0, "ending once too often counts for nothing");
}

#[test]
fn all_addresses_of_one_network_are_one_source() {
    for (address_of_peer, source) in [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
        ("2001:db8:1:3::", "2001:db8:1:3::"),
    ] {
        assert_eq!(source_of(address(address_of_peer)), address(source), "{address_of_peer}");
    }
}

#[test]
fn the_addresses_of_one_network_share_its_quota() {
    let mut table = QuotaTable::new(QUOTAS);
    for peer in ["192.0.2.1", "::ffff:192.0.2.1", "2001:db8::1", "2001:db8::2"] {
        assert_eq!(table.connect(address(peer)), Ok(()), "{peer}");
    }
    assert_eq!(table.sources(), 2);
    for peer in ["::ffff:192.0.2.1", "2001:db8::3"] {
        assert_eq!(table.connect(address(peer)), Err(OverQuota::Connections(2)), "{peer}");
    }
}

proptest! {
    #[test]
    fn no_count_passes_its_bound_and_all_entries_go_when_everything_is_given_back(
        calls in prop::collection::vec((0..4_u8, 0..4_u8), 0..200),
    ) {
        let mut table = QuotaTable::new(QUOTAS);
        let mut open = Vec::new();
        for (call, last) in calls {
            let source = IpAddr::from([192, 0, 2, last]);
            match call {
                0 if table.connect(source).is_ok() => open.push((source, true)),
                1 if table.begin(source).is_ok() => open.push((source, false)),
                _ => {
                    if let Some((source, connection)) = open.pop() {
                        if connection { table.disconnect(source) } else { table.end(source) }
                    }
                }
            }
            prop_assert!(table.sources() <= QUOTAS.sources);
            prop_assert!(table.held.values().all(|held| held.connections <= 2 && held.in_flight <= 3));
        }
        for (source, connection) in open {
            if connection { table.disconnect(source) } else { table.end(source) }
        }
        prop_assert_eq!(table.sources(), 0);
    }
}
