//! Lines out of pieces: bytes are collected until a line is whole, and every line ends in CRLF.

use super::ParseError;

/// Collects the lines of one head, or of one block of trailers, under a limit for all of them together.
#[derive(Debug)]
pub(super) struct Lines {
    line: Vec<u8>,
    /// The line was lent out and is forgotten with the next call.
    lent: bool,
    used: usize,
    bytes_max: usize,
    /// What a byte beyond the limit is.
    too_long: ParseError,
}

impl Lines {
    /// Lines of at most this many bytes together, their ends included.
    pub(super) fn new(bytes_max: usize, too_long: ParseError) -> Self {
        Lines { line: Vec::new(), lent: false, used: 0, bytes_max, too_long }
    }

    /// Bytes taken so far.
    pub(super) fn used(&self) -> usize {
        self.used
    }

    /// Begins to count anew: the next head has the whole limit again.
    pub(super) fn begin_anew(&mut self) {
        self.used = 0;
    }

    /// The next whole line without its end, or `None` when more bytes are needed. What was looked at is taken off the
    /// front of `input`.
    ///
    /// # Errors
    /// The limit's error, [`ParseError::BareLf`] and [`ParseError::BareCr`].
    pub(super) fn next(&mut self, input: &mut &[u8]) -> Result<Option<&[u8]>, ParseError> {
        if std::mem::take(&mut self.lent) {
            self.line.clear();
        }
        let end = input.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
        let part = end.unwrap_or(input.len());
        if part > self.bytes_max.saturating_sub(self.used) {
            return Err(self.too_long);
        }
        let (taken, rest) = input.split_at(part);
        *input = rest;
        self.used += part;
        self.line.extend_from_slice(taken);
        if end.is_none() {
            return Ok(None);
        }
        self.lent = true;
        let line = self.line.strip_suffix(b"\r\n").ok_or(ParseError::BareLf)?;
        if line.contains(&b'\r') {
            return Err(ParseError::BareCr);
        }
        Ok(Some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOO_LONG: ParseError = ParseError::HeadTooLarge { limit: 6 };

    fn read(pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, ParseError> {
        let mut lines = Lines::new(6, TOO_LONG);
        let mut found = Vec::new();
        for piece in pieces {
            let mut input = *piece;
            while let Some(line) = lines.next(&mut input)? {
                found.push(line.to_vec());
            }
        }
        Ok(found)
    }

    #[test]
    fn a_line_is_whole_with_its_end_however_it_was_cut() {
        assert_eq!(read(&[b"a\r\nb\r\n"]), Ok(vec![b"a".to_vec(), b"b".to_vec()]));
        assert_eq!(read(&[b"a\r", b"\nb", b"", b"\r\n"]), Ok(vec![b"a".to_vec(), b"b".to_vec()]));
        assert_eq!(read(&[b"\r\n", b"x"]), Ok(vec![b"".to_vec()]));
    }

    #[test]
    fn only_a_carriage_return_and_a_line_feed_together_end_a_line() {
        assert_eq!(read(&[b"a\n"]), Err(ParseError::BareLf));
        assert_eq!(read(&[b"a\r", b"b\r\n"]), Err(ParseError::BareCr));
        assert_eq!(read(&[b"a\r\r\n"]), Err(ParseError::BareCr));
    }

    #[test]
    fn the_limit_itself_passes_and_one_byte_more_does_not() {
        assert_eq!(read(&[b"abcd\r\n"]), Ok(vec![b"abcd".to_vec()]));
        assert_eq!(read(&[b"a\r\nb\r\n"]).map(|lines| lines.len()), Ok(2));
        assert_eq!(read(&[b"abcde\r\n"]), Err(TOO_LONG));
        assert_eq!(read(&[b"abcdef", b"g"]), Err(TOO_LONG), "a line that never ends is refused at the limit");
        assert_eq!(read(&[b"a\r\nb\r\n", b"c"]), Err(TOO_LONG));
    }
}
