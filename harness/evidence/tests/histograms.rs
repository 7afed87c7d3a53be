//! Claim: a recorded distribution says what HdrHistogram says, before and after a trip through a record.

#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use evidence::Histogram;
use proptest::prelude::*;

fn recorder(digits: u8, values: &[u64]) -> hdrhistogram::Histogram<u64> {
    let mut recorder = hdrhistogram::Histogram::new(digits).unwrap();
    values.iter().for_each(|value| recorder.record(*value).unwrap());
    recorder
}

/// Small values, latencies in ns, and now and then something enormous.
fn values() -> impl Strategy<Value = Vec<u64>> {
    prop::collection::vec(
        prop_oneof![0..300u64, 300..50_000u64, 50_000..10_000_000_000u64, 0..1u64 << 62],
        1..400,
    )
}

const QUANTILES: [f64; 9] = [0.0, 0.001, 0.25, 0.5, 0.75, 0.9, 0.99, 0.999, 1.0];

proptest! {
    // A recorder for 62 bits has some 10,000 slots, and an unoptimised walk over them costs milliseconds.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn quantiles_are_those_of_hdrhistogram(values in values()) {
        let recorder = recorder(2, &values);
        let histogram = Histogram::from_hdr(&recorder);
        for q in QUANTILES {
            prop_assert_eq!(histogram.quantile(q), recorder.value_at_quantile(q).min(histogram.max), "q = {}", q);
        }
        prop_assert_eq!(histogram.count(), recorder.len());
    }

    #[test]
    fn a_sharper_recorder_gives_the_same_buckets_and_sharper_ends(values in values()) {
        let coarse = Histogram::from_hdr(&recorder(2, &values));
        let recorder = recorder(3, &values);
        let sharp = Histogram::from_hdr(&recorder);
        prop_assert_eq!(&sharp.buckets, &coarse.buckets);
        prop_assert_eq!((sharp.min, sharp.max), (recorder.min(), recorder.max()));
        let exact = Histogram::of_values(values.iter().copied());
        prop_assert_eq!(&exact.buckets, &coarse.buckets);
        prop_assert_eq!(Some(&exact.min), values.iter().min());
        prop_assert_eq!(Some(&exact.max), values.iter().max());
    }

    #[test]
    fn a_quantile_is_never_below_the_true_one_and_within_one_percent_above(mut values in values()) {
        let histogram = Histogram::of_values(values.iter().copied());
        values.sort_unstable();
        for q in QUANTILES {
            let rank = ((q * values.len() as f64).ceil() as usize).max(1);
            let exact = values[rank - 1];
            let shown = histogram.quantile(q);
            prop_assert!(shown >= exact && shown - exact <= exact / 100, "q = {q}: {shown} for {exact}");
        }
    }

    #[test]
    fn a_histogram_survives_json(values in values()) {
        let histogram = Histogram::of_values(values);
        let text = serde_json::to_string(&histogram).unwrap();
        prop_assert_eq!(serde_json::from_str::<Histogram>(&text).unwrap(), histogram);
    }

}

#[test]
fn nothing_recorded_is_empty_and_not_a_zero_latency() {
    for histogram in [Histogram::of_values([]), Histogram::from_hdr(&recorder(3, &[]))] {
        assert!(histogram.is_empty());
        assert_eq!((histogram.count(), histogram.quantile(0.99), histogram.min, histogram.max), (0, 0, 0, 0));
    }
    assert!(!Histogram::of_values([0]).is_empty());
}

#[test]
fn a_recorder_with_a_coarse_unit_keeps_its_ends_in_its_buckets() {
    let mut recorder = hdrhistogram::Histogram::<u64>::new_with_bounds(1_000, 60_000_000, 1).unwrap();
    [1_500, 2_500_000].into_iter().for_each(|value| recorder.record(value).unwrap());
    let histogram = Histogram::from_hdr(&recorder);
    assert_eq!(histogram.quantile(1.0), histogram.max);
    assert!(histogram.min <= histogram.buckets[0].0 && histogram.max <= histogram.buckets[1].0);
    let finding = evidence::Finding::of("it is recorded")
        .measurement(evidence::Measurement::of("m", "M", "ns").series(evidence::Series::of("s", histogram)));
    assert_eq!(finding.check(), Ok(()));
}
