//! The echo comparison: which cells, who takes part, and which bars.

use std::time::Duration;

use evidence::run::Profile;
use evidence::{Criterion, Fact, Finding};

use super::{
    Cell, compare, criterion_all_answered, describe, latency_ratio, measurement, start, throughput_ratio,
};
use crate::{LoadError, peers, pin};

/// The open loop's rate: about a tenth of what a server can do at depth 1, so that nobody is overloaded, and what is
/// measured is how long a request waits.
const OPEN_REQUESTS_PER_SECOND: u64 = 20_000;

/// What the bars are set for: the connections of the numbers that a reader finds elsewhere.
const JUDGED_CONNECTIONS: usize = 50;

/// Ours against the peers.
#[derive(Debug, Clone, Copy)]
pub struct Echo<'a> {
    /// Our contestants, as the measurement's own [`serve_if_asked`](super::serve_if_asked) knows them.
    pub ours: &'a [&'a str],
    /// The one of them that is compared with the peers.
    pub subject: &'a str,
    /// The week's name space, for criteria: `event-loop`.
    pub space: &'a str,
    /// Judge the subject at a single connection as well.
    pub judge_single: bool,
}

impl Echo<'_> {
    /// Starts everybody, lets them take turns, and adds a measurement a cell, a ratio a cell and peer, and the criteria.
    /// Quick runs show that it works and judge nothing: two rounds on a busy machine are no measurement.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn measure(&self, mut finding: Finding, profile: Profile, seed: u64) -> Result<Finding, LoadError> {
        let names = self.ours.iter().copied().chain(peers::NAMES);
        // They tie themselves to a core, and inherit what we are tied to: so they are started first.
        let contestants = names.map(start).collect::<Result<Vec<_>, _>>()?;
        pin::this_thread(1)?;
        let mut cells = Vec::new();
        for cell in chosen(profile) {
            eprintln!("echo: {}", describe(&cell));
            let turns = compare(&cell, &contestants, |name| takes_part(name, &cell), seed)?;
            cells.push((cell, turns));
        }
        // Whoever measures next begins as free as we did.
        pin::untie()?;
        let judged = profile != Profile::Quick;
        let mut single = Vec::new();
        for (cell, turns) in &cells {
            let drawn = cell.connections == JUDGED_CONNECTIONS && cell.is_drawn();
            let title = format!("Echo: {}", describe(cell));
            finding = finding.measurement(measurement(cell, &title, turns, drawn));
            let Some(ours) = turns.iter().find(|turns| turns.name == self.subject) else { continue };
            for peer in turns.iter().filter(|turns| turns.peer) {
                let bar = bar(cell, &peer.name).filter(|_| judged);
                let ratio = throughput_ratio(cell, ours, peer, bar);
                if cell.depth == 1 && cell.requests_per_second.is_none() && peer.name == "mio" {
                    single.push((cell.connections, ratio.clone()));
                }
                if cell.requests_per_second.is_none() {
                    finding = finding.ratio(ratio);
                }
                if cell.requests_per_second.is_some() || is_deep_and_large(cell) {
                    let bar = p99_bar(cell, &peer.name).filter(|_| judged);
                    finding = finding.ratio(latency_ratio(cell, ours, peer, bar));
                }
            }
        }
        finding = finding.criterion(criterion_all_answered(&format!("{}.all-answered", self.space), &cells));
        if judged {
            finding = finding.criterion(self.depth_one(&single));
        }
        Ok(finding)
    }

    /// At depth 1 everybody waits for system calls, and the claim is only that ours does not do worse: the best round
    /// reaches the peer.
    fn depth_one(&self, ratios: &[(usize, evidence::Ratio)]) -> Criterion {
        let judged = || ratios.iter().filter(|(connections, _)| self.judge_single || *connections > 1);
        let worse: Vec<String> = judged()
            .filter(|(_, ratio)| ratio.high < 1.0)
            .map(|(_, ratio)| format!("{}: at best {:.2} of mio", ratio.claim, ratio.high))
            .collect();
        let claim = "at depth 1, throughput is no lower than mio's within the spread of the rounds";
        let id = format!("{}.depth-one", self.space);
        judged().fold(
            Criterion::check(&id, claim, worse.is_empty() && !ratios.is_empty(), worse.join(", ")),
            |criterion, (_, ratio)| {
                criterion.fact(Fact::real(&format!("{}-high", ratio.id), ratio.high, "x"))
            },
        )
    }
}

/// The bar of our throughput over a peer's.
fn bar(cell: &Cell, peer: &str) -> Option<f64> {
    if cell.connections != JUDGED_CONNECTIONS || cell.depth != 16 {
        return None;
    }
    match (cell.payload_bytes, peer) {
        (64, "tokio-codec") => Some(10.0),
        (64, "tokio-batched") => Some(1.3),
        (64, "mio") => Some(0.95),
        (4096, "mio" | "mio-64k") => Some(0.9),
        _ => None,
    }
}

/// The bar of a peer's 99th percentile over ours. Whoever drains one socket before the next pays for it where a batch
/// is larger than a read: the client refills what is being drained, and all others wait.
fn p99_bar(cell: &Cell, peer: &str) -> Option<f64> {
    (is_deep_and_large(cell) && cell.connections == JUDGED_CONNECTIONS && peer == "mio").then_some(10.0)
}

fn is_deep_and_large(cell: &Cell) -> bool {
    cell.payload_bytes > 64 && cell.depth > 1
}

/// A tuned buffer makes a difference only where a batch is larger than the ordinary one.
fn takes_part(name: &str, cell: &Cell) -> bool {
    name != "mio-64k" || is_deep_and_large(cell)
}

fn chosen(profile: Profile) -> Vec<Cell> {
    if profile == Profile::Quick {
        let turn = Duration::from_millis(40);
        return [Cell::closed(64, 50, 1), Cell::closed(64, 50, 16), Cell::closed(4096, 50, 16)]
            .map(|cell| cell.turns(2, turn))
            .into();
    }
    let rounds = profile.pick(2, 4, 15);
    let mut cells = Vec::new();
    for payload in [64, 4096] {
        for connections in [1, 50, 500] {
            for depth in [1, 16] {
                // Where most is in flight a turn has to be long enough for everybody to be served many times.
                let ms = match (payload > 64 && depth > 1, connections) {
                    // Whoever waits behind a socket that is never drained waits for most of a turn, so that a short turn
                    // would hide how long.
                    (true, 500) => 600,
                    (true, _) => 250,
                    (false, _) => 80,
                };
                // What is judged is looked at twice as often: a machine has slow moments, and half of four is two.
                let rounds = if connections == JUDGED_CONNECTIONS { 2 * rounds } else { rounds };
                cells
                    .push(Cell::closed(payload, connections, depth).turns(rounds, Duration::from_millis(ms)));
            }
        }
    }
    let open = Cell::closed(64, 50, 1).turns(rounds, Duration::from_millis(250));
    cells.push(Cell { requests_per_second: Some(OPEN_REQUESTS_PER_SECOND), ..open });
    cells
}

impl Cell {
    /// Distributions are kept where latency is the point: at depth 1, and in the open loop.
    fn is_drawn(&self) -> bool {
        self.payload_bytes == 64 && (self.depth == 1 || self.requests_per_second.is_some())
            || is_deep_and_large(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bar_belongs_to_a_cell_that_is_measured() {
        let cells = chosen(Profile::Default);
        for (payload, peer) in [(64, "tokio-codec"), (64, "tokio-batched"), (64, "mio"), (4096, "mio")] {
            assert!(peers::NAMES.contains(&peer));
            let held = cells.iter().any(|cell| cell.payload_bytes == payload && bar(cell, peer).is_some());
            assert!(held, "{payload} B beside {peer}");
        }
        let words: std::collections::BTreeSet<String> = cells.iter().map(Cell::word).collect();
        assert_eq!(words.len(), cells.len(), "a cell is known by its word");
    }

    #[test]
    fn depth_one_passes_when_the_best_round_reaches_the_peer_and_not_below() {
        let echo = Echo { ours: &[], subject: "ours", space: "x", judge_single: false };
        let ratio = |rounds: &[f64]| evidence::Ratio::of_rounds("r", "c", "ours", "mio", rounds, None);
        let verdict = |connections, rounds: &[f64]| echo.depth_one(&[(connections, ratio(rounds))]).verdict;
        assert_eq!(verdict(50, &[0.9, 1.0]), evidence::Verdict::Passed);
        assert_eq!(verdict(50, &[0.9, 0.99]), evidence::Verdict::Failed);
        assert_eq!(verdict(1, &[0.5]), evidence::Verdict::Passed, "a single connection is shown, not judged");
        assert_eq!(
            echo.depth_one(&[]).verdict,
            evidence::Verdict::Failed,
            "nothing measured is nothing shown"
        );
    }
}
