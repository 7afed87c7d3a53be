//! All conversations of the recording, had with a server of any kind.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::conversation::{self, Conversation, Cut, recorded};
use crate::{peer, wire};

/// The frame limit of the recording, in payload bytes.
pub(crate) const LIMIT: u32 = 64;
/// Patience of the servers whose deadlines are part of the conversation.
const SHORT: Duration = Duration::from_millis(400);
/// Patience of the others: longer than any test.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Has one conversation after the other, so that the log can be read in order.
fn have(conversations: &[&Conversation], cut: Cut, address: SocketAddr, log: &Path) {
    let mut seen = 0;
    for conversation in conversations {
        let heard = peer::have(address, conversation, cut);
        let records = wire::wait_until("the record of the connection's end", || {
            let all = conversation::lines_of(&std::fs::read_to_string(log).unwrap_or_default());
            let new = all.get(seen..)?;
            new.iter().any(|line| line.contains("closed: ")).then(|| new.to_vec())
        });
        seen += records.len();
        let name = &conversation.conversation;
        assert_eq!(hex(&heard), hex(&conversation.expected()), "what a peer hears in: {name} ({cut:?})");
        assert_eq!(
            conversation::counted(&records),
            conversation.log,
            "what the log says of: {name} ({cut:?})"
        );
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// All conversations with servers of one kind: the patient ones in every cut, the impatient ones as written. `serve`
/// starts a server with these deadlines, and hands its address and its log to what it is given.
pub(crate) fn all_conversations(serve: impl Fn(Duration, &dyn Fn(SocketAddr, &Path))) {
    let recorded = recorded();
    let (impatient, patient): (Vec<&Conversation>, Vec<&Conversation>) =
        recorded.iter().partition(|conversation| conversation.impatient);
    assert!(patient.len() >= 20 && impatient.len() >= 3, "the recording is complete");
    for cut in [Cut::AsWritten, Cut::Every(1), Cut::Every(3)] {
        serve(LONG, &|address, log| have(&patient, cut, address, log));
    }
    serve(SHORT, &|address, log| have(&impatient, Cut::AsWritten, address, log));
}

/// The arguments that a server on the loop needs to be the one of the recording, with this patience.
pub(crate) fn arguments(patience: Duration) -> Vec<String> {
    let (limit, patience) = (LIMIT.to_string(), format!("{}ms", patience.as_millis()));
    ["--limit", &limit, "--idle-timeout", &patience, "--read-timeout", &patience].map(str::to_owned).into()
}
