//! The gate of week 2. Claim: no failure of the peer or of the network crashes a tool, and each is reported under the
//! class that names it.
//!
//! Every test runs the real `echo-server` process and talks to it over real sockets. Each one asserts three things:
//! the class in the server's log (and, where the server tells it, the code that the peer receives), that the next
//! request is answered, and that no descriptor is left behind. How this gate could be fooled: by a server that is
//! restarted in between (there is none: one process a test), by a class that is always logged (so each test counts that
//! class exactly), by a peer that shares the library's mistakes (so the peer writes its bytes by hand).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod echo;
#[path = "gate/frames.rs"]
mod frames;
#[path = "gate/peers.rs"]
mod peers;
#[path = "gate/tools.rs"]
mod tools;

use echo::Echo;
use evidence::Fact;
use evidence::run::fact;

/// What every failure test ends with: the class was logged once, and the server is as it was.
fn classed(criterion: &str, echo: &Echo, class: &str, code: &str) {
    let record = echo.wait_for_close(class);
    assert_eq!(record.error_code.as_deref().unwrap_or(""), code);
    let fds = echo.assert_survived();
    assert_eq!(echo.closes(class), 1, "one close, one record");
    fact(criterion, Fact::text("class", class));
    fact(criterion, Fact::text("code", code));
    fact(criterion, Fact::count("descriptors-before-and-after", fds, ""));
}
