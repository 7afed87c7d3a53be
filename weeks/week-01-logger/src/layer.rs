//! The `tracing` layer that every later crate logs through.
//!
//! ```
//! use logger::Setup;
//! use tracing::{info, info_span};
//!
//! let _logging = Setup::new("node-1").install()?; // to standard error, unless told otherwise
//! let _request = info_span!("request", request_id = "r-17").entered();
//! info!(latency_ms = 1.5, result = "ok", peer = "127.0.0.1:80", "answered");
//! # Ok::<(), logger::LogError>(())
//! ```
//!
//! The event above becomes one record. Fields with the contract's names fill the contract's columns, the request id
//! comes from the nearest span that has one, and whatever else was said stands behind the message:
//!
//! ```text
//! {"ts":…,"level":"INFO","node_id":"node-1","request_id":"r-17","latency_ms":1.5,"result":"ok","msg":"answered peer=127.0.0.1:80"}
//! ```
//!
//! A program must not fail because its log does, so the layer repairs what a caller got wrong (a message too long is
//! cut and says so) and survives a log that refuses records. It does not hide it: the first refusal of an outage goes
//! to standard error, and the first record after it says how many are missing.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::encode::escape;
use crate::fields::{Fields, column, repair_name, shorten};
use crate::limits::RECORD_BYTES_MAX;
use crate::outage::{LogProbe, Outage};
use crate::queue::Queue;
use crate::{Clock, Coded, Entry, Level, LogError};

pub use crate::sink::{Sink, Stream};

/// The layer: turns events into records.
pub struct LogLayer {
    node_id: String,
    clock: Arc<dyn Clock>,
    sink: Box<dyn Sink>,
    outage: Arc<Outage>,
}

impl LogLayer {
    /// A layer that writes what happens in the process `node_id` to `sink`.
    pub fn new(node_id: impl Into<String>, clock: Arc<dyn Clock>, sink: impl Sink) -> Self {
        Self::sharing(Arc::default(), node_id, clock, sink)
    }

    /// A layer whose caller never waits for `sink`: records are handed to a [`Queue`], which one thread empties. What
    /// that thread cannot store belongs to the same outage as what the queue refuses.
    ///
    /// # Errors
    /// What the system reports where the thread cannot start.
    pub fn queued(
        node_id: impl Into<String>,
        clock: Arc<dyn Clock>,
        sink: impl Sink,
    ) -> Result<(Self, Queue), LogError> {
        let outage = Arc::<Outage>::default();
        let queue = Queue::start(sink, Arc::clone(&outage))?;
        Ok((Self::sharing(outage, node_id, clock, queue.clone()), queue))
    }

    fn sharing(
        outage: Arc<Outage>,
        node_id: impl Into<String>,
        clock: Arc<dyn Clock>,
        sink: impl Sink,
    ) -> Self {
        let mut node_id = node_id.into();
        repair_name(&mut node_id);
        if node_id.is_empty() {
            node_id.push('_');
        }
        LogLayer { node_id, clock, sink: Box::new(sink), outage }
    }

    /// A look at whether the log takes records.
    pub fn probe(&self) -> LogProbe {
        LogProbe(Arc::clone(&self.outage))
    }

    /// Stores a record; an outage is reported once when it begins and once when it ends.
    fn put(&self, entry: &Entry<'_>) {
        // lab:hole logger.report-loss
        let lost = self.outage.lost.load(Ordering::Relaxed);
        let outcome = match lost {
            0 => self.sink.put(entry),
            _ => self.report_loss(lost, entry).and_then(|()| self.sink.put(entry)),
        };
        if let Err(error) = outcome
            && self.outage.lost.fetch_add(1, Ordering::Relaxed) == 0
        {
            self.outage.begin(error.code().code);
            self.sink.complain(&error.line());
        }
        // lab:stub todo!("logger.report-loss: count what is refused, and say so at both ends of the outage")
        // lab:end
    }

    /// Takes that many off the count of what is missing, and stores the record that says so.
    fn report_loss(&self, lost: u64, next: &Entry<'_>) -> Result<(), LogError> {
        if !self.outage.claim(lost) {
            return Ok(());
        }
        let msg = format!("the log refused {lost} records before this one");
        let mut entry = Entry::new(next.ts, Level::Warn, self.node_id.as_str(), msg);
        entry.error_code = self.outage.code().map(Into::into);
        entry.result = Some("lost".into());
        self.sink.put_report(&entry, lost).inspect_err(|_| {
            self.outage.lost.fetch_add(lost, Ordering::Relaxed);
        })
    }
}

/// A span's request id, kept with the span.
struct RequestId(String);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::take();
        attributes.record(&mut fields);
        keep_request_id(fields, id, &context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut fields = Fields::take();
        values.record(&mut fields);
        keep_request_id(fields, id, &context);
    }

    // ANCHOR: on-event
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = Fields::take();
        event.record(&mut fields);
        if fields.request_id.is_empty() {
            inherit_request_id(event, &context, &mut fields.request_id);
        }
        fields.complete(event.metadata().target());
        fit(&mut fields.msg);
        self.put(&Entry {
            ts: self.clock.now(),
            level: Level::from(*event.metadata().level()),
            node_id: self.node_id.as_str().into(),
            request_id: column(&fields.request_id),
            latency_ms: fields.latency_ms,
            result: column(&fields.result),
            error_code: column(&fields.error_code),
            msg: fields.msg.as_str().into(),
        });
        fields.give_back();
    }
    // ANCHOR_END: on-event
}

/// A span's request id is kept with the span, where its events find it.
fn keep_request_id<S>(fields: Fields, span: &Id, context: &Context<'_, S>)
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    if let Some(span) = context.span(span).filter(|_| !fields.request_id.is_empty()) {
        span.extensions_mut().replace(RequestId(fields.request_id.clone()));
    }
    fields.give_back();
}

/// Cuts a message that could not be stored whole: one that is long and, for instance, made of control characters.
fn fit(msg: &mut String) {
    let room = RECORD_BYTES_MAX - ENVELOPE_BYTES_MAX;
    if msg.len() * ESCAPED_BYTES_MAX > room {
        let mut stored = Vec::new();
        escape(msg, &mut stored);
        if stored.len() > room {
            shorten(msg, room / ESCAPED_BYTES_MAX);
        }
    }
}

/// `\u001b`: the most that one byte of a message can become.
const ESCAPED_BYTES_MAX: usize = 6;
/// Keys, quotes, time, level, latency and four names of the largest size.
const ENVELOPE_BYTES_MAX: usize = 1024;

/// The request id of the nearest span around the event that has one.
fn inherit_request_id<S>(event: &Event<'_>, context: &Context<'_, S>, request_id: &mut String)
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    // lab:hole logger.inherit-request-id
    for span in context.event_scope(event).into_iter().flatten() {
        if let Some(RequestId(id)) = span.extensions().get::<RequestId>() {
            request_id.push_str(id);
            return;
        }
    }
    // lab:stub todo!("logger.inherit-request-id: from the innermost span outwards, the first that has one")
    // lab:end
}

#[cfg(test)]
#[path = "layer_tests.rs"]
mod tests;
