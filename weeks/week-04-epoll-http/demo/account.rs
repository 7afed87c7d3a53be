//! The account, drawn up from the logs of all processes: which request was tried, executed and answered how often.

use std::collections::BTreeMap;
use std::path::Path;

use logger::Entry;

use crate::Outcome;
use crate::clients::Did;
use crate::stage::{Asked, Stage, records};

/// The names of the server's two lives.
pub(crate) const LIVES: [&str; 2] = ["server-1", "server-2"];

// ANCHOR: ledger
/// What all logs say of one request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    /// Begun, as its client remembers beside its log.
    pub(crate) begun: bool,
    /// Attempts that failed, by the client's log.
    pub(crate) failed: u64,
    /// Replies that the client accepted.
    pub(crate) accepted: u64,
    /// The client gave it up.
    pub(crate) given_up: u64,
    /// Executions in each life of the server, by its log.
    pub(crate) executed: [u64; 2],
    /// When the reply was accepted, in microseconds since 1970.
    pub(crate) accepted_us: i64,
}
// ANCHOR_END: ledger

impl Ledger {
    pub(crate) fn tries(&self) -> u64 {
        self.failed + self.accepted
    }

    pub(crate) fn executions(&self) -> u64 {
        self.executed.iter().sum()
    }
}

/// The account of all requests.
pub(crate) struct Account {
    pub(crate) requests: BTreeMap<String, Ledger>,
    /// Failed attempts, in milliseconds since 1970, with their class.
    pub(crate) failures: Vec<(i64, String)>,
    /// When the first life wrote its last whole record, in microseconds since 1970.
    pub(crate) last_record_us: i64,
    /// Places in the killed server's log that are no whole record.
    pub(crate) torn: u64,
    /// The same in all other logs, where there may be none.
    pub(crate) damaged: u64,
}

impl Account {
    pub(crate) fn draw_up(stage: &Stage, clients: &[Did], guests: [Asked; 2]) -> Outcome<Self> {
        let mut account = Account {
            requests: BTreeMap::new(),
            failures: Vec::new(),
            last_record_us: 0,
            torn: 0,
            damaged: 0,
        };
        for Did { log, sent } in clients {
            account.client(log, sent.iter().map(|sent| sent.id.as_str()))?;
        }
        for Asked { log, ids } in &guests {
            account.client(log, ids.iter().map(String::as_str))?;
        }
        for (life, name) in LIVES.iter().enumerate() {
            account.server(&stage.log(name), life)?;
        }
        Ok(account)
    }

    fn ledger(&mut self, id: &str) -> &mut Ledger {
        self.requests.entry(id.to_owned()).or_default()
    }

    fn client<'a>(&mut self, log: &Path, begun: impl Iterator<Item = &'a str>) -> Outcome<()> {
        for id in begun {
            self.ledger(id).begun = true;
        }
        let (records, damaged) = records(log)?;
        self.damaged += damaged;
        for entry in records {
            let Some(id) = entry.request_id.as_deref() else { continue };
            let ledger = self.ledger(id);
            if entry.result.as_deref() == Some("ok") {
                ledger.accepted += 1;
                ledger.accepted_us = entry.ts.as_microsecond();
            } else {
                ledger.failed += 1;
                ledger.given_up += u64::from(entry.msg.contains("; stop: "));
                let class = entry.result.as_deref().unwrap_or("-").to_owned();
                self.failures.push((entry.ts.as_millisecond(), class));
            }
        }
        Ok(())
    }

    fn server(&mut self, log: &Path, life: usize) -> Outcome<()> {
        let (records, damaged) = records(log)?;
        match life {
            0 => self.torn += damaged,
            _ => self.damaged += damaged,
        }
        let last = records.last().map_or(0, |entry| entry.ts.as_microsecond());
        if life == 0 {
            self.last_record_us = last;
        }
        for entry in &records {
            // Questions about health have ids too, and are no requests of a client here.
            if let Some(id) = entry.request_id.as_deref()
                && let Some(ledger) = self.requests.get_mut(id)
            {
                ledger.executed[life] += 1;
            }
        }
        Ok(())
    }

    /// The requests of which this is true.
    pub(crate) fn where_<'a>(&'a self, is: impl Fn(&Ledger) -> bool + 'a) -> Vec<&'a str> {
        self.requests.iter().filter(|(_, ledger)| is(ledger)).map(|(id, _)| id.as_str()).collect()
    }

    /// The request that shows most of what the outage did to one, in the fewest records: tried again, if possible
    /// executed in both lives.
    pub(crate) fn most_telling(&self) -> Option<&str> {
        let retried = self.requests.iter().filter(|(_, ledger)| ledger.tries() > 1);
        let told = retried.min_by_key(|(_, ledger)| (ledger.executed != [1, 1], ledger.tries()));
        told.map(|(id, _)| id.as_str())
    }
}

/// All that these logs say of one request, in order of time: who, when, what.
pub(crate) fn trace(stage: &Stage, logs: &[String], id: &str) -> Outcome<Vec<Entry<'static>>> {
    let mut trace = Vec::new();
    for name in logs {
        let (records, _) = records(&stage.log(name))?;
        trace.extend(records.into_iter().filter(|entry| entry.request_id.as_deref() == Some(id)));
    }
    trace.sort_by_key(|entry| entry.ts);
    Ok(trace)
}
