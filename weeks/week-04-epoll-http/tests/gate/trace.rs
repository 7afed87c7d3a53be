//! One id through two processes.

use evidence::Fact;
use evidence::run::fact;

use crate::traced::{Traced, get, of_request};

#[test]
fn one_trace_id_is_found_in_the_records_of_client_and_server() {
    let criterion = "epoll-http.one-trace";
    let server = Traced::start(&[]);
    let client_log = server.path("client.jsonl");
    let id = "gate.trace-1";
    get(&server.url("/health"), &client_log, &["--request-id", id]);
    get(&server.url("/ready"), &client_log, &["--request-id", "gate.trace-2"]);
    let logs = server.stop();
    let (asked, answered) = (of_request(&logs.client(), id), of_request(&logs.server(), id));
    assert_eq!((asked.len(), answered.len()), (1, 1), "{asked:?}, {answered:?}");
    let (asked, answered) = (&asked[0], &answered[0]);
    assert!(answered.ts <= asked.ts, "the answer is logged before its receipt: {answered:?}, {asked:?}");
    assert!(answered.latency_ms <= asked.latency_ms, "the server's time lies within the client's");
    fact(criterion, Fact::text("request-id", id));
    fact(criterion, Fact::text("at-the-server", &answered.msg));
    fact(criterion, Fact::text("at-the-client", &asked.msg));
    for (name, latency) in
        [("time-at-the-server", answered.latency_ms), ("time-at-the-client", asked.latency_ms)]
    {
        fact(criterion, Fact::real(name, latency.unwrap_or_default(), "ms"));
    }
}
