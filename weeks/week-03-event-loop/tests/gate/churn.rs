//! Twenty thousand connections that end in every way there is.

use evidence::Fact;
use evidence::run::{Profile, fact, seed_or};
use faults::counters;
use load::Dialect;
use load::churn::{Churn, Death};

use crate::wire::Server;

/// Connections before the first count: they make the server open what it then keeps (buffers, the table, its places).
const FIRST: u64 = 256;
/// How much the server may have grown by the end, whatever the number of connections: what its allocator keeps.
const GROWTH_BYTES_MAX: u64 = 16 << 20;

#[test]
fn no_descriptor_is_left_after_twenty_thousand_connections_of_churn() {
    let criterion = "event-loop.churn";
    let connections = Profile::current().pick(2_500, 20_000, 100_000);
    for poller in ["poll", "select"] {
        let server = Server::start(&["--poller", poller, "--log-level", "error"]);
        Churn::of(server.address, Dialect::Echo, FIRST).run().unwrap();
        server.assert_survived();
        let before = counters::rss_bytes_of(server.pid()).unwrap();
        let churn = Churn { seed: seed_or(3), ..Churn::of(server.address, Dialect::Echo, connections) };
        let tally = churn.run().unwrap();
        assert_eq!((tally.unexpected, tally.connections()), (0, connections), "{:#?}", tally.examples);
        for death in Death::ALL {
            let died = tally.kinds.get(&death).map_or(0, |kind| kind.connections);
            assert!(died > connections / 50, "{death}: {died} of {connections} are no mixture");
            fact(criterion, Fact::count(&format!("{death}-under-{poller}"), died, ""));
        }
        // Exact, and after a stranger was served: more for ever is a leak.
        let fds = server.assert_survived();
        let after = counters::rss_bytes_of(server.pid()).unwrap();
        let grown = after.saturating_sub(before);
        assert!(grown < GROWTH_BYTES_MAX, "{poller}: {connections} connections left {grown} bytes behind");
        fact(criterion, Fact::count(&format!("connections-under-{poller}"), connections, ""));
        fact(criterion, Fact::count(&format!("descriptors-before-and-after-under-{poller}"), fds, ""));
        fact(criterion, Fact::count(&format!("descriptors-left-under-{poller}"), fds - server.quiet_fds, ""));
        fact(criterion, Fact::count(&format!("memory-before-under-{poller}"), before, "bytes"));
        fact(criterion, Fact::count(&format!("memory-after-under-{poller}"), after, "bytes"));
        let ended = server.stop();
        // Two strangers came as well.
        let all = FIRST + connections + 2;
        let last_words = format!("stopped after {all} connections");
        assert_eq!(ended.stdout_text().lines().last(), Some(last_words.as_str()));
    }
}
