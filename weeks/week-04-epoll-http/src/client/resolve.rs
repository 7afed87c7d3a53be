//! From a name to addresses, with a deadline, although the system's call has none.
//!
//! `getaddrinfo` blocks for as long as it likes and cannot be cancelled. So it runs on a thread of its own; whoever waits
//! for it may stop waiting, but the thread stays until the call returns. The number of such threads is therefore bounded.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Instant;

use super::{Failure, FailureKind, Phase, PhaseClock};
use crate::http::Authority;

/// Lookups of one client that are under way or were given up and still run.
pub const LOOKUPS_MAX: usize = 4;

/// Addresses of one name that are tried.
pub const ADDRESSES_MAX: usize = 8;

/// Who knows addresses. May block; runs on a thread of its own.
pub trait Resolver: Send + Sync {
    /// The addresses of a host, in the order in which they should be tried.
    ///
    /// # Errors
    /// Whatever keeps it from knowing.
    fn lookup(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The machine's resolver: `/etc/hosts`, the domain name system, and whatever else `getaddrinfo` was told to ask.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

impl Resolver for SystemResolver {
    fn lookup(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok((host, port).to_socket_addrs()?.take(ADDRESSES_MAX).collect())
    }
}

/// The lookups of one client.
pub(super) struct Lookups {
    resolver: Arc<dyn Resolver>,
    under_way: Arc<AtomicUsize>,
}

/// A place among the lookups; given back wherever the thread ends, by a panic too.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Lookups {
    pub(super) fn new(resolver: Arc<dyn Resolver>) -> Self {
        Lookups { resolver, under_way: Arc::default() }
    }

    /// The addresses of an authority; a literal address is its own answer.
    pub(super) fn resolve(
        &self,
        authority: &Authority,
        clock: &PhaseClock,
    ) -> Result<Vec<SocketAddr>, Failure> {
        if let Some(address) = authority.literal() {
            return Ok(vec![SocketAddr::new(address, authority.port())]);
        }
        let failed = |kind, detail: String| Failure::new(kind, Phase::Resolve, detail);
        let place = self.place().ok_or_else(|| {
            failed(FailureKind::ResolveBusy, format!("{LOOKUPS_MAX} lookups still wait for the resolver"))
        })?;
        let (tell, told) = sync_channel(1);
        let (resolver, host, port) =
            (Arc::clone(&self.resolver), authority.host().to_owned(), authority.port());
        let looking = move || {
            let _place = place;
            // Nobody listens any more where the deadline was missed.
            let _ = tell.send(resolver.lookup(&host, port));
        };
        std::thread::Builder::new()
            .name("resolver".into())
            .spawn(looking)
            .map_err(|error| failed(FailureKind::ResolveFailed, format!("starting a thread: {error}")))?;

        let (until, timeout) = clock.until();
        let name = authority.host();
        match told.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(Ok(addresses)) if addresses.is_empty() => {
                Err(failed(FailureKind::ResolveFailed, format!("{name} has no address")))
            }
            Ok(Ok(addresses)) => Ok(addresses.into_iter().take(ADDRESSES_MAX).collect()),
            Ok(Err(error)) => Err(failed(FailureKind::ResolveFailed, format!("{name}: {error}"))),
            Err(RecvTimeoutError::Timeout) => Err(failed(timeout, format!("no address for {name} in time"))),
            Err(RecvTimeoutError::Disconnected) => {
                Err(failed(FailureKind::ResolveFailed, format!("the lookup of {name} panicked")))
            }
        }
    }

    fn place(&self) -> Option<Place> {
        let free = |taken: usize| (taken < LOOKUPS_MAX).then_some(taken + 1);
        let taken = self.under_way.fetch_update(Ordering::AcqRel, Ordering::Acquire, free);
        taken.is_ok().then(|| Place(Arc::clone(&self.under_way)))
    }
}

impl std::fmt::Debug for Lookups {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lookups").field("under_way", &self.under_way).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::time::Duration;

    use super::*;
    use crate::client::Deadlines;
    use crate::http::Url;

    /// Answers only when it is told to.
    struct Slow(Mutex<Receiver<()>>);

    impl Resolver for Slow {
        fn lookup(&self, _: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
            let _ = self.0.lock().map(|go| go.recv());
            Ok(vec![SocketAddr::from(([127, 0, 0, 1], port)); ADDRESSES_MAX + 1])
        }
    }

    fn slow() -> (Lookups, Sender<()>) {
        let (go, gone) = channel();
        (Lookups::new(Arc::new(Slow(Mutex::new(gone)))), go)
    }

    fn lookup(lookups: &Lookups, url: &str, within: Duration) -> Result<Vec<SocketAddr>, FailureKind> {
        let url: Url = url.parse().unwrap();
        let deadlines = Deadlines { resolve: within, ..Deadlines::default() };
        let clock = PhaseClock::begin(deadlines, Duration::from_secs(60), Instant::now());
        lookups.resolve(url.authority(), &clock).map_err(|failure| failure.kind)
    }

    #[test]
    fn lookups_that_never_return_are_given_up_in_time_and_bounded_in_number() {
        let (lookups, go) = slow();
        let moment = Duration::from_millis(5);
        for _ in 0..LOOKUPS_MAX {
            assert_eq!(lookup(&lookups, "http://name/", moment), Err(FailureKind::ResolveTimeout));
        }
        assert_eq!(lookup(&lookups, "http://name/", moment), Err(FailureKind::ResolveBusy));
        assert!(lookup(&lookups, "http://127.0.0.1/", moment).is_ok(), "an address needs no lookup");
        // Once they return, their places are free again.
        for _ in 0..=LOOKUPS_MAX {
            go.send(()).unwrap();
        }
        let until = Instant::now() + Duration::from_secs(10);
        let found = loop {
            match lookup(&lookups, "http://name:9/", Duration::from_secs(10)) {
                Err(FailureKind::ResolveBusy) if Instant::now() < until => std::thread::yield_now(),
                found => break found.unwrap(),
            }
        };
        assert_eq!(found.len(), ADDRESSES_MAX, "more addresses than that are not tried");
    }

    #[test]
    fn the_machine_knows_itself_by_name() {
        let lookups = Lookups::new(Arc::new(SystemResolver));
        let found = lookup(&lookups, "http://localhost:7004/", Duration::from_secs(10)).unwrap();
        assert!(
            found.iter().all(|address| address.ip().is_loopback() && address.port() == 7004),
            "{found:?}"
        );
    }
}
