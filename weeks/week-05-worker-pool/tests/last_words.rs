//! Claim: what was accepted from a client is answered before the client is told that what it said next was wrong. The answers
//! are made elsewhere, and the mistake is found at once, so the loop knows the end long before it has the answers.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

mod wire;

use std::io::Write;

use wire::{Answer, Server, answers_to_the_end, request};

#[test]
fn a_client_that_is_ended_for_what_it_said_gets_the_answers_to_what_it_said_before() {
    const BEFORE: usize = 20;
    // Each takes some hundred microseconds, and there is one worker: nothing is answered when the mistake is read.
    let server =
        Server::start(&["--workers", "1", "--service", "echo", "--rounds", "200", "--budget", "60s"]);
    for (mistake, code) in [
        (&b"\0\0\0\x02\x07\x00"[..], "MESSAGE-MALFORMED"),
        (&b"\xff\xff\xff\xff"[..], "FRAME-TOO-LARGE"),
        (&b"\0\0\0\0"[..], "FRAME-EMPTY"),
    ] {
        let ids: Vec<String> = (0..BEFORE).map(|number| format!("r-{number}")).collect();
        let mut said: Vec<u8> = ids.iter().flat_map(|id| request(id, b"body")).collect();
        said.extend(mistake);
        let client = server.connect();
        (&client).write_all(&said).unwrap();
        let mut expected: Vec<Answer> =
            ids.into_iter().map(|id| Answer::Reply { id, body: b"body".to_vec() }).collect();
        expected.push(Answer::refusal("", code));
        assert_eq!(answers_to_the_end(&client), expected);
    }
    let pool = server.stop();
    assert_eq!((pool.accepted, pool.finished, pool.cancelled), (3 * BEFORE as u64, 3 * BEFORE as u64, 0));
}
