//! Time, and everything that happens in it: a discrete-event simulation. Nothing sleeps and nothing is measured; the
//! same seed gives the same counts on every machine.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use backpressure::{Budget, Policy};
use framing::rng::SplitMix64;

use crate::client::{Client, Failed, Manners, Memory};
use crate::server::{Server, Ticket};

/// How long a client waits for an answer.
pub(crate) const BUDGET_MS: u32 = 500;

pub(crate) const CLIENTS: usize = 50;

/// How often the server looks at its signals although nothing happens.
const TICK: Duration = Duration::from_millis(5);

/// One run.
pub(crate) struct Setup {
    pub(crate) policy: Option<Policy>,
    pub(crate) manners: Manners,
    pub(crate) requests_per_second: u64,
    /// How long the one worker takes for a request.
    pub(crate) work: Duration,
    /// The worker stands still from one second to the other.
    pub(crate) stall: Option<(u64, u64)>,
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
}

/// What happened in one second.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Second {
    /// Requests that were asked for the first time.
    pub(crate) first: u64,
    /// Further attempts.
    pub(crate) retries: u64,
    /// Answers that somebody still waited for.
    pub(crate) good: u64,
    /// Answers that nobody waited for any more.
    pub(crate) wasted: u64,
    /// Attempts that were sent away at once, with a time to come back.
    pub(crate) deferred: u64,
    /// Attempts for which the client waited in vain.
    pub(crate) timed_out: u64,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Look,
    Ask { client: usize },
    Retry(Ticket),
    TimedOut(Ticket),
    Done(Ticket),
    StallOver,
}

struct Request {
    client: usize,
    began: Duration,
    memory: Memory,
    /// The attempt whose answer is waited for; none once it is answered or left.
    waits_for: Option<u32>,
}

struct World {
    setup: Setup,
    epoch: Instant,
    now: Duration,
    events: BinaryHeap<Reverse<(Duration, u64, Event)>>,
    numbered: u64,
    random: SplitMix64,
    server: Server,
    working: bool,
    clients: Vec<Client>,
    requests: Vec<Request>,
    seconds: Vec<Second>,
}

/// Runs it, and counts by the second.
pub(crate) fn run(setup: Setup) -> Vec<Second> {
    let epoch = Instant::now();
    let budget = Budget::from_millis(BUDGET_MS).unwrap();
    let mut world = World {
        epoch,
        now: Duration::ZERO,
        events: BinaryHeap::new(),
        numbered: 0,
        random: SplitMix64::new(setup.seed),
        server: Server::new(setup.policy.clone(), budget, setup.work, epoch),
        working: false,
        clients: (0..CLIENTS).map(|_| Client::new(setup.manners)).collect(),
        requests: Vec::new(),
        seconds: vec![Second::default(); setup.seconds as usize],
        setup,
    };
    world.at(TICK, Event::Look);
    for client in 0..CLIENTS {
        world.plan_next_request(client);
    }
    if let Some((_, end)) = world.setup.stall {
        world.at(Duration::from_secs(end), Event::StallOver);
    }
    let end = Duration::from_secs(world.setup.seconds);
    while let Some(Reverse((at, _, event))) = world.events.pop()
        && at < end
    {
        world.now = at;
        world.happen(event);
    }
    world.seconds
}

impl World {
    fn at(&mut self, at: Duration, event: Event) {
        self.numbered += 1;
        self.events.push(Reverse((at, self.numbered, event)));
    }

    fn clock(&self) -> Instant {
        self.epoch + self.now
    }

    fn second(&mut self) -> &mut Second {
        &mut self.seconds[self.now.as_secs() as usize]
    }

    /// Clients ask whether they were answered or not, as people do: the load is what it is.
    fn plan_next_request(&mut self, client: usize) {
        let mean = 1_000_000_000 * CLIENTS as u64 / self.setup.requests_per_second;
        let pause = Duration::from_nanos(self.random.up_to(2 * mean));
        self.at(self.now + pause, Event::Ask { client });
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Look => {
                self.server.look(self.clock());
                self.at(self.now + TICK, Event::Look);
            }
            Event::Ask { client } => {
                self.second().first += 1;
                let memory = self.clients[client].ask(self.random.next_u64());
                self.requests.push(Request { client, began: self.now, memory, waits_for: None });
                self.attempt(Ticket { request: self.requests.len() - 1, attempt: 1 });
                self.plan_next_request(client);
            }
            Event::Retry(ticket) => {
                self.second().retries += 1;
                self.attempt(ticket);
            }
            Event::TimedOut(ticket) => {
                if self.requests[ticket.request].waits_for == Some(ticket.attempt) {
                    self.second().timed_out += 1;
                    self.failed(ticket, Failed::TimedOut);
                }
            }
            Event::Done(ticket) => {
                self.working = false;
                if self.requests[ticket.request].waits_for == Some(ticket.attempt) {
                    self.requests[ticket.request].waits_for = None;
                    self.second().good += 1;
                } else {
                    self.second().wasted += 1;
                }
                self.work();
            }
            Event::StallOver => self.work(),
        }
    }

    fn attempt(&mut self, ticket: Ticket) {
        match self.server.arrive(ticket, self.epoch + self.now) {
            Err(pause) => {
                self.second().deferred += 1;
                self.failed(ticket, Failed::Deferred(pause));
            }
            Ok(()) => {
                self.requests[ticket.request].waits_for = Some(ticket.attempt);
                self.at(self.now + Duration::from_millis(u64::from(BUDGET_MS)), Event::TimedOut(ticket));
                self.work();
            }
        }
    }

    fn failed(&mut self, ticket: Ticket, failed: Failed) {
        let request = &mut self.requests[ticket.request];
        request.waits_for = None;
        let elapsed = self.now - request.began;
        if let Some(pause) = self.clients[request.client].after(&mut request.memory, failed, elapsed) {
            self.at(self.now + pause, Event::Retry(Ticket { attempt: ticket.attempt + 1, ..ticket }));
        }
    }

    fn work(&mut self) {
        let stalled = self.setup.stall.is_some_and(|(from, to)| (from..to).contains(&self.now.as_secs()));
        if self.working || stalled {
            return;
        }
        if let Some(ticket) = self.server.next(self.clock()) {
            self.working = true;
            self.at(self.now + self.setup.work, Event::Done(ticket));
        }
    }
}
