//! A client that is sent a copy of everybody's answers, and reads them until it is told not to.

use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::wire::{Server, exchange};

/// How long a read waits before it looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(10);
/// What its kernel holds for it: little, so that what it leaves unread is soon the server's.
const RECEIVE_BUFFER_BYTES: usize = 64 << 10;

pub(crate) struct Follower {
    stream: TcpStream,
    reads: Arc<AtomicBool>,
    reader: JoinHandle<u64>,
}

impl Follower {
    pub(crate) fn of(server: &Server) -> io::Result<Self> {
        let stream = server.connect();
        rustix::net::sockopt::set_socket_recv_buffer_size(&stream, RECEIVE_BUFFER_BYTES)?;
        exchange(&stream, "follower", b"follow");
        let reads = Arc::new(AtomicBool::new(true));
        let (mut ears, wanted) = (stream.try_clone()?, reads.clone());
        ears.set_read_timeout(Some(LOOK))?;
        let reader = std::thread::spawn(move || {
            let (mut scrap, mut heard) = (vec![0; 256 << 10], 0);
            while wanted.load(Ordering::Relaxed) {
                match ears.read(&mut scrap) {
                    Ok(0) => break,
                    Ok(bytes) => heard += bytes as u64,
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(_) => break,
                }
            }
            heard
        });
        Ok(Follower { stream, reads, reader })
    }

    /// From now on it only stands there, with its connection open.
    pub(crate) fn stop_reading(&self) {
        self.reads.store(false, Ordering::Relaxed);
    }

    /// Finishes in order, and says how much it has read.
    pub(crate) fn leave(self) -> u64 {
        // The end comes after all that the server still sends, so that a follower that reads leaves nothing unread:
        // closing with unread bytes would be a reset.
        let _ = self.stream.shutdown(std::net::Shutdown::Write);
        self.reader.join().unwrap_or(0)
    }
}
