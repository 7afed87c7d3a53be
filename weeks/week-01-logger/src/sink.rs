//! Where the layer's records go.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use crate::{Entry, LogError, LogWriter, usage};

/// Takes records.
pub trait Sink: Send + Sync + 'static {
    /// Stores one record, given as the line that [`Entry::encode`] makes, or says why not.
    fn put_line(&self, line: &[u8]) -> Result<(), LogError>;

    /// Stores one record, or says why not.
    fn put(&self, entry: &Entry<'_>) -> Result<(), LogError> {
        let mut line = Vec::new();
        entry.encode(&mut line)?;
        self.put_line(&line)
    }

    /// Stores the record that says how many are missing. A sink that can still lose what it has taken must then count
    /// `lost` records as missing, and not one.
    fn put_report(&self, report: &Entry<'_>, _lost: u64) -> Result<(), LogError> {
        self.put(report)
    }

    /// Says on standard error that the sink refuses records. A sink whose callers may not wait says it elsewhere.
    fn complain(&self, line: &str) {
        usage::complain(line);
    }

    /// Does what the sink promises for the end of a program.
    fn finish(&self) -> Result<(), LogError> {
        Ok(())
    }
}

impl Sink for LogWriter {
    fn put_line(&self, line: &[u8]) -> Result<(), LogError> {
        self.append_line(line).map(drop)
    }

    fn put(&self, entry: &Entry<'_>) -> Result<(), LogError> {
        self.append(entry).map(drop)
    }

    fn finish(&self) -> Result<(), LogError> {
        LogWriter::finish(self)
    }
}

impl<S: Sink> Sink for Arc<S> {
    fn put_line(&self, line: &[u8]) -> Result<(), LogError> {
        (**self).put_line(line)
    }

    fn put(&self, entry: &Entry<'_>) -> Result<(), LogError> {
        (**self).put(entry)
    }

    fn put_report(&self, report: &Entry<'_>, lost: u64) -> Result<(), LogError> {
        (**self).put_report(report, lost)
    }

    fn complain(&self, line: &str) {
        (**self).complain(line);
    }

    fn finish(&self) -> Result<(), LogError> {
        (**self).finish()
    }
}

/// Records on any byte stream, such as standard error; one `write` each.
#[derive(Debug)]
pub struct Stream<W>(pub Mutex<W>);

impl<W: Write + Send + 'static> Sink for Stream<W> {
    fn put_line(&self, line: &[u8]) -> Result<(), LogError> {
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        stream.write_all(line).and_then(|()| stream.flush()).map_err(|source| LogError::Output { source })
    }
}
