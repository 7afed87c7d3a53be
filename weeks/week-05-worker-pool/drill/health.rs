//! Somebody who asks for a server's health all the time, from a thread of its own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A server that has not answered by then does not.
const DEADLINE: Duration = Duration::from_secs(5);
/// Between two questions.
const PAUSE: Duration = Duration::from_millis(10);
/// More than any answer has.
const ANSWER_BYTES_MAX: u64 = 64 << 10;

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) asked: u64,
    pub(crate) answered: u64,
    pub(crate) longest_ns: u64,
    pub(crate) last_error: String,
}

/// Asks until it is ended.
pub(crate) struct Watch {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<Seen>>,
}

impl Watch {
    pub(crate) fn begin(server: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut seen = Seen::default();
            while !stopped.load(Ordering::Relaxed) {
                let began = Instant::now();
                seen.asked += 1;
                match ask(server) {
                    Ok(()) => seen.answered += 1,
                    Err(error) => seen.last_error = error.to_string(),
                }
                let ns = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
                seen.longest_ns = seen.longest_ns.max(ns);
                std::thread::sleep(PAUSE);
            }
            seen
        });
        Watch { stop, thread: Some(thread) }
    }

    pub(crate) fn end(&mut self) -> Seen {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.take().and_then(|thread| thread.join().ok()).unwrap_or_default()
    }
}

fn ask(server: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&server, DEADLINE)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.write_all(b"GET /health HTTP/1.1\r\nHost: drill\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.take(ANSWER_BYTES_MAX).read_to_string(&mut answer)?;
    if answer.starts_with("HTTP/1.1 200 ") {
        Ok(())
    } else {
        Err(std::io::Error::other(format!("answered {:?}", answer.lines().next())))
    }
}
