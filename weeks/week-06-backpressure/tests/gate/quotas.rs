//! One source takes all that a source may have, and then one more; another source notices nothing.

use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use evidence::Fact;
use evidence::run::fact;

use crate::guarded::{Guarded, ask, hear, hear_replies, ordinary};
use crate::holder::{Holder, ONE_WORKER};
use crate::wire::refusal;

const CONNECTIONS: usize = 4;
const IN_FLIGHT: usize = 3;
/// The pause of the ladder's first step, which a refusal by quota asks for at the least.
const PAUSE: Duration = Duration::from_millis(500);

const GREEDY: [u8; 4] = [127, 0, 0, 2];
const OTHER: [u8; 4] = [127, 0, 0, 3];

#[test]
fn a_source_has_its_bound_and_one_more_is_refused() {
    let criterion = "backpressure.quotas";
    let (connections, in_flight) = (CONNECTIONS.to_string(), IN_FLIGHT.to_string());
    let bounds = ["--source-connections", &connections, "--source-in-flight", &in_flight];
    let guarded = Guarded::without_ladder(&[&ONE_WORKER[..], &bounds, &["--log-level", "debug"]].concat());

    // Connections.
    let mut greedy: Vec<TcpStream> = (0..CONNECTIONS).map(|_| guarded.connect_from(GREEDY)).collect();
    for (number, stream) in greedy.iter().enumerate() {
        let id = format!("there-{number}");
        assert_eq!(ask(stream, &id, &ordinary(&id)).what, "ok", "the bound itself is let in");
    }
    assert_eq!(refusal(&guarded.connect_from(GREEDY)), "QUOTA-CONNECTIONS");
    let other = guarded.connect_from(OTHER);
    assert_eq!(ask(&other, "other-1", &ordinary("other-1")).what, "ok", "another source is let in");
    drop(greedy.pop());
    guarded.server.wait_for_close("peer-finished");
    greedy.push(guarded.connect_from(GREEDY));
    assert_eq!(ask(&greedy[3], "again", &ordinary("again")).what, "ok", "one leaves, and one comes");
    assert_eq!(refusal(&guarded.connect_from(GREEDY)), "QUOTA-CONNECTIONS", "and no second one");

    // Requests under way: the worker is held, so all of them are.
    let holder = Holder::of(&guarded);
    let ids: Vec<String> = (0..=IN_FLIGHT).map(|number| format!("g{number}")).collect();
    let calls: Vec<Vec<u8>> = ids.iter().map(|id| ordinary(id)).collect();
    (&greedy[0]).write_all(&calls.concat()).unwrap();
    guarded.wait_for("retry_after_ms=");
    let elsewhere = ask(&greedy[1], "elsewhere", &ordinary("elsewhere"));
    assert_eq!(elsewhere.what, "QUOTA-IN-FLIGHT", "all connections of a source share its bound");
    (&other).write_all(&ordinary("other-2")).unwrap();
    holder.release();
    hear_replies(&greedy[0], ids[..IN_FLIGHT].iter().cloned());
    let one_more = hear(&greedy[0]);
    assert_eq!((&one_more.id, one_more.what.as_str()), (&ids[IN_FLIGHT], "QUOTA-IN-FLIGHT"));
    assert!(one_more.pause >= PAUSE && elsewhere.pause >= PAUSE, "{one_more:?}, {elsewhere:?}");
    hear_replies(&other, ["other-2".to_owned()]);
    assert_eq!(ask(&greedy[1], "after", &ordinary("after")).what, "ok", "they have ended, and it is served");

    drop((greedy, other));
    let account = guarded.stop();
    assert_eq!((account.over_quota, account.refused_connections), (2, 2));
    assert_eq!((account.shed, account.rejected, account.pool_full), (0, 0, 0));
    assert_eq!(account.answered, (CONNECTIONS + IN_FLIGHT + 4) as u64);
    fact(criterion, Fact::count("connections-of-a-source", CONNECTIONS as u64, ""));
    fact(criterion, Fact::count("connections-refused", account.refused_connections, ""));
    fact(criterion, Fact::count("requests-under-way-of-a-source", IN_FLIGHT as u64, ""));
    fact(criterion, Fact::count("requests-refused", account.over_quota, ""));
    fact(criterion, Fact::count("answered", account.answered, ""));
}
