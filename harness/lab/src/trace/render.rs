//! A trace for a person: one line a record, with a lane for each process, so that one sees at a glance who had the
//! request when.
//!
//! ```text
//!    +0.000 ms  ●    client-1  INFO   asks
//!    +0.412 ms  │ ●  server-1  INFO   answered (ok, 0.31 ms)
//!    +0.780 ms  ●    client-1  INFO   has the answer (ok, 0.78 ms)
//! ```

use std::fmt::Write;

use serde_json::json;

use super::{Found, Searched};

/// Processes that get a lane of their own; those beyond share the last one.
const LANES_MAX: usize = 8;

/// One lane a process, in the order in which they appear, and how wide their names are.
#[derive(Debug)]
pub struct Lanes<'t> {
    nodes: Vec<&'t str>,
    name_width: usize,
    several_requests: bool,
    start: jiff::Timestamp,
    /// By lane: the first and the last record of its process.
    spans: Vec<(usize, usize)>,
}

impl<'t> Lanes<'t> {
    /// The lanes of a trace; records in order of time.
    pub fn of(records: &'t [Found]) -> Self {
        let mut lanes = Lanes {
            nodes: Vec::new(),
            name_width: 0,
            several_requests: records.iter().any(|r| r.entry.request_id != records[0].entry.request_id),
            start: records.first().map_or(jiff::Timestamp::UNIX_EPOCH, |first| first.entry.ts),
            spans: Vec::new(),
        };
        for (index, record) in records.iter().enumerate() {
            let node = &*record.entry.node_id;
            if !lanes.nodes.contains(&node) {
                lanes.nodes.push(node);
                lanes.name_width = lanes.name_width.max(node.len());
            }
            let lane = lanes.lane(node);
            match lanes.spans.get_mut(lane) {
                Some(span) => span.1 = index,
                None => lanes.spans.push((index, index)),
            }
        }
        lanes
    }

    /// How many processes the trace touches.
    pub fn processes(&self) -> usize {
        self.nodes.len()
    }

    fn lane(&self, node: &str) -> usize {
        let index = self.nodes.iter().position(|known| *known == node).unwrap_or(0);
        index.min(LANES_MAX - 1)
    }
}

/// The line of the record at `index`.
pub fn line(lanes: &Lanes<'_>, index: usize, found: &Found) -> String {
    let entry = &found.entry;
    let mut out = format!("{:>14}  ", format!("+{:.3} ms", offset_ms(lanes, found)));
    let own = lanes.lane(&entry.node_id);
    for (lane, (first, last)) in lanes.spans.iter().enumerate() {
        out.push_str(match lane == own {
            true => "● ",
            false if (first..last).contains(&&index) => "│ ",
            false => "  ",
        });
    }
    let _ = write!(out, " {:<width$}  {:<5}  ", entry.node_id, entry.level, width = lanes.name_width);
    if let (true, Some(id)) = (lanes.several_requests, &entry.request_id) {
        let _ = write!(out, "[{id}] ");
    }
    for character in entry.msg.chars() {
        match moves_text(character) {
            true => out.extend(character.escape_default()),
            false => out.push(character),
        }
    }
    let latency = entry.latency_ms.map(|ms| format!("{ms} ms"));
    let details = [entry.result.as_deref(), latency.as_deref(), entry.error_code.as_deref()];
    let details: Vec<&str> = details.into_iter().flatten().collect();
    if !details.is_empty() {
        let _ = write!(out, " ({})", details.join(", "));
    }
    out
}

/// True for what moves the cursor of whoever looks at a record, or shows its words in another order.
fn moves_text(character: char) -> bool {
    let reorders =
        matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    character.is_control() || reorders || matches!(character, '\u{2028}' | '\u{2029}')
}

/// The record for a machine: its fields under their own names, and where and when it was found.
pub fn record(lanes: &Lanes<'_>, found: &Found, log: &Searched) -> serde_json::Value {
    let entry = &found.entry;
    let mut object = json!({
        "event": "record", "offset_ms": offset_ms(lanes, found), "log": log.path, "ts": format!("{:.6}", entry.ts),
        "level": entry.level.to_string(), "node_id": entry.node_id, "request_id": entry.request_id, "msg": entry.msg,
    });
    // As in the log: a field that the record does not have is left out.
    let optional = [
        ("latency_ms", entry.latency_ms.map(serde_json::Value::from)),
        ("result", entry.result.as_deref().map(serde_json::Value::from)),
        ("error_code", entry.error_code.as_deref().map(serde_json::Value::from)),
    ];
    if let Some(fields) = object.as_object_mut() {
        fields.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    object
}

/// Milliseconds since the first record of the trace, to the microsecond that records keep.
fn offset_ms(lanes: &Lanes<'_>, found: &Found) -> f64 {
    (found.entry.ts.as_microsecond() - lanes.start.as_microsecond()) as f64 / 1e3
}
