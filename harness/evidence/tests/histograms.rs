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

    #[test]
    fn percentile_rows_are_those_of_hdrhistogram(values in values()) {
        let recorder = recorder(2, &values);
        let ours = Histogram::from_hdr(&recorder).percentiles();
        let mut count = 0;
        let theirs: Vec<_> = recorder.iter_quantiles(5).map(|step| {
            count += step.count_since_last_iteration();
            (step.value_iterated_to(), step.quantile_iterated_to(), count)
        }).collect();
        prop_assert_eq!(ours.len(), theirs.len());
        for (row, (value, quantile, count)) in ours.iter().zip(theirs) {
            prop_assert_eq!((row.value, row.count), (value, count));
            prop_assert!((row.quantile - quantile).abs() < 1e-12, "{} and {quantile}", row.quantile);
        }
    }

    #[test]
    fn mean_and_deviation_are_those_of_hdrhistogram(values in prop::collection::vec(0..10_000_000_000u64, 1..300)) {
        let recorder = recorder(2, &values);
        let histogram = Histogram::from_hdr(&recorder);
        prop_assert!((histogram.mean() - recorder.mean()).abs() <= recorder.mean() * 1e-9);
        prop_assert!((histogram.standard_deviation() - recorder.stdev()).abs() <= recorder.mean() * 1e-9);
    }
}

#[test]
fn nothing_recorded_is_empty_and_not_a_zero_latency() {
    for histogram in [Histogram::of_values([]), Histogram::from_hdr(&recorder(3, &[]))] {
        assert!(histogram.is_empty());
        assert_eq!((histogram.count(), histogram.quantile(0.99), histogram.min, histogram.max), (0, 0, 0, 0));
        assert_eq!(histogram.percentiles(), []);
        assert!(histogram.hgrm("ns").contains("Total count    =            0"));
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

#[test]
fn counts_near_the_end_of_64_bits_still_end() {
    let histogram = Histogram { min: 1, max: 2, buckets: vec![(1, u64::MAX - 1), (2, 1)] };
    let rows = histogram.percentiles();
    assert!(rows.len() < 400, "{} rows", rows.len());
    assert_eq!(rows.last().map(|row| (row.value, row.quantile)), Some((2, 1.0)));
}

#[test]
fn the_export_reads_like_that_of_the_other_tools() {
    let histogram = Histogram::of_values((1..=8).map(|n| n * 100));
    let expected = concat!(
        "       Value     Percentile TotalCount 1/(1-Percentile)\n",
        "\n",
        "     100.000 0.000000000000          1           1.00\n",
        "     100.000 0.100000000000          1           1.11\n",
        "     200.000 0.200000000000          2           1.25\n",
        "     301.000 0.300000000000          3           1.43\n",
        "     401.000 0.400000000000          4           1.67\n",
        "     401.000 0.500000000000          4           2.00\n",
        "     501.000 0.550000000000          5           2.22\n",
        "     501.000 0.600000000000          5           2.50\n",
        "     603.000 0.650000000000          6           2.86\n",
        "     603.000 0.700000000000          6           3.33\n",
        "     703.000 0.750000000000          7           4.00\n",
        "     703.000 0.775000000000          7           4.44\n",
        "     703.000 0.800000000000          7           5.00\n",
        "     703.000 0.825000000000          7           5.71\n",
        "     703.000 0.850000000000          7           6.67\n",
        "     800.000 0.875000000000          8           8.00\n",
        "     800.000 1.000000000000          8\n",
        "#[Mean    =      451.125, StdDeviation   =      229.865]\n",
        "#[Max     =      800.000, Total count    =            8]\n",
        "#[Buckets =            3, SubBuckets     =          256]\n",
        "#[Unit    =           us]\n",
    );
    assert_eq!(histogram.hgrm("us"), expected);
}
