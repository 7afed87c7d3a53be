//! The error catalog of the crate: one place, one line a failure path.

use logger::ErrorCode;

use crate::dispatch::Refusal;

logger::catalog! {
    /// Every failure path of the worker pool and of its server, in the order of the documentation.
    CATALOG;
    POOL_FULL = "POOL-FULL", Refused,
        "As many requests of this class wait as may wait.", "send it again after a pause; nothing was done with it";
    POOL_CLOSED = "POOL-CLOSED", Network,
        "The pool takes no more work, because the server is stopping.", "send it again once the server is back";
    POOL_BUDGET = "POOL-BUDGET", Refused,
        "The request took more computing time than its class allows.", "send a smaller one, or raise the budget of the class";
    POOL_PANIC = "POOL-PANIC", Bug,
        "The computation of this request panicked; nothing else did.", "report the message with the log around it";
    POOL_UNFINISHED = "POOL-UNFINISHED", Network,
        "Accepted requests were not finished by the deadline of the shutdown.", "send the named ones again; raise --finish if they need longer";
    POOL_CLASSES = "POOL-CLASSES", Usage,
        "The classes of the pool contradict themselves or leave the allowed range.", "change the value that the message names";
    POOL_THREADS = "POOL-THREADS", Network,
        "The system gives no more threads.", "lower --workers, or raise the limit on threads";
}

impl Refusal {
    /// The catalog entry of this refusal.
    pub fn code(self) -> &'static ErrorCode {
        match self {
            Refusal::Full(_) => &POOL_FULL,
            Refusal::Closed => &POOL_CLOSED,
            Refusal::UnknownClass => &POOL_CLASSES,
        }
    }
}
