//! How much of the server one source may hold: connections, and requests under way.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv6Addr};

use framing::{CloseReason, Rule};
use logger::{Coded, ErrorCode};

use crate::catalog;

/// One source may have 256 connections.
pub const CONNECTIONS_PER_SOURCE_DEFAULT: u32 = 256;

/// One source may have 1,024 requests under way.
pub const IN_FLIGHT_PER_SOURCE_DEFAULT: u32 = 1_024;

/// So many sources are counted at once.
pub const SOURCES_MAX_DEFAULT: usize = 16_384;

/// One source has all the connections that it may have.
pub static QUOTA_CONNECTIONS: Rule =
    Rule { class: "quota-connections", code: Some(&catalog::QUOTA_CONNECTIONS), told: true };

/// No more sources can be counted.
pub static QUOTA_SOURCES: Rule =
    Rule { class: "quota-sources", code: Some(&catalog::QUOTA_SOURCES), told: true };

/// What one source may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quotas {
    /// Connections.
    pub connections: u32,
    /// Requests under way.
    pub in_flight: u32,
    /// Sources that are counted at once.
    pub sources: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Quotas {
            connections: CONNECTIONS_PER_SOURCE_DEFAULT,
            in_flight: IN_FLIGHT_PER_SOURCE_DEFAULT,
            sources: SOURCES_MAX_DEFAULT,
        }
    }
}

/// Why a source gets no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OverQuota {
    /// It has all the connections that it may have.
    #[error("the source has {0} connections, as many as it may have")]
    Connections(u32),
    /// It has all the requests under way that it may have.
    #[error("the source has {0} requests under way, as many as it may have")]
    InFlight(u32),
    /// The table is full, and the source is not in it.
    #[error("{0} sources are counted, and there is no room for one more")]
    Sources(usize),
}

impl Coded for OverQuota {
    fn code(&self) -> &'static ErrorCode {
        match self {
            OverQuota::Connections(_) => &catalog::QUOTA_CONNECTIONS,
            OverQuota::InFlight(_) => &catalog::QUOTA_IN_FLIGHT,
            OverQuota::Sources(_) => &catalog::QUOTA_SOURCES,
        }
    }
}

impl OverQuota {
    /// The reason to close a connection with; `None` where the connection lives on and only a request is refused.
    pub fn closes(self) -> Option<CloseReason> {
        match self {
            OverQuota::Connections(_) => Some(CloseReason::Rule(&QUOTA_CONNECTIONS)),
            OverQuota::Sources(_) => Some(CloseReason::Rule(&QUOTA_SOURCES)),
            OverQuota::InFlight(_) => None,
        }
    }
}

// ANCHOR: source
/// Whom an address stands for: one address of IPv4, and a /64 of IPv6, since the lower 64 bits there are the host's to
/// choose (RFC 4291, section 2.5.1), and to choose anew for every connection. An IPv4 address in IPv6 clothes is the
/// same source as without.
pub fn source_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
    }
}
// ANCHOR_END: source

/// What each source holds. A source that holds nothing is not in the table, so the table is as large as the number of
/// sources that are here now, and never larger than its bound.
#[derive(Debug)]
pub struct QuotaTable {
    quotas: Quotas,
    held: BTreeMap<IpAddr, Held>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Held {
    connections: u32,
    in_flight: u32,
}

impl QuotaTable {
    /// Nobody holds anything.
    pub fn new(quotas: Quotas) -> Self {
        QuotaTable { quotas, held: BTreeMap::new() }
    }

    /// Counts a new connection.
    ///
    /// # Errors
    /// [`OverQuota::Connections`] or [`OverQuota::Sources`], and then nothing was counted.
    pub fn connect(&mut self, address: IpAddr) -> Result<(), OverQuota> {
        let most = self.quotas.connections;
        self.take(address, |held| &mut held.connections, most, OverQuota::Connections(most))
    }

    /// A connection that was counted ended.
    pub fn disconnect(&mut self, address: IpAddr) {
        self.give_back(address, |held| &mut held.connections);
    }

    /// Counts a request that is let in.
    ///
    /// # Errors
    /// [`OverQuota::InFlight`] or [`OverQuota::Sources`], and then nothing was counted.
    pub fn begin(&mut self, address: IpAddr) -> Result<(), OverQuota> {
        let most = self.quotas.in_flight;
        self.take(address, |held| &mut held.in_flight, most, OverQuota::InFlight(most))
    }

    /// A request that was counted is answered or dropped. It may have outlived its connection.
    pub fn end(&mut self, address: IpAddr) {
        self.give_back(address, |held| &mut held.in_flight);
    }

    /// Sources that hold something.
    pub fn sources(&self) -> usize {
        self.held.len()
    }

    fn take(
        &mut self,
        address: IpAddr,
        count: fn(&mut Held) -> &mut u32,
        most: u32,
        over: OverQuota,
    ) -> Result<(), OverQuota> {
        // lab:hole backpressure.quota-take
        let source = source_of(address);
        let mut held = match self.held.get(&source) {
            Some(held) => *held,
            None if self.held.len() >= self.quotas.sources => {
                return Err(OverQuota::Sources(self.quotas.sources));
            }
            None => Held::default(),
        };
        let count = count(&mut held);
        if *count >= most {
            return Err(over);
        }
        *count += 1;
        self.held.insert(source, held);
        Ok(())
        // lab:stub todo!("backpressure.quota-take: room in the table, room in the quota, and only then count one")
        // lab:end
    }

    fn give_back(&mut self, address: IpAddr, count: fn(&mut Held) -> &mut u32) {
        let source = source_of(address);
        if let Some(held) = self.held.get_mut(&source) {
            let count = count(held);
            *count = count.saturating_sub(1);
            if *held == Held::default() {
                self.held.remove(&source);
            }
        }
    }
}

#[cfg(test)]
#[path = "quota_tests.rs"]
mod tests;
