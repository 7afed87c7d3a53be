//! Lines out of any stream, in a buffer of fixed size.
//!
//! A reader that collects a line until its newline comes has handed its memory to whoever wrote the file: one line of
//! four gigabytes is enough. Here the buffer is allocated once. A line that does not fit is counted, passed over and
//! reported with its length; the lines behind it are read as if it were not there.
//!
//! ```text
//!            newline found                               newline found
//!          +---------------+                           +--------------+
//!          v               |     buffer full,          v              |
//!      (collecting) ---> Whole   no newline       (skipping) ---> TooLong
//!          |     \                                  ^
//!          |      +---------------------------------+
//!          +--- end of file, bytes left ---> Rest
//! ```

use std::io::{self, Read};
use std::ops::Range;

use crate::limits::RECORD_BYTES_MAX;

// ANCHOR: buffer
/// Four records: large enough that reading is a few system calls a second, small enough to forget about.
const BUFFER_BYTES: usize = 4 * RECORD_BYTES_MAX;
// ANCHOR_END: buffer

// ANCHOR: line
/// What was found. The bytes stay in the buffer until the next call; [`Lines::bytes`] shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// A line, its newline included.
    Whole(Range<usize>),
    /// A line longer than [`RECORD_BYTES_MAX`], newline included: only its length is known.
    TooLong(u64),
    /// Nothing more for now; what is left behind the last newline stays in the buffer.
    End,
}
// ANCHOR_END: line

/// Reads lines from a stream.
pub struct Lines<R> {
    source: R,
    buffer: Box<[u8]>,
    /// The part of the buffer that is not yet given out.
    waiting: Range<usize>,
    /// How much of `waiting` is known to hold no newline.
    searched: usize,
    /// The length so far of the line that is being passed over.
    skipping: Option<u64>,
    /// How many bytes were given out or passed over, and in how many lines.
    consumed: u64,
    lines: u64,
    /// How many bytes may be taken from the source.
    left: u64,
}

impl<R: Read> Lines<R> {
    /// Reads everything.
    pub fn new(source: R) -> Self {
        Lines::up_to(source, u64::MAX)
    }

    /// Reads the first `bytes` bytes.
    pub fn up_to(source: R, bytes: u64) -> Self {
        Lines {
            source,
            buffer: vec![0; BUFFER_BYTES].into_boxed_slice(),
            waiting: 0..0,
            searched: 0,
            skipping: None,
            consumed: 0,
            lines: 0,
            left: bytes,
        }
    }

    /// The next line. [`Line::End`] is not final: where the source has grown, a later call finds what was added.
    pub fn next_line(&mut self) -> io::Result<Line> {
        // lab:hole logger.bounded-line
        loop {
            let unsearched = &self.buffer[self.waiting.start + self.searched..self.waiting.end];
            if let Some(at) = unsearched.iter().position(|byte| *byte == b'\n') {
                let bytes = self.searched + at + 1;
                return Ok(self.give_out(bytes));
            }
            self.searched = self.waiting.len();
            if self.searched >= RECORD_BYTES_MAX {
                *self.skipping.get_or_insert(0) += self.searched as u64;
                self.waiting = 0..0;
                self.searched = 0;
            }
            if self.refill()? == 0 {
                return Ok(Line::End);
            }
        }
        // lab:stub todo!("logger.bounded-line: a line that outgrows the limit is counted and passed over, not collected")
        // lab:end
    }

    /// The line that ends `bytes` bytes into `waiting` is complete.
    fn give_out(&mut self, bytes: usize) -> Line {
        let line = self.waiting.start..self.waiting.start + bytes;
        self.waiting.start = line.end;
        self.searched = 0;
        self.lines += 1;
        let skipped = self.skipping.take();
        let length = skipped.unwrap_or(0) + bytes as u64;
        self.consumed += length;
        match skipped {
            None if bytes <= RECORD_BYTES_MAX => Line::Whole(line),
            _ => Line::TooLong(length),
        }
    }

    /// Takes more from the source; 0 when it has nothing more.
    fn refill(&mut self) -> io::Result<usize> {
        if self.waiting.start > 0 {
            self.buffer.copy_within(self.waiting.clone(), 0);
            self.waiting = 0..self.waiting.len();
        }
        let room = &mut self.buffer[self.waiting.end..];
        let wanted = room.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let taken = loop {
            match self.source.read(&mut room[..wanted]) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome?,
            }
        };
        self.waiting.end += taken;
        self.left -= taken as u64;
        Ok(taken)
    }

    /// The bytes of a line that was just found.
    pub fn bytes(&self, line: Range<usize>) -> &[u8] {
        &self.buffer[line]
    }

    /// What lies behind the last newline: a record that is being written, or one that never will be.
    pub fn rest(&self) -> &[u8] {
        &self.buffer[self.waiting.clone()]
    }

    /// How long the rest is, the part that was passed over included.
    pub fn rest_bytes(&self) -> u64 {
        self.skipping.unwrap_or(0) + self.waiting.len() as u64
    }

    /// How many bytes the lines so far had.
    pub fn consumed(&self) -> u64 {
        self.consumed
    }

    /// How many lines there were so far, those that were too long included.
    pub fn count(&self) -> u64 {
        self.lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that gives out one chunk per read, and then nothing.
    struct Chunks(Vec<Vec<u8>>);

    impl Read for Chunks {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let Some(mut chunk) = (!self.0.is_empty()).then(|| self.0.remove(0)) else { return Ok(0) };
            let taken = chunk.len().min(room.len());
            room[..taken].copy_from_slice(&chunk[..taken]);
            if taken < chunk.len() {
                self.0.insert(0, chunk.split_off(taken));
            }
            Ok(taken)
        }
    }

    /// The lines as words: the text, or `!length` for one that was passed over; and the rest.
    fn read(chunks: Vec<Vec<u8>>) -> (Vec<String>, String) {
        let mut lines = Lines::new(Chunks(chunks));
        let mut found = Vec::new();
        loop {
            match lines.next_line().unwrap() {
                Line::Whole(at) => found.push(String::from_utf8_lossy(lines.bytes(at)).into_owned()),
                Line::TooLong(bytes) => found.push(format!("!{bytes}")),
                Line::End => return (found, String::from_utf8_lossy(lines.rest()).into_owned()),
            }
        }
    }

    #[test]
    fn lines_do_not_depend_on_how_the_source_cuts_them() {
        let text = b"one\n\ntwo\nthr";
        for cut in 1..text.len() {
            let (head, tail) = text.split_at(cut);
            let found = read(vec![head.to_vec(), tail.to_vec()]);
            assert_eq!(
                found,
                (vec!["one\n".into(), "\n".into(), "two\n".into()], "thr".into()),
                "cut at {cut}"
            );
        }
    }

    #[test]
    fn a_line_is_read_at_the_limit_and_passed_over_one_byte_above() {
        let line = |bytes: usize| [vec![b'x'; bytes - 1], vec![b'\n']].concat();
        let after = b"after\n".to_vec();
        let (found, _) = read(vec![line(RECORD_BYTES_MAX), after.clone()]);
        assert_eq!((found[0].len(), found[1].as_str()), (RECORD_BYTES_MAX, "after\n"));
        let (found, _) = read(vec![line(RECORD_BYTES_MAX + 1), after]);
        assert_eq!(found, [format!("!{}", RECORD_BYTES_MAX + 1), "after\n".into()]);
    }

    #[test]
    fn a_line_of_gigabytes_is_passed_over_in_a_buffer_of_kilobytes() {
        // The source costs a memset per read, so this is two gigabytes in a fraction of a second when optimized, and
        // a smaller number in a debug build; the buffer is the same in both.
        const BYTES: u64 = if cfg!(debug_assertions) { 64 << 20 } else { 2 << 30 };
        let mut lines = Lines::new(io::repeat(b'x').take(BYTES).chain(&b"\nafter\n"[..]));
        assert_eq!(lines.next_line().unwrap(), Line::TooLong(BYTES + 1));
        let Line::Whole(at) = lines.next_line().unwrap() else { panic!("the line behind it was lost") };
        assert_eq!(lines.bytes(at), b"after\n");
        assert_eq!(lines.buffer.len(), BUFFER_BYTES);
    }

    #[test]
    fn an_end_that_grows_is_not_the_end() {
        let (sender, receiver) = std::sync::mpsc::channel::<Vec<u8>>();
        struct Growing(std::sync::mpsc::Receiver<Vec<u8>>);
        impl Read for Growing {
            fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
                let Ok(chunk) = self.0.try_recv() else { return Ok(0) };
                room[..chunk.len()].copy_from_slice(&chunk);
                Ok(chunk.len())
            }
        }
        let mut lines = Lines::new(Growing(receiver));
        sender.send(b"hal".to_vec()).unwrap();
        assert_eq!(lines.next_line().unwrap(), Line::End);
        assert_eq!(lines.rest(), b"hal");
        sender.send(b"f\n".to_vec()).unwrap();
        let Line::Whole(at) = lines.next_line().unwrap() else { panic!("the second half was not found") };
        assert_eq!(lines.bytes(at), b"half\n");
        assert_eq!((lines.consumed(), lines.count(), lines.rest_bytes()), (5, 1, 0));
    }

    #[test]
    fn reading_stops_at_the_given_size() {
        let mut lines = Lines::up_to(&b"one\ntwo\n"[..], 6);
        assert_eq!(lines.next_line().unwrap(), Line::Whole(0..4));
        assert_eq!(lines.next_line().unwrap(), Line::End);
        assert_eq!(lines.rest(), b"tw");
    }
}
