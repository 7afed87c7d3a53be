//! What a child wrote, bounded: the beginning and the end stay, the middle goes.

/// Kept from the beginning of a pipe, and as much again from its end.
const KEPT_BYTES_MAX: usize = 4 * 1024 * 1024;

/// The longest line that is passed on; the rest of a longer one is dropped.
const LINE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// One pipe's bytes and the line that is being read.
#[derive(Default)]
pub(super) struct Captured {
    head: Vec<u8>,
    tail: Vec<u8>,
    dropped: u64,
    line: Vec<u8>,
}

impl Captured {
    /// Takes the next bytes, passing on each line that they complete.
    pub(super) fn push(&mut self, bytes: &[u8], on_line: &mut dyn FnMut(&str)) {
        self.keep(bytes);
        let mut rest = bytes;
        while let Some(at) = rest.iter().position(|b| *b == b'\n') {
            self.extend_line(&rest[..at]);
            self.pass_on(on_line);
            rest = &rest[at + 1..];
        }
        self.extend_line(rest);
    }

    /// Passes on a last line that has no newline. May be called twice.
    pub(super) fn finish(&mut self, on_line: &mut dyn FnMut(&str)) {
        if !self.line.is_empty() {
            self.pass_on(on_line);
        }
    }

    /// Everything kept, with a note where something was cut.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        let mut all = self.head;
        if self.dropped > 0 {
            all.extend_from_slice(format!("\n[… {} bytes cut …]\n", self.dropped).as_bytes());
        }
        all.extend_from_slice(&self.tail);
        all
    }

    fn keep(&mut self, bytes: &[u8]) {
        let to_head = bytes.len().min(KEPT_BYTES_MAX - self.head.len());
        self.head.extend_from_slice(&bytes[..to_head]);
        self.tail.extend_from_slice(&bytes[to_head..]);
        // Cut in big strides, so that a chatty child costs a copy per 4 MiB and not per read.
        if self.tail.len() > 2 * KEPT_BYTES_MAX {
            self.cut_tail();
        }
    }

    fn cut_tail(&mut self) {
        let surplus = self.tail.len().saturating_sub(KEPT_BYTES_MAX);
        self.tail.drain(..surplus);
        self.dropped += surplus as u64;
    }

    fn extend_line(&mut self, bytes: &[u8]) {
        let room = LINE_BYTES_MAX - self.line.len();
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn pass_on(&mut self, on_line: &mut dyn FnMut(&str)) {
        let line = std::mem::take(&mut self.line);
        on_line(String::from_utf8_lossy(&line).trim_end_matches('\r'));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(pushes: &[&[u8]]) -> (Vec<String>, Vec<u8>) {
        let mut captured = Captured::default();
        let mut seen = Vec::new();
        for bytes in pushes {
            captured.push(bytes, &mut |line| seen.push(line.to_owned()));
        }
        captured.finish(&mut |line| seen.push(line.to_owned()));
        (seen, captured.into_bytes())
    }

    #[test]
    fn lines_are_whole_however_the_pipe_splits_them() {
        let (seen, kept) = lines(&[b"on", b"e\ntw", b"o\n\nlast"]);
        assert_eq!(seen, ["one", "two", "", "last"]);
        assert_eq!(kept, b"one\ntwo\n\nlast");
    }

    #[test]
    fn at_the_bound_nothing_is_cut() {
        let bytes = vec![b'x'; 2 * KEPT_BYTES_MAX];
        assert_eq!(lines(&[&bytes]).1, bytes);
    }

    #[test]
    fn far_beyond_the_bound_head_and_tail_stay_and_the_cut_is_noted() {
        let mut bytes = b"first".to_vec();
        bytes.extend(vec![b'x'; 20 * KEPT_BYTES_MAX]);
        bytes.extend_from_slice(b"last");
        let chunks: Vec<&[u8]> = bytes.chunks(60_000).collect();
        let kept = lines(&chunks).1;
        assert!(kept.len() <= 3 * KEPT_BYTES_MAX + 100, "{}", kept.len());
        assert!(kept.starts_with(b"first"));
        assert!(kept.ends_with(b"last"));
        assert!(String::from_utf8_lossy(&kept).contains("bytes cut"));
    }

    #[test]
    fn an_endless_line_is_passed_on_cut() {
        let bytes = vec![b'y'; LINE_BYTES_MAX + 7];
        let (seen, _) = lines(&[&bytes, b"\nnext\n"]);
        assert_eq!(seen[0].len(), LINE_BYTES_MAX);
        assert_eq!(seen[1], "next");
    }
}
