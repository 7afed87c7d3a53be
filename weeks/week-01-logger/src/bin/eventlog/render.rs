//! A record for a person: one line, in the order in which one reads it.

use std::io::{self, Write};

use logger::Entry;

/// Writes `time LEVEL node [request] message (result, latency, code)`; what the record does not have is left out.
///
/// The message was stored with its control characters escaped, and decoding it brought them back; here they are
/// escaped again, so that no record moves the cursor of whoever looks at it.
pub(crate) fn line(out: &mut impl Write, entry: &Entry<'_>) -> io::Result<()> {
    write!(out, "{:.6} {:<5} {}", entry.ts, entry.level, entry.node_id)?;
    if let Some(request_id) = &entry.request_id {
        write!(out, " [{request_id}]")?;
    }
    out.write_all(b" ")?;
    for character in entry.msg.chars() {
        match character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') {
            true => write!(out, "{}", character.escape_default())?,
            false => write!(out, "{character}")?,
        }
    }
    let latency = entry.latency_ms.map(|ms| format!("{ms} ms"));
    let details = [entry.result.as_deref(), latency.as_deref(), entry.error_code.as_deref()];
    let mut separator = " (";
    for detail in details.into_iter().flatten() {
        write!(out, "{separator}{detail}")?;
        separator = ", ";
    }
    out.write_all(if separator == ", " { b")\n" } else { b"\n" })
}
