//! What a `tracing` event says, sorted into the columns of the contract.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};

use crate::entry::is_name_byte;
use crate::limits::{LATENCY_MS_MAX, MSG_BYTES_MAX, NAME_BYTES_MAX};

/// The fields of one event or span. What has no column of its own is kept as `key=value` behind the message.
///
/// An empty column is an absent one. The strings keep their capacity from event to event: logging allocates nothing
/// once it has seen its longest record.
#[derive(Debug, Default)]
pub(crate) struct Fields {
    pub(crate) request_id: String,
    pub(crate) latency_ms: Option<f64>,
    pub(crate) result: String,
    pub(crate) error_code: String,
    pub(crate) msg: String,
    rest: String,
}

thread_local! {
    static SPARE: Cell<Option<Fields>> = const { Cell::new(None) };
}

impl Fields {
    /// Empty fields. A value that logs while it is being formatted gets fields of its own.
    pub(crate) fn take() -> Self {
        SPARE.take().unwrap_or_default()
    }

    /// Gives the strings back for the next event.
    pub(crate) fn give_back(mut self) {
        for text in
            [&mut self.request_id, &mut self.result, &mut self.error_code, &mut self.msg, &mut self.rest]
        {
            text.clear();
        }
        self.latency_ms = None;
        SPARE.set(Some(self));
    }

    /// Completes the message with what had no column; an event that said nothing at all is called by its target.
    pub(crate) fn complete(&mut self, target: &str) {
        if self.msg.is_empty() && self.rest.is_empty() {
            self.msg.push_str(target);
        } else if self.msg.is_empty() {
            self.msg.push_str(self.rest.trim_start());
        } else {
            self.msg.push_str(&self.rest);
        }
        shorten(&mut self.msg, MSG_BYTES_MAX);
    }

    fn column(&mut self, name: &str) -> Option<&mut String> {
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
            column.clear();
            let _ = column.write_fmt(value);
            repair_name(column);
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
pub(crate) fn repair_name(name: &mut String) {
    if !name.is_empty() && (!is_word(name) || name.len() > NAME_BYTES_MAX) {
        let repaired = name.bytes().take(NAME_BYTES_MAX);
        *name = repaired.map(|b| if is_name_byte(b) { char::from(b) } else { '_' }).collect();
    }
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
pub(crate) fn column(text: &str) -> Option<Cow<'_, str>> {
    (!text.is_empty()).then_some(Cow::Borrowed(text))
}
