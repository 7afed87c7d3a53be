//! What a process says, read while it runs and bounded: a process that talks without end must neither block on a
//! full pipe nor fill our memory.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// One output stream of a process: the latest bytes, and how many older ones were let go.
#[derive(Debug)]
pub(super) struct Capture {
    state: Mutex<State>,
    changed: Condvar,
    bytes_max: usize,
}

#[derive(Debug, Default)]
struct State {
    /// The latest bytes of the stream.
    kept: Vec<u8>,
    /// How many bytes before `kept` were let go.
    dropped: u64,
    /// Where the next line search begins, counted from the start of the stream.
    searched: u64,
    /// Nothing more will come.
    ended: bool,
}

/// How a search for a line ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Search {
    Found(String),
    /// The stream ended without it.
    Ended,
    /// It is still open, and time is up.
    TimeUp,
}

impl Capture {
    /// Keeps at least the last `bytes_max` bytes, and at most twice as many.
    pub(super) fn new(bytes_max: usize) -> Self {
        Capture { state: Mutex::default(), changed: Condvar::new(), bytes_max }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A reader that panicked leaves whole bytes behind, so what is there stays true.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, bytes: &[u8]) {
        let mut state = self.lock();
        state.kept.extend_from_slice(bytes);
        // Trimming at twice the bound moves each byte once on average, not once per read.
        if state.kept.len() > 2 * self.bytes_max {
            let surplus = state.kept.len() - self.bytes_max;
            state.kept.drain(..surplus);
            state.dropped += surplus as u64;
        }
        self.changed.notify_all();
    }

    pub(super) fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// What is kept so far, and how many bytes before it were let go.
    pub(super) fn so_far(&self) -> (Vec<u8>, u64) {
        let state = self.lock();
        (state.kept.clone(), state.dropped)
    }

    /// The last bytes as text, for an error message.
    pub(super) fn tail(&self, bytes_max: usize) -> String {
        let state = self.lock();
        let from = state.kept.len().saturating_sub(bytes_max);
        String::from_utf8_lossy(&state.kept[from..]).trim_end().to_owned()
    }

    /// Waits until the stream has ended; false when it is still open at `until`.
    pub(super) fn wait_end(&self, until: Instant) -> bool {
        let mut state = self.lock();
        while !state.ended {
            let Some(left) = until.checked_duration_since(Instant::now()) else { return false };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// The next line that fits, from where the last search stopped. A last line without a newline counts once the
    /// stream has ended.
    pub(super) fn find_line(&self, fits: &mut dyn FnMut(&str) -> bool, until: Instant) -> Search {
        let mut state = self.lock();
        loop {
            while let Some(line) = state.next_line() {
                if fits(&line) {
                    return Search::Found(line);
                }
            }
            if state.ended {
                return Search::Ended;
            }
            let Some(left) = until.checked_duration_since(Instant::now()) else { return Search::TimeUp };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl State {
    fn next_line(&mut self) -> Option<String> {
        self.searched = self.searched.max(self.dropped);
        let unread = &self.kept[(self.searched - self.dropped) as usize..];
        let (line, taken) = match unread.iter().position(|&byte| byte == b'\n') {
            Some(end) => (&unread[..end], end + 1),
            None if self.ended && !unread.is_empty() => (unread, unread.len()),
            None => return None,
        };
        let line = String::from_utf8_lossy(line).into_owned();
        self.searched += taken as u64;
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn now() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_line_is_found_only_once_it_is_whole() {
        let capture = Capture::new(1024);
        capture.push(b"listening on 127.0.0.1:4");
        assert_eq!(capture.find_line(&mut |_| true, now()), Search::TimeUp);
        capture.push(b"000\nnext");
        assert_eq!(
            capture.find_line(&mut |_| true, now()),
            Search::Found("listening on 127.0.0.1:4000".into())
        );
        assert_eq!(capture.find_line(&mut |_| true, now()), Search::TimeUp, "half a line, still open");
        capture.end();
        assert_eq!(capture.find_line(&mut |_| true, now()), Search::Found("next".into()));
        assert_eq!(capture.find_line(&mut |_| true, now()), Search::Ended);
    }

    #[test]
    fn a_stream_without_end_stays_within_twice_the_bound_and_keeps_the_latest() {
        let capture = Capture::new(1000);
        for n in 0..10_000 {
            capture.push(format!("line {n}\n").as_bytes());
            assert!(capture.lock().kept.len() <= 2000);
        }
        let (kept, dropped) = capture.so_far();
        assert!(kept.ends_with(b"line 9999\n"));
        let said: u64 = (0..10_000).map(|n| format!("line {n}\n").len() as u64).sum();
        assert_eq!(dropped + kept.len() as u64, said, "every byte is either kept or counted");
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_the_pipe_cut_them(
            lines in prop::collection::vec("[a-z]{0,12}", 0..20),
            cuts in prop::collection::vec(1_usize..7, 1..40),
        ) {
            let capture = Capture::new(4096);
            let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            let mut rest = text.as_bytes();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, later) = rest.split_at((*cut).min(rest.len()));
                capture.push(piece);
                rest = later;
            }
            capture.end();
            let mut found = Vec::new();
            while let Search::Found(line) = capture.find_line(&mut |_| true, now()) {
                found.push(line);
            }
            prop_assert_eq!(found, lines);
        }
    }
}
