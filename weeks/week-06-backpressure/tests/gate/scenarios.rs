//! The stress scenarios as they were written down, and what is offered in them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use backpressure::scenario::{STRESS_DEFAULT, Scenario, parse};
use evidence::Fact;
use evidence::run::{fact, seed_or};
use load::crowd::{Crowd, GroupTally, Plan as Crowding, Tally};
use load::offer::{Group, GroupOutcome, Importance, Offer, Plan};

use crate::wire::wait_until;

/// Longer than any of them takes, so that a hang is noticed.
const DEADLINE: Duration = Duration::from_secs(15);
/// How long a polite client waits. Whether it is served is the question here, and how fast is another one.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Addresses of which a crowd, or those who are not one tenant, make use.
const SOURCES: u8 = 25;

/// The scenario of this id.
pub(crate) fn scenario(id: &str) -> Scenario {
    let found = parse(STRESS_DEFAULT).unwrap().into_iter().find(|scenario| scenario.id == id);
    found.unwrap_or_else(|| panic!("fixtures/stress.yaml has no scenario {id}"))
}

/// The scenario's own metric decides.
pub(crate) fn decide(criterion: &str, scenario: &Scenario, observed: f64) {
    let gate = &scenario.gate;
    assert!(gate.holds(observed), "{}: {observed} {:?}, where {gate:?}", scenario.hypothesis, gate.unit);
    let unit = format!("{:?}", gate.unit).to_lowercase();
    fact(criterion, Fact::real("observed", (observed * 100.0).round() / 100.0, &unit));
    for (name, bound) in [("at-least", gate.at_least), ("at-most", gate.at_most)] {
        if let Some(bound) = bound {
            fact(criterion, Fact::real(name, bound, &unit));
        }
    }
}

/// One group of the scenario's polite clients, of so many: each asks at its times, and waits.
fn polite_group(name: &str, scenario: &Scenario, groups: u64) -> Group {
    let load = &scenario.load;
    let group = Group::open(name, (load.polite / groups) as usize, load.requests_per_second / groups, 64);
    group.calls(PATIENCE, Importance::Ordinary).deadline(PATIENCE)
}

/// The scenario's polite clients.
pub(crate) fn polite(scenario: &Scenario, server: SocketAddr) -> Offer {
    let plan = Plan { seed: seed_or(6), ..Plan::to(server) };
    Offer::connect(plan.group(polite_group("polite", scenario, 1))).unwrap()
}

/// The same where a source has a quota: they are many tenants.
pub(crate) fn polite_from_many_sources(scenario: &Scenario, server: SocketAddr) -> Offer {
    let plan = Plan { seed: seed_or(6), ..Plan::to(server) };
    let groups = sources()
        .map(|source| polite_group(&format!("polite {source}"), scenario, SOURCES.into()).source(source));
    Offer::connect(groups.fold(plan, Plan::group)).unwrap()
}

/// What a group saw so far, with nothing of it in flight.
pub(crate) fn settled(offer: &mut Offer, name: &str) -> GroupOutcome {
    offer.drain().unwrap();
    offer.outcome().group(name).unwrap().clone()
}

/// Every request was answered rightly.
pub(crate) fn assert_all_answered(group: &GroupOutcome) {
    assert_eq!(
        group.right, group.requests,
        "{}: rejected {:?}, failed {:?}, {} late, {} timed out, {} wrong, ends {:?}",
        group.name, group.rejected, group.failed, group.late, group.timed_out, group.wrong, group.ends
    );
    assert!(group.requests > 0, "{}: nobody asked anything", group.name);
}

/// It passes: there comes a time in which each request is answered at its first attempt.
pub(crate) fn until_all_answered(offer: &mut Offer, name: &str) {
    wait_until("every request to be answered again", || {
        offer.reset();
        offer.push_for(Duration::from_millis(200)).unwrap();
        let seen = settled(offer, name);
        (seen.right == seen.requests && seen.retries == 0 && seen.requests > 0).then_some(())
    });
}

/// Addresses that a crowd comes from, so that it is not one source.
pub(crate) fn sources() -> impl Iterator<Item = IpAddr> {
    (1..=SOURCES).map(|last| IpAddr::V4(Ipv4Addr::new(127, 0, 6, last)))
}

/// A crowd on a thread of its own, which goes on until all of it were ended by the server.
pub(crate) struct Running(JoinHandle<Tally>);

impl Running {
    pub(crate) fn begin(plan: Crowding) -> Running {
        let mut crowd = Crowd::connect(Crowding { seed: seed_or(6), ..plan }).unwrap();
        Running(std::thread::spawn(move || {
            let until = Instant::now() + DEADLINE;
            while crowd.standing() > 0 {
                crowd.run_for(Duration::from_millis(50)).unwrap();
                assert!(Instant::now() < until, "{} of them still stand", crowd.standing());
            }
            crowd.tally()
        }))
    }

    /// Lets the polite clients ask until the last of the crowd is gone, and returns what became of it.
    pub(crate) fn beside(self, polite: &mut Offer) -> Tally {
        while !self.0.is_finished() {
            polite.push_for(Duration::from_millis(100)).unwrap();
        }
        self.0.join().unwrap()
    }
}

/// How often a group heard one of these codes.
pub(crate) fn heard(group: &GroupTally, codes: &[&str]) -> u64 {
    codes.iter().filter_map(|code| group.codes.get(*code)).sum()
}
