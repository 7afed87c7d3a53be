//! The recording: what a peer does, what it hears, and what the server's log says of it.

use serde::Deserialize;

/// One connection from beginning to end.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Conversation {
    pub(crate) conversation: String,
    /// Needs a server whose deadlines are short.
    #[serde(default)]
    pub(crate) impatient: bool,
    /// The class of the end, for the table on the page.
    ends: String,
    pub(crate) steps: Vec<Step>,
    hears: Vec<Bytes>,
    pub(crate) log: Vec<String>,
}

/// One thing that the peer does; exactly one of the first three is there.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    send: Option<String>,
    times: Option<usize>,
    /// Waits until that many bytes in all have been heard.
    hear: Option<usize>,
    then: Option<Ending>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Ending {
    /// The peer has no more to say, and listens to the end.
    Finish,
    /// The peer resets the connection and hears nothing more.
    Reset,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bytes {
    bytes: String,
    times: Option<usize>,
}

/// What a step asks for.
pub(crate) enum Act {
    Send(Vec<u8>),
    Hear(usize),
    Then(Ending),
}

/// In which pieces the peer writes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Cut {
    AsWritten,
    Every(usize),
}

impl Conversation {
    /// Everything that the peer is to hear.
    pub(crate) fn expected(&self) -> Vec<u8> {
        self.hears.iter().flat_map(|part| bytes(&part.bytes, part.times)).collect()
    }
}

impl Step {
    pub(crate) fn act(&self) -> Act {
        match (&self.send, self.hear, self.then) {
            (Some(hex), None, None) => Act::Send(bytes(hex, self.times)),
            (None, Some(count), None) => Act::Hear(count),
            (None, None, Some(ending)) => Act::Then(ending),
            _ => panic!("a step does one thing: {self:?}"),
        }
    }
}

fn bytes(hex: &str, times: Option<usize>) -> Vec<u8> {
    let digits: Vec<u32> = hex.chars().filter(|c| *c != ' ').map(|c| c.to_digit(16).unwrap()).collect();
    assert!(digits.len().is_multiple_of(2), "half a byte in {hex}");
    let once: Vec<u8> = digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect();
    once.repeat(times.unwrap_or(1))
}

pub(crate) fn recorded() -> Vec<Conversation> {
    // From any week: week 4 has the same conversations with its own server.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../week-03-event-loop/fixtures/conversations.yaml");
    let recorded: Vec<Conversation> = serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    for Conversation { conversation, ends, log, .. } in &recorded {
        let last = log.last().unwrap_or_else(|| panic!("{conversation} leaves no record"));
        assert!(last.contains(&format!(" - {ends} ")), "{conversation} is said to end as {ends}: {last}");
    }
    recorded
}

/// The records about connections, one line each, without what differs from run to run.
pub(crate) fn lines_of(log: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for record in crate::wire::records(log) {
        let text = |key: &str| record[key].as_str().unwrap_or("-").to_owned();
        let message = text("msg");
        if !message.starts_with("answered ") && !message.starts_with("closed: ") {
            continue;
        }
        let differs = ["writes=", "connection=", "peer="];
        let words = message.split(' ').filter(|word| !differs.iter().any(|name| word.starts_with(name)));
        let message = words.collect::<Vec<_>>().join(" ");
        lines.push(format!(
            "{} {} {} {}: {message}",
            text("level"),
            text("request_id"),
            text("result"),
            text("error_code")
        ));
    }
    lines
}

/// The lines, with how often each came in a row where that was more than once.
pub(crate) fn counted(lines: &[String]) -> Vec<String> {
    let runs = lines.chunk_by(|a, b| a == b);
    runs.map(|run| if run.len() == 1 { run[0].clone() } else { format!("{} times {}", run.len(), run[0]) })
        .collect()
}
