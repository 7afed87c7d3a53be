//! The claims of the layer: what an event says is in the record, and no record is lost in silence.

use std::sync::Mutex;

use jiff::Timestamp;
use tracing::{Dispatch, debug, error, info, info_span, warn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;

use super::*;

/// A clock of our own, so that these claims do not lean on the one that the program uses.
struct Epoch;

impl Clock for Epoch {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

/// A sink that keeps records, and refuses them while it is told to.
#[derive(Default)]
struct Memory {
    kept: Mutex<Vec<Entry<'static>>>,
    refusing: std::sync::atomic::AtomicBool,
}

impl Sink for Memory {
    // A line, as a file would get it: what cannot be stored must not pass here either.
    fn put_line(&self, line: &[u8]) -> Result<(), LogError> {
        if self.refusing.load(Ordering::Relaxed) {
            return Err(LogError::MsgEmpty);
        }
        self.kept.lock().unwrap().push(Entry::decode(line).unwrap().into_owned());
        Ok(())
    }
}

/// What the sink kept of what `program` logged.
fn logged(program: impl FnOnce(&Memory)) -> Vec<Entry<'static>> {
    let sink = Arc::new(Memory::default());
    let layer = LogLayer::new("node-1", Arc::new(Epoch), Arc::clone(&sink));
    let dispatch = Dispatch::new(registry().with(layer));
    tracing::dispatcher::with_default(&dispatch, || program(&sink));
    sink.kept.lock().unwrap().clone()
}

fn words(entry: &Entry<'_>) -> String {
    let column = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().unwrap_or("-").to_string();
    let latency = entry.latency_ms.map_or("-".into(), |ms| ms.to_string());
    let (request_id, result, code) =
        (column(&entry.request_id), column(&entry.result), column(&entry.error_code));
    format!("{} {} {request_id} {latency} {result} {code} | {}", entry.level, entry.node_id, entry.msg)
}

#[test]
fn fields_of_the_contract_fill_its_columns_and_the_rest_stands_behind_the_message() {
    let records = logged(|_| {
        info!(
            request_id = "r-1",
            latency_ms = 1.5,
            result = "ok",
            peer = "127.0.0.1:80",
            bytes = 3,
            "answered"
        );
        warn!(latency_ms = 2u64, error_code = %"LOG-BUSY", reason = "two words", "refused");
        error!(count = ?[1, 2], done = true);
        debug!("");
    });
    assert_eq!(
        records.iter().map(words).collect::<Vec<_>>(),
        [
            "INFO node-1 r-1 1.5 ok - | answered peer=127.0.0.1:80 bytes=3",
            "WARN node-1 - 2 - LOG-BUSY | refused reason=\"two words\"",
            "ERROR node-1 - - - - | count=[1, 2] done=true",
            "DEBUG node-1 - - - - | logger::layer::tests",
        ]
    );
}

#[test]
fn an_event_has_the_request_id_of_the_innermost_span_that_has_one() {
    let records = logged(|_| {
        let _request = info_span!("request", request_id = "outer").entered();
        info!("in the request");
        let _step = info_span!("step", step = 2).entered();
        info!("in a step of it");
        let _inner = info_span!("retry", request_id = "inner").entered();
        info!("in an inner request");
        info!(request_id = "own", "with its own");
    });
    let ids: Vec<_> = records.iter().map(|r| r.request_id.as_deref().unwrap_or("-")).collect();
    assert_eq!(ids, ["outer", "outer", "inner", "own"]);
}

#[test]
fn a_request_id_that_becomes_known_later_is_inherited_from_then_on() {
    let records = logged(|_| {
        let span = info_span!("request", request_id = tracing::field::Empty);
        let _entered = span.enter();
        info!("before");
        span.record("request_id", "r-9");
        info!("after");
    });
    let ids: Vec<_> = records.iter().map(|r| r.request_id.as_deref().unwrap_or("-")).collect();
    assert_eq!(ids, ["-", "r-9"]);
}

#[test]
fn an_event_leaves_nothing_behind_for_the_next_one() {
    let records = logged(|_| {
        info!(request_id = "r-1", latency_ms = 1.0, result = "ok", error_code = "X", extra = 1, "first");
        info!("second");
    });
    assert_eq!(words(&records[1]), "INFO node-1 - - - - | second");
}

#[test]
fn what_a_program_gets_wrong_is_repaired_and_never_refused() {
    let records = logged(|_| {
        info!(request_id = "two words\n", latency_ms = -1.0, "odd names");
        info!("{}", "m".repeat(100_000));
        info!("{}", "\u{1b}".repeat(100_000));
        info!(result = "é".repeat(300), "long name");
    });
    assert_eq!(words(&records[0]), "INFO node-1 two_words_ - - - | odd names latency_ms=-1");
    assert_eq!(records[1].msg.len(), crate::limits::MSG_BYTES_MAX);
    assert!(records[1].msg.ends_with("m [cut]") && records[2].msg.ends_with("\u{1b} [cut]"));
    assert_eq!(records[3].result.as_deref().map(str::len), Some(crate::limits::NAME_BYTES_MAX));
}

#[test]
fn a_value_that_logs_while_it_is_formatted_does_no_harm() {
    struct Chatty;
    impl std::fmt::Display for Chatty {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            info!(request_id = "inner", "while formatting");
            f.write_str("chatty")
        }
    }
    let records = logged(|_| info!(value = %Chatty, "outer"));
    // The dispatcher does not enter itself, so the inner event may be dropped; the outer one must be whole.
    assert_eq!(words(&records[records.len() - 1]), "INFO node-1 - - - - | outer value=chatty");
}

#[test]
fn a_probe_counts_what_is_missing_for_as_long_as_the_outage_lasts() {
    let sink = Arc::new(Memory::default());
    let layer = LogLayer::new("node-1", Arc::new(Epoch), Arc::clone(&sink));
    let probe = layer.probe();
    tracing::dispatcher::with_default(&Dispatch::new(registry().with(layer)), || {
        info!("stored");
        assert_eq!(probe.missing(), 0);
        sink.refusing.store(true, Ordering::Relaxed);
        info!("lost one");
        info!("lost two");
        assert_eq!(probe.missing(), 2);
        sink.refusing.store(false, Ordering::Relaxed);
        info!("stored again");
        assert_eq!(probe.missing(), 0);
    });
}

#[test]
fn an_outage_is_followed_by_a_record_that_says_how_many_are_missing() {
    let records = logged(|sink| {
        info!("before");
        sink.refusing.store(true, Ordering::Relaxed);
        info!("lost one");
        info!("lost two");
        sink.refusing.store(false, Ordering::Relaxed);
        info!("after");
        info!("and on");
    });
    assert_eq!(
        records.iter().map(words).collect::<Vec<_>>(),
        [
            "INFO node-1 - - - - | before",
            "WARN node-1 - - lost LOG-MSG-EMPTY | the log refused 2 records before this one",
            "INFO node-1 - - - - | after",
            "INFO node-1 - - - - | and on",
        ]
    );
}
