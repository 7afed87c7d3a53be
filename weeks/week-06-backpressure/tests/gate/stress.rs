//! The five scenarios of `fixtures/stress.yaml`.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use evidence::Fact;
use evidence::run::{fact, seed_or};
use faults::counters;
use load::crowd::{Behaviour, Group as Slow, Plan as Crowding};
use load::offer::{Group, Importance, Offer, Plan};

use crate::guarded::{Guarded, ask, optional};
use crate::patient::Patient;
use crate::scenarios::{
    PATIENCE, Running, assert_all_answered, decide, heard, polite, polite_from_many_sources, scenario,
    settled, sources, until_all_answered,
};
use crate::wire::wait_until;

/// The service of the scenarios: one worker, whose answers are what it was asked.
const ECHO: [&str; 6] = ["--service", "echo", "--workers", "1", "--log-level", "warn"];
/// Rules with a window of a second.
const SHORT_RULES: [&str; 6] =
    ["--header-timeout", "1s", "--progress-window", "1s", "--progress-bytes", "1024"];
/// One machine stands for many tenants here, so the quotas of a source are out of the way.
const NO_QUOTAS: [&str; 4] = ["--source-connections", "8192", "--source-in-flight", "65536"];

#[test]
fn slow_senders_are_closed_by_the_rule_and_nobody_else_is() {
    let criterion = "backpressure.slow-senders";
    let scenario = scenario("slow-senders");
    // The ladder is out of the way: on a machine that is busy with other things it would defer somebody with reason.
    let guarded = Guarded::without_ladder(&[&ECHO[..], &SHORT_RULES].concat());
    let mut polite = polite(&scenario, guarded.address());
    let says = [&4096_u32.to_be_bytes()[..], b"\x01\x04slow", &[0; 256]].concat();
    // Half of them dribble the header, and half of them what follows it.
    let half = scenario.load.offending as usize / 2;
    let group = |name: &str, piece_bytes| {
        let every = Duration::from_millis(500);
        Slow::of(name, half, Behaviour::SlowSender { says: says.clone(), piece_bytes, every })
            .sources(sources())
    };
    let plan = Crowding::to(guarded.address()).group(group("header", 1)).group(group("body", 8));
    let tally = Running::begin(plan).beside(&mut polite);
    let [header, body] = ["header", "body"].map(|name| tally.group(name).unwrap());
    let connected = header.connected + body.connected;
    assert_eq!(connected, 2 * half as u64, "all of them were let in");
    // On a busy machine several pieces may come at once, so which of the rules it is, is not the same for each of them.
    let rules = ["HEADER-DEADLINE", "SLOW-READ", "BODY-DEADLINE"];
    let told: Vec<u64> = rules.iter().map(|rule| heard(header, &[rule]) + heard(body, &[rule])).collect();
    let seen = settled(&mut polite, "polite");
    assert_all_answered(&seen);
    drop(polite);
    let account = guarded.stop();
    assert_eq!(account.closed_by_rule, told.iter().sum::<u64>(), "by these rules, and nobody else");
    decide(criterion, &scenario, account.closed_by_rule as f64 * 100.0 / connected as f64);
    fact(criterion, Fact::count("slow-senders", connected, ""));
    for (rule, told) in rules.iter().zip(told) {
        fact(criterion, Fact::count(&format!("told-{rule}"), told, ""));
    }
    fact(criterion, Fact::count("polite-requests-answered", seen.right, ""));
}

#[test]
fn slow_readers_cost_a_bounded_amount_of_memory() {
    let criterion = "backpressure.slow-readers";
    let scenario = scenario("slow-readers");
    let guarded = Guarded::as_it_comes(&[&ECHO[..], &SHORT_RULES].concat());
    let mut polite = polite(&scenario, guarded.address());
    polite.push_for(Duration::from_millis(200)).unwrap();
    let before = counters::rss_bytes_of(guarded.pid()).unwrap();
    let payload = [&b"\x01\x04slow"[..], &vec![7; scenario.load.body_bytes as usize]].concat();
    let frame = [&(payload.len() as u32).to_be_bytes()[..], &payload].concat();
    let behaviour =
        Behaviour::SlowReader { frame, times: 2000, read_bytes: 128, every: Duration::from_millis(500) };
    // A quarter of the crowd: each of them fills some megabytes of the kernel's before anything waits in the server,
    // and this is an unoptimized build.
    let slow = Slow::of("slow", scenario.load.offending as usize / 4, behaviour);
    let plan = Crowding::to(guarded.address()).group(slow.receive_buffer(16 << 10).sources(sources()));
    let tally = Running::begin(plan).beside(&mut polite);
    let grown = counters::peak_rss_bytes_of(guarded.pid()).unwrap().saturating_sub(before);
    let slow = tally.group("slow").unwrap();
    // Whoever comes last may find that the others have brought the ladder up to its end.
    let refused = heard(slow, &["OVERLOAD-REFUSED"]);
    let let_in = slow.connected - refused;
    assert!(let_in > refused, "{let_in} of {} are no crowd", slow.connected);
    // So many answers at once are overload as well: the others may be deferred, and nothing else, until it is over.
    let seen = settled(&mut polite, "polite");
    let disturbed = seen.requests - seen.right - seen.rejected_total();
    assert_eq!((disturbed, seen.ends.len()), (0, 0), "{:?}", (&seen.failed, seen.timed_out, seen.wrong));
    until_all_answered(&mut polite, "polite");
    drop(polite);
    wait_until("each to be on record as ended by the rule", || {
        (guarded.server.closed_as("slow-write") as u64 == let_in).then_some(())
    });
    let account = guarded.stop();
    assert_eq!(account.closed_by_rule, let_in, "and nobody else is: {account:?}");
    assert_eq!(account.refused_connections, refused);
    decide(criterion, &scenario, grown as f64 / f64::from(1 << 20));
    fact(criterion, Fact::count("slow-readers", slow.connected, ""));
    fact(criterion, Fact::count("closed-as-slow-write", account.closed_by_rule, ""));
    fact(criterion, Fact::count("polite-requests-answered", seen.right, ""));
}

/// What such a server can do on this machine at this moment, in requests a second: another one is asked, by clients
/// that wait for their answers.
fn capacity(args: &[&str]) -> u64 {
    let guarded = Guarded::as_it_comes(args);
    let group = Group::closed("closed", 4, 1, 64).calls(PATIENCE, Importance::Ordinary);
    let plan = Plan { seed: seed_or(6), ..Plan::to(guarded.address()).group(group) };
    let mut offer = Offer::connect(plan).unwrap();
    offer.run_for(Duration::from_millis(100)).unwrap();
    offer.reset();
    offer.run_for(Duration::from_millis(500)).unwrap();
    let capacity = offer.outcome().group("closed").unwrap().goodput() as u64;
    drop(offer);
    guarded.stop();
    capacity.max(1)
}

/// The ladder comes down to where it began, where what is shed first is served. How often it was asked in vain.
fn until_normal(guarded: &Guarded) -> u64 {
    let (stream, mut in_vain) = (guarded.connect(), 0);
    wait_until("an optional request to be served", || {
        let served = ask(&stream, "optional", &optional("optional")).what == "ok";
        in_vain += u64::from(!served);
        served.then_some(())
    });
    in_vain
}

#[test]
fn a_burst_is_refused_in_counted_ways_and_nothing_is_lost() {
    let criterion = "backpressure.burst";
    let scenario = scenario("burst-10x");
    // A request takes some milliseconds, so that ten times what the server can do is not beyond what a test can ask.
    let slow = ["--rounds", "1000", "--budget", "5s", "--queue", "4096"];
    let args = [&ECHO[..], &slow, &NO_QUOTAS].concat();
    let capacity = capacity(&args);
    let guarded = Guarded::as_it_comes(&args);
    let body_bytes = scenario.load.body_bytes as usize;
    let group = |name, connections: u64, per_second: u64| {
        Group::open(name, connections as usize, per_second.max(1), body_bytes)
            .calls(Duration::from_millis(250), Importance::Ordinary)
            // Each waits for its answer, whatever that is: it is to be counted.
            .deadline(Duration::from_secs(10))
    };
    let plan = Plan { seed: seed_or(6), ..Plan::to(guarded.address()) }
        .group(group("usual", scenario.load.polite, capacity / 2))
        .group(group("burst", scenario.load.offending, capacity * 10 - capacity / 2));
    let mut offer = Offer::connect(plan).unwrap();
    offer.push_for(Duration::from_secs(2)).unwrap();
    offer.drain().unwrap();
    let (mut right, mut away, mut requests) = (0, 0, 0);
    for group in &offer.outcome().groups {
        assert_eq!(
            group.right + group.rejected_total(),
            group.requests,
            "{}: each is answered or refused: {:?}",
            group.name,
            (&group.failed, group.timed_out, group.late, group.wrong)
        );
        let disorder = (group.answers_out_of_order, group.corrupt.len(), group.ends.len());
        assert_eq!(disorder, (0, 0, 0), "{}: in order, and nobody is sent away", group.name);
        for (code, count) in &group.rejected {
            fact(criterion, Fact::count(&format!("{}-{code}", group.name), *count, ""));
        }
        (right, away, requests) =
            (right + group.right, away + group.rejected_total(), requests + group.requests);
    }
    drop(offer);
    assert!(away > right, "{away} refused beside {right} answered are no tenfold burst");
    assert!(right > 0, "a server that refuses everybody is no server");
    let in_vain = until_normal(&guarded);
    let account = guarded.stop();
    let expired: u64 = account.expired.iter().sum();
    // Both sides counted, and both have to come to the same.
    assert_eq!(account.answered, right + 1, "and the optional one at the end: {account:?}");
    assert_eq!(account.turned_away() + expired, away + in_vain, "{account:?}");
    assert_eq!(account.accepted, account.answered + expired, "what was accepted has its end: {account:?}");
    assert!(account.changes >= 2, "up, and down again: {account:?}");
    fact(criterion, Fact::count("capacity", capacity, "requests/s"));
    fact(criterion, Fact::count("requests", requests, ""));
    fact(criterion, Fact::count("answered", right, ""));
    fact(criterion, Fact::count("refused", away, ""));
    fact(criterion, Fact::count("ladder-changes", account.changes, ""));
}

#[test]
fn a_retry_storm_stays_within_its_budget_and_expired_work_is_dropped_unseen() {
    let criterion = "backpressure.retry-storm";
    let scenario = scenario("retry-storm");
    // The depth is out of the way, so that what came in during the stall gets into the queue, and grows old there.
    let policy = ["32, leave: 16", "128, leave: 64", "512, leave: 256"].iter().fold(
        backpressure::POLICY_DEFAULT.to_owned(),
        |policy, depth| {
            assert!(policy.contains(depth));
            policy.replace(&format!("depth: {{ enter: {depth}"), "depth: { enter: 100000, leave: 90000")
        },
    );
    let slow = ["--rounds", "300", "--budget", "5s", "--queue", "8192"];
    let args = [&ECHO[..], &slow, &NO_QUOTAS].concat();
    let per_second = scenario.load.requests_per_second.min(capacity(&args) / 2).max(50);
    let guarded = Guarded::start(&policy, &args);
    let patience = Duration::from_millis(250);
    let group = Group::open("patient", scenario.load.polite as usize, per_second, 64)
        .calls(patience, Importance::Ordinary)
        .deadline(patience)
        .retry(Patient::seeded);
    let mut offer =
        Offer::connect(Plan { seed: seed_or(6), ..Plan::to(guarded.address()).group(group) }).unwrap();
    let process = &guarded.server.process;
    offer.push_for(Duration::from_millis(500)).unwrap();
    process.stop(PATIENCE).unwrap();
    offer.push_for(Duration::from_secs(2)).unwrap();
    process.resume(PATIENCE).unwrap();
    let storm = settled(&mut offer, "patient");
    until_all_answered(&mut offer, "patient");
    drop(offer);
    let account = guarded.stop();
    let most = storm.requests / 10 + u64::from(backpressure::RETRY_RESERVE_DEFAULT);
    assert!(storm.retries <= most, "{} retries of {} requests", storm.retries, storm.requests);
    assert!(storm.right < storm.requests, "a stall that nobody noticed is none");
    assert!(account.expired[0] > 0, "work that expired in the queue: {account:?}");
    let expired: u64 = account.expired.iter().sum();
    assert_eq!(account.accepted, account.answered + expired, "what was accepted has its end: {account:?}");
    fact(criterion, Fact::count("requests", storm.requests, ""));
    fact(criterion, Fact::count("retries", storm.retries, ""));
    fact(criterion, Fact::count("retries-allowed", most, ""));
    fact(criterion, Fact::count("expired-in-the-queue-and-never-computed", account.expired[0], ""));
    fact(criterion, Fact::count("expired-at-work", account.expired[1], ""));
}

#[test]
fn a_greedy_tenant_is_held_to_its_quota_and_the_others_are_answered() {
    let criterion = "backpressure.greedy-tenant";
    let scenario = scenario("greedy-tenant");
    // The ladder is out of the way: it is the rate and the quota that have to protect the others.
    let guarded = Guarded::without_ladder(&[&ECHO[..], &["--source-in-flight", "8"]].concat());
    let mut polite = polite_from_many_sources(&scenario, guarded.address());
    let greedy =
        Group::closed("greedy", 8 * scenario.load.offending as usize, 32, scenario.load.body_bytes as usize)
            .source(IpAddr::V4(Ipv4Addr::new(127, 0, 7, 1)))
            .deadline(Duration::from_secs(30));
    let plan = Plan { seed: seed_or(6), ..Plan::to(guarded.address()).group(greedy) };
    let mut offer = Offer::connect(plan).unwrap();
    let time = Duration::from_secs(3);
    let greedy = std::thread::spawn(move || {
        offer.push_for(time).unwrap();
        offer.outcome().group("greedy").unwrap().clone()
    });
    polite.push_for(time).unwrap();
    let greedy = greedy.join().unwrap();
    polite.drain().unwrap();
    let (mut right, mut requests) = (0, 0);
    for seen in &polite.outcome().groups {
        (right, requests) = (right + seen.right, requests + seen.requests);
    }
    drop(polite);
    let account = guarded.stop();
    assert!(greedy.codes.contains_key("QUOTA-IN-FLIGHT"), "it is told why: {:?}", greedy.codes);
    assert!(greedy.right > 0, "up to its quota it is served");
    decide(criterion, &scenario, right as f64 * 100.0 / requests.max(1) as f64);
    fact(criterion, Fact::count("polite-requests", requests, ""));
    fact(criterion, Fact::count("greedy-requests-answered", greedy.right, ""));
    fact(criterion, Fact::count("greedy-requests-over-quota", account.over_quota, ""));
}
