//! What a `tracing` event says, sorted into the columns of the contract.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};

use crate::entry::is_name_byte;
use crate::limits::{LATENCY_MS_MAX, MSG_BYTES_MAX, NAME_BYTES_MAX};

/// The fields of one event or span. What has no column of its own is kept as `key=value` behind the message.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) request_id: Option<String>,
    pub(crate) latency_ms: Option<f64>,
    pub(crate) result: Option<String>,
    pub(crate) error_code: Option<String>,
    pub(crate) msg: String,
    pub(crate) rest: String,
}

impl Fields {
    /// The message and what comes behind it; the event's own name where it said nothing at all.
    pub(crate) fn sentence(&mut self, fallback: &str) -> &str {
        if self.msg.is_empty() && self.rest.is_empty() {
            self.msg.push_str(fallback);
        } else if self.msg.is_empty() {
            std::mem::swap(&mut self.msg, &mut self.rest);
            self.msg.remove(0);
        } else {
            self.msg.push_str(&self.rest);
        }
        shorten(&mut self.msg, MSG_BYTES_MAX);
        &self.msg
    }

    fn column(&mut self, name: &str) -> Option<&mut Option<String>> {
        match name {
            "request_id" => Some(&mut self.request_id),
            "result" => Some(&mut self.result),
            "error_code" => Some(&mut self.error_code),
            _ => None,
        }
    }

    fn put(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        // Writing to a String cannot fail, unless a value's own Display does; then as much as it wrote is kept.
        if let Some(column) = self.column(field.name()) {
            let mut word = String::new();
            let _ = word.write_fmt(value);
            *column = (!word.is_empty()).then(|| as_name(word));
        } else if field.name() == "message" {
            let _ = self.msg.write_fmt(value);
        } else {
            let _ = write!(self.rest, " {}={value}", field.name());
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        // A word stays as it is; what has spaces is quoted, or nobody could tell where it ends.
        let plain = field.name() == "message" || self.column(field.name()).is_some() || is_word(value);
        match plain {
            true => self.put(field, format_args!("{value}")),
            false => self.put(field, format_args!("{value:?}")),
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        match field.name() {
            "latency_ms" if (0.0..=LATENCY_MS_MAX).contains(&value) => self.latency_ms = Some(value),
            _ => self.put(field, format_args!("{value}")),
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "latency_ms" => self.record_f64(field, value as f64),
            _ => self.put(field, format_args!("{value}")),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        match field.name() {
            "latency_ms" => self.record_f64(field, value as f64),
            _ => self.put(field, format_args!("{value}")),
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(is_name_byte)
}

/// A program's log must not fail over a badly chosen name, so bytes that a name cannot have become `_`.
pub(crate) fn as_name(text: String) -> String {
    if is_word(&text) && text.len() <= NAME_BYTES_MAX {
        return text;
    }
    let repaired: String = text
        .bytes()
        .take(NAME_BYTES_MAX)
        .map(|b| if is_name_byte(b) { char::from(b) } else { '_' })
        .collect();
    if repaired.is_empty() { "_".into() } else { repaired }
}

/// Cuts a text to at most this many bytes, between characters, and marks the cut.
pub(crate) fn shorten(text: &mut String, bytes_max: usize) {
    const CUT: &str = " [cut]";
    if text.len() > bytes_max {
        let mut end = bytes_max - CUT.len();
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        text.push_str(CUT);
    }
}

/// Borrows a column for an entry.
pub(crate) fn borrowed(column: &Option<String>) -> Option<Cow<'_, str>> {
    column.as_deref().map(Cow::Borrowed)
}
