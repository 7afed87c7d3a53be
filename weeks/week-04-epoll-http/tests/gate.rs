//! The gate of week 4. Claim: malformed responses are refused safely, and the log says why.
//!
//! Safely means: under the class that names what is wrong, whatever the cuts; at a bounded cost; without an effect on any
//! other request. Where a process or a socket is part of the claim, it is a real one. How this gate could be fooled: by a
//! parser that refuses everything (so every good answer of the table is read), by a class that is always given (so each
//! is compared with the table), by a peer that shares the library's mistakes (so it writes its bytes by hand), by a tool
//! that never asked (so the peer counts what it was asked).
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod answers;
mod peer;
mod rows;
mod tool;
mod traced;

#[path = "gate/client.rs"]
mod client;
#[path = "gate/parser.rs"]
mod parser;
#[path = "gate/trace.rs"]
mod trace;
