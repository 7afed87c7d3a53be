//! What a comparison says in a record.

use evidence::{Criterion, Fact, Histogram, Measurement, Ratio, Series};

use super::{Cell, Round, Turns};

/// A measurement of one cell: a series a contestant. Distributions are large, so only a cell that is to be drawn keeps
/// them; the others keep their percentiles.
pub(super) fn measurement(cell: &Cell, title: &str, turns: &[Turns], with_histograms: bool) -> Measurement {
    turns.iter().fold(Measurement::of(&format!("echo-{}", cell.word()), title, "ns"), |all, turns| {
        let mut series = if with_histograms {
            Series::of(&turns.name, Histogram::from_hdr(&turns.latency))
        } else {
            Series::named(&turns.name)
        };
        if turns.peer {
            series = series.peer();
        }
        let throughput = |pick: fn(f64, f64) -> f64| {
            turns.rounds.iter().map(|round| round.throughput).reduce(pick).unwrap_or(0.0).round()
        };
        series = series
            .fact(Fact::real("throughput", turns.median(|round| round.throughput).round(), "requests/s"))
            .fact(Fact::real("lowest", throughput(f64::min), "requests/s"))
            .fact(Fact::real("highest", throughput(f64::max), "requests/s"));
        if !with_histograms {
            series = series
                .fact(Fact::real("p50", turns.median(|round| round.p50_ns as f64), "ns"))
                .fact(Fact::real("p99", turns.median(|round| round.p99_ns as f64), "ns"));
        }
        if turns.replies > 0 {
            let each = turns.server_time.as_nanos() as f64 / turns.replies as f64;
            series = series.fact(Fact::real("server-time", each.round(), "ns/request"));
        }
        all.series(series)
    })
}

/// Our throughput over a peer's, round by round.
pub(super) fn throughput_ratio(cell: &Cell, ours: &Turns, peer: &Turns, bar: Option<f64>) -> Ratio {
    let id = format!("throughput-{}-{}", cell.word(), peer.name);
    ratio(&id, &format!("{}: requests a second", describe(cell)), ours, peer, bar, |ours, peer| {
        ours.throughput / peer.throughput.max(1.0)
    })
}

/// A peer's 99th percentile over ours, round by round: above 1, ours is the shorter one.
pub(super) fn latency_ratio(cell: &Cell, ours: &Turns, peer: &Turns, bar: Option<f64>) -> Ratio {
    let id = format!("p99-{}-{}", cell.word(), peer.name);
    ratio(
        &id,
        &format!("{}: 99th percentile, the peer's over ours", describe(cell)),
        ours,
        peer,
        bar,
        |ours, peer| peer.p99_ns as f64 / ours.p99_ns.max(1) as f64,
    )
}

fn ratio(
    id: &str,
    claim: &str,
    ours: &Turns,
    peer: &Turns,
    bar: Option<f64>,
    of: impl Fn(&Round, &Round) -> f64,
) -> Ratio {
    let ratios: Vec<f64> = ours.rounds.iter().zip(&peer.rounds).map(|(ours, peer)| of(ours, peer)).collect();
    Ratio::of_rounds(id, claim, &ours.name, &peer.name, &ratios, bar)
}

/// In words: `64 B, 50 connections, depth 16`.
pub(super) fn describe(cell: &Cell) -> String {
    let size = match cell.payload_bytes {
        bytes if bytes.is_multiple_of(1024) => format!("{} KiB", bytes / 1024),
        bytes => format!("{bytes} B"),
    };
    let connections = match cell.connections {
        1 => "1 connection".to_owned(),
        many => format!("{many} connections"),
    };
    match cell.requests_per_second {
        None => format!("{size}, {connections}, depth {}", cell.depth),
        Some(rate) => format!("{size}, {connections}, {rate} requests/s"),
    }
}

/// Every request of every contestant was answered, byte for byte.
pub(super) fn criterion_all_answered(id: &str, cells: &[(Cell, Vec<Turns>)]) -> Criterion {
    let all = || cells.iter().flat_map(|(_, turns)| turns);
    let failed: Vec<String> = cells
        .iter()
        .flat_map(|(cell, turns)| turns.iter().map(move |turns| (cell, turns)))
        .filter(|(_, turns)| turns.failed > 0 || turns.replies == 0)
        .map(|(cell, turns)| format!("{} at {}: {} failed", turns.name, cell.word(), turns.failed))
        .collect();
    let replies: u64 = all().map(|turns| turns.replies).sum();
    Criterion::check(
        id,
        "every request of every contestant is answered, byte for byte",
        failed.is_empty(),
        failed.join(", "),
    )
    .fact(Fact::count("replies", replies, ""))
}
