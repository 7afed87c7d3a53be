//! An entry as one line of bytes, and back.
//!
//! A stored line is JSON without spaces, ended by the only newline in it. Whatever can end a line somewhere (`\n`,
//! `\r`, the C1 control NEL, U+2028, U+2029) or drive a terminal (ESC and its kin) is escaped, so a message cannot
//! forge a second record, neither for a machine nor for the eyes of a person who runs `cat`.
//!
//! ```text
//!  message   b  y  e  \n {  "  t  s  "  :  …          what the caller passed in
//!  stored    b  y  e  \  n  {  \  "  t  s  \  "  :  …  one line, whatever the caller hoped for
//! ```

use std::borrow::Cow;
use std::io::Write as _;

use jiff::Timestamp;
use serde::Deserialize;

use crate::limits::RECORD_BYTES_MAX;
use crate::{Entry, Level, LogError};

impl Entry<'_> {
    // ANCHOR: encode
    /// Appends the line, newline included, to `line`. On a refusal `line` is as it was.
    pub fn encode(&self, line: &mut Vec<u8>) -> Result<(), LogError> {
        self.check()?;
        let start = line.len();
        line.extend_from_slice(b"{\"ts\":\"");
        put_time(self.ts, line);
        line.extend_from_slice(b"\",\"level\":\"");
        line.extend_from_slice(self.level.word().as_bytes());
        line.push(b'"');
        put_name(b",\"node_id\":\"", Some(&self.node_id), line);
        put_name(b",\"request_id\":\"", self.request_id.as_ref(), line);
        if let Some(ms) = self.latency_ms {
            line.extend_from_slice(b",\"latency_ms\":");
            // Writing to a Vec cannot fail; microseconds are as fine as a latency between processes gets.
            let _ = write!(line, "{}", (ms * 1000.0).round() / 1000.0);
        }
        put_name(b",\"result\":\"", self.result.as_ref(), line);
        put_name(b",\"error_code\":\"", self.error_code.as_ref(), line);
        line.extend_from_slice(b",\"msg\":\"");
        escape(&self.msg, line);
        line.extend_from_slice(b"\"}\n");
        let bytes = line.len() - start;
        if bytes > RECORD_BYTES_MAX {
            line.truncate(start);
            return Err(LogError::RecordTooLarge { bytes, max: RECORD_BYTES_MAX });
        }
        Ok(())
    }
    // ANCHOR_END: encode
}

/// A name needs no escaping: [`Entry::check`] has seen that it is one word.
fn put_name(key: &[u8], name: Option<&Cow<'_, str>>, line: &mut Vec<u8>) {
    if let Some(name) = name {
        line.extend_from_slice(key);
        line.extend_from_slice(name.as_bytes());
        line.push(b'"');
    }
}

/// `2026-01-01T00:00:00.000000Z`: always 27 bytes, finer digits cut off.
fn put_time(ts: Timestamp, line: &mut Vec<u8>) {
    let _ = write!(line, "{ts:.6}");
}

/// Appends `text` as the inside of a JSON string that fits on one line and moves no cursor.
pub fn escape(text: &str, line: &mut Vec<u8>) {
    // lab:hole logger.escape-message
    let bytes = text.as_bytes();
    let mut copied = 0;
    for (at, character) in text.char_indices() {
        let short = match character {
            '"' | '\\' => Some(character as u8),
            '\n' => Some(b'n'),
            '\r' => Some(b'r'),
            '\t' => Some(b't'),
            _ if character.is_control() || matches!(character, '\u{2028}' | '\u{2029}') => None,
            _ => continue,
        };
        line.extend_from_slice(&bytes[copied..at]);
        copied = at + character.len_utf8();
        match short {
            Some(letter) => line.extend_from_slice(&[b'\\', letter]),
            None => drop(write!(line, "\\u{:04x}", character as u32)),
        }
    }
    line.extend_from_slice(&bytes[copied..]);
    // lab:stub todo!("logger.escape-message: no byte of the message may end the string or the line")
    // lab:end
}

/// A stored line as JSON sees it. Keys that we do not know are somebody's extension and are passed over; a key that
/// occurs twice is refused, since two readers could take different ones.
#[derive(Deserialize)]
struct Stored<'a> {
    ts: Timestamp,
    level: Level,
    #[serde(borrow)]
    node_id: Cow<'a, str>,
    #[serde(borrow, default)]
    request_id: Option<Cow<'a, str>>,
    #[serde(default)]
    latency_ms: Option<f64>,
    #[serde(borrow, default)]
    result: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    error_code: Option<Cow<'a, str>>,
    #[serde(borrow)]
    msg: Cow<'a, str>,
}

impl<'a> Entry<'a> {
    /// Reads one line, with or without its newline.
    pub fn decode(line: &'a [u8]) -> Result<Self, NoRecord> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let text = std::str::from_utf8(line).map_err(|e| match e.error_len() {
            None => NoRecord::CutOff,
            Some(_) => NoRecord::Malformed(format!("no UTF-8 at byte {}", e.valid_up_to())),
        })?;
        let stored: Stored<'a> =
            serde_json::from_str(text).map_err(|e| match e.is_eof() && !text.is_empty() {
                true => NoRecord::CutOff,
                false => NoRecord::Malformed(reason(&e)),
            })?;
        let Stored { ts, level, node_id, request_id, latency_ms, result, error_code, msg } = stored;
        let entry = Entry { ts, level, node_id, request_id, latency_ms, result, error_code, msg };
        entry.check().map_err(|e| NoRecord::Malformed(e.to_string()))?;
        Ok(entry)
    }
}

/// Why a line is not a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoRecord {
    /// It is the beginning of one: a write that was cut off.
    CutOff,
    /// It never was one, for this reason.
    Malformed(String),
}

/// The parser's reason without its place: a line of JSON is always line 1, and the caller knows the real one.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.clone(), |(why, _)| format!("{why} at byte {}", error.column()))
}

#[cfg(test)]
#[path = "encode_tests.rs"]
mod tests;
