//! What can go wrong with the instrument itself, as opposed to the server that it pulls at.

use std::net::SocketAddr;
use std::time::Duration;

/// A plan that cannot be carried out, or a machine that does not let us. What the *server* does wrong is no error here:
/// it is counted in the [`Outcome`](crate::Outcome).
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The plan asks for something outside its bounds.
    #[error("the plan cannot be carried out: {what} is {value}, and {allowed} is allowed")]
    Plan {
        /// Which setting, naming the group where it has one.
        what: String,
        /// What was asked for.
        value: String,
        /// What is possible.
        allowed: String,
    },
    /// A connection of the plan was not made before the run could begin.
    #[error(
        "connection {made} of {wanted} to {server} was not made: {source}; is the server up, within its limits?"
    )]
    Connect {
        /// Whom.
        server: SocketAddr,
        /// Connections that stand, so this is also the number of the one that failed.
        made: usize,
        /// Connections of the plan.
        wanted: usize,
        /// Why.
        source: std::io::Error,
    },
    /// The connections of the plan were not all made in time.
    #[error("{made} of {wanted} connections to {server} were made within {} ms", .waited.as_millis())]
    ConnectDeadline {
        /// Whom.
        server: SocketAddr,
        /// Connections that stand.
        made: usize,
        /// Connections of the plan.
        wanted: usize,
        /// The deadline of the one that was late.
        waited: Duration,
    },
    /// A system call of the instrument failed.
    #[error("{what}: {source}")]
    System {
        /// What was attempted, naming the thing.
        what: String,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// A name that no contestant has.
    #[error("there is no contestant `{name}`; the names are {}", crate::peers::NAMES.join(", "))]
    UnknownContestant {
        /// The name.
        name: String,
    },
    /// A contestant did not start.
    #[error("the contestant `{name}` did not start: {why}")]
    Contestant {
        /// Which.
        name: String,
        /// What happened instead.
        why: String,
    },
    /// A file under `/proc` was not in the expected form.
    #[error("{path} has no usable `{field}`")]
    Proc {
        /// The file.
        path: String,
        /// The field.
        field: &'static str,
    },
}

impl LoadError {
    /// A failed system call, with what was attempted.
    pub(crate) fn system(what: impl Into<String>, source: impl Into<std::io::Error>) -> Self {
        LoadError::System { what: what.into(), source: source.into() }
    }

    /// A setting outside its bounds.
    pub(crate) fn plan(what: String, value: impl ToString, allowed: impl Into<String>) -> Self {
        LoadError::Plan { what, value: value.to_string(), allowed: allowed.into() }
    }
}
