//! One record: the observability contract of the lab as a type.
//!
//! ```text
//! {"ts":"2026-01-01T00:00:00.000000Z","level":"WARN","node_id":"node-2","request_id":"r-17",
//!  "latency_ms":12.5,"result":"refused","error_code":"LOG-MSG-EMPTY","msg":"nothing to say"}
//! ```
//!
//! | field | holds | always there |
//! | --- | --- | --- |
//! | `ts` | RFC 3339, UTC, microseconds: 27 bytes, so that order of text is order of time | yes |
//! | `level` | `TRACE`, `DEBUG`, `INFO`, `WARN`, `ERROR` | yes |
//! | `node_id` | which process wrote it | yes |
//! | `request_id` | which request it belongs to, the same in every process that the request touches | |
//! | `latency_ms` | how long it took, 0 to one day | |
//! | `result` | how it ended: `ok`, `refused`, `timeout` … | |
//! | `error_code` | the catalog's code, where it failed | |
//! | `msg` | the sentence for a person | yes |
//!
//! The order is fixed and an absent field is left out, so one record has exactly one form in bytes.

use std::borrow::Cow;

use jiff::Timestamp;

use crate::limits::{LATENCY_MS_MAX, MSG_BYTES_MAX, NAME_BYTES_MAX};
use crate::{Level, LogError};

// ANCHOR: entry
/// One record. The fields borrow where they can, so that reading and writing a record copies no text.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<'a> {
    /// When.
    pub ts: Timestamp,
    /// How much it matters.
    pub level: Level,
    /// Which process.
    pub node_id: Cow<'a, str>,
    /// Which request.
    pub request_id: Option<Cow<'a, str>>,
    /// How long it took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// How it ended.
    pub result: Option<Cow<'a, str>>,
    /// The code of the failure.
    pub error_code: Option<Cow<'a, str>>,
    /// The sentence.
    pub msg: Cow<'a, str>,
}
// ANCHOR_END: entry

impl<'a> Entry<'a> {
    /// A record with the four fields that every record has.
    pub fn new(
        ts: Timestamp,
        level: Level,
        node_id: impl Into<Cow<'a, str>>,
        msg: impl Into<Cow<'a, str>>,
    ) -> Self {
        Entry {
            ts,
            level,
            node_id: node_id.into(),
            request_id: None,
            latency_ms: None,
            result: None,
            error_code: None,
            msg: msg.into(),
        }
    }

    /// The same record, owning its text.
    pub fn into_owned(self) -> Entry<'static> {
        let own = |text: Cow<'a, str>| Cow::Owned(text.into_owned());
        Entry {
            ts: self.ts,
            level: self.level,
            node_id: own(self.node_id),
            request_id: self.request_id.map(own),
            latency_ms: self.latency_ms,
            result: self.result.map(own),
            error_code: self.error_code.map(own),
            msg: own(self.msg),
        }
    }

    /// Refuses a record that must not be stored. Nothing has been encoded or opened yet.
    pub fn check(&self) -> Result<(), LogError> {
        check_msg(&self.msg)?;
        check_name("node_id", &self.node_id)?;
        let names =
            [("request_id", &self.request_id), ("result", &self.result), ("error_code", &self.error_code)];
        for (field, name) in names {
            if let Some(name) = name {
                check_name(field, name)?;
            }
        }
        match self.latency_ms {
            Some(ms) if !(0.0..=LATENCY_MS_MAX).contains(&ms) => {
                Err(LogError::FieldInvalid { field: "latency_ms", why: "is not between 0 and one day" })
            }
            _ if self.ts.as_second() < YEAR_ZERO => {
                Err(LogError::FieldInvalid { field: "ts", why: "lies before the year 0000" })
            }
            _ => Ok(()),
        }
    }
}

/// The first second that RFC 3339 can write.
const YEAR_ZERO: i64 = -62_167_219_200;

/// Refuses an empty message and one above [`MSG_BYTES_MAX`]. The limit counts bytes of UTF-8, not characters.
pub fn check_msg(msg: &str) -> Result<(), LogError> {
    // lab:hole logger.check-message
    if msg.is_empty() {
        return Err(LogError::MsgEmpty);
    }
    if msg.len() > MSG_BYTES_MAX {
        return Err(LogError::MsgTooLarge { bytes: msg.len(), max: MSG_BYTES_MAX });
    }
    Ok(())
    // lab:stub todo!("logger.check-message: nothing, and one byte too much, are refused by different codes")
    // lab:end
}

/// Refuses a name that is empty, too long, or could be mistaken for anything but one word.
pub fn check_name(field: &'static str, name: &str) -> Result<(), LogError> {
    if name.is_empty() {
        return Err(LogError::FieldInvalid { field, why: "is empty" });
    }
    if name.len() > NAME_BYTES_MAX {
        return Err(LogError::FieldTooLong { field, bytes: name.len(), max: NAME_BYTES_MAX });
    }
    if !name.bytes().all(is_name_byte) {
        return Err(LogError::FieldInvalid { field, why: "contains a character that names do not have" });
    }
    Ok(())
}

/// The bytes of a name: none of them is ever escaped, in JSON, in a URL path or in a shell.
pub const fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b':' | b'/' | b'@' | b'+' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Coded;

    fn code(result: Result<(), LogError>) -> &'static str {
        result.err().map_or("ok", |e| e.code().code)
    }

    #[test]
    fn a_message_is_refused_empty_taken_at_its_limit_and_refused_one_byte_above() {
        assert_eq!(code(check_msg("")), "LOG-MSG-EMPTY");
        assert_eq!(code(check_msg("m")), "ok");
        assert_eq!(code(check_msg(&"m".repeat(MSG_BYTES_MAX))), "ok");
        assert_eq!(code(check_msg(&"m".repeat(MSG_BYTES_MAX + 1))), "LOG-MSG-TOO-LARGE");
    }

    #[test]
    fn the_message_limit_counts_bytes_and_not_characters() {
        let characters = "é".repeat(MSG_BYTES_MAX / 2);
        assert_eq!(code(check_msg(&characters)), "ok");
        assert_eq!(code(check_msg(&format!("{characters}x"))), "LOG-MSG-TOO-LARGE");
    }

    #[test]
    fn a_name_is_refused_empty_taken_at_its_limit_and_refused_one_byte_above() {
        assert_eq!(code(check_name("node_id", "")), "LOG-FIELD-INVALID");
        assert_eq!(code(check_name("node_id", &"n".repeat(NAME_BYTES_MAX))), "ok");
        assert_eq!(code(check_name("node_id", &"n".repeat(NAME_BYTES_MAX + 1))), "LOG-FIELD-TOO-LONG");
    }

    #[test]
    fn a_name_is_one_word() {
        for name in ["two words", "line\nbreak", "quo\"te", "tab\t", "ünï", "a=b", "a,b"] {
            assert_eq!(code(check_name("request_id", name)), "LOG-FIELD-INVALID", "{name:?}");
        }
        assert_eq!(code(check_name("request_id", "4bf9/a.b_c:d@e+f-1")), "ok");
    }

    #[test]
    fn a_latency_is_a_number_between_zero_and_one_day() {
        let with = |ms| {
            let mut entry = Entry::new(Timestamp::UNIX_EPOCH, Level::Info, "n", "m");
            entry.latency_ms = Some(ms);
            code(entry.check())
        };
        assert_eq!([0.0, LATENCY_MS_MAX].map(with), ["ok", "ok"]);
        for refused in [-0.001, LATENCY_MS_MAX + 0.001, f64::NAN, f64::INFINITY] {
            assert_eq!(with(refused), "LOG-FIELD-INVALID", "{refused}");
        }
    }

    #[test]
    fn a_time_that_rfc_3339_cannot_write_is_refused() {
        let entry = Entry::new(Timestamp::MIN, Level::Info, "n", "m");
        assert_eq!(code(entry.check()), "LOG-FIELD-INVALID");
        let first = Entry::new(Timestamp::from_second(YEAR_ZERO).unwrap(), Level::Info, "n", "m");
        assert_eq!(code(first.check()), "ok");
        assert_eq!(first.ts.to_string(), "0000-01-01T00:00:00Z");
    }
}
