//! Mio, as little of it as serves: edge-triggered, so each socket is read until it has nothing more, with a write after
//! each read. Whoever sends without pause is served without pause, and the others wait.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

use super::FRAME_BYTES_MAX;

const LISTENER: Token = Token(usize::MAX);
const HEADER_BYTES: usize = 4;

struct Connection {
    stream: TcpStream,
    /// Bytes that came, from the first frame that is not answered.
    incoming: Vec<u8>,
    /// How many of them are filled.
    filled: usize,
    /// Replies that the socket has not taken yet.
    outgoing: Vec<u8>,
    /// Room for a read, kept free in `incoming`.
    read_bytes: usize,
    /// The peer has finished sending.
    finished: bool,
}

/// Serves with reads of that size.
pub(super) fn serve(listener: std::net::TcpListener, read_bytes: usize) -> io::Result<()> {
    let mut listener = TcpListener::from_std(listener);
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut connections: HashMap<Token, Connection> = HashMap::new();
    let mut next = 0;
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        }
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut connections, &mut next, read_bytes)?;
            } else if let Some(connection) = connections.get_mut(&event.token())
                && !connection.turn().unwrap_or(false)
            {
                connections.remove(&event.token());
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    poll: &Poll,
    connections: &mut HashMap<Token, Connection>,
    next: &mut usize,
    read_bytes: usize,
) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        let token = Token(*next);
        *next += 1;
        poll.registry().register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        let connection = Connection {
            stream,
            incoming: Vec::new(),
            filled: 0,
            outgoing: Vec::new(),
            read_bytes,
            finished: false,
        };
        connections.insert(token, connection);
    }
}

impl Connection {
    /// Reads and answers until the socket has nothing more or takes nothing more. `false`: it is over.
    fn turn(&mut self) -> io::Result<bool> {
        if !self.flush()? {
            return Ok(true);
        }
        while !self.finished {
            if self.incoming.len() - self.filled < self.read_bytes {
                self.incoming.resize(self.filled + self.read_bytes, 0);
            }
            match self.stream.read(&mut self.incoming[self.filled..]) {
                Ok(0) => self.finished = true,
                Ok(came) => self.filled += came,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            }
            self.answer()?;
            // A socket that takes no more will say so when it does; reading on would only pile up replies.
            if !self.flush()? {
                return Ok(true);
            }
        }
        self.stream.shutdown(Shutdown::Write)?;
        Ok(false)
    }

    /// A reply is its request: whole frames move from one buffer to the other.
    fn answer(&mut self) -> io::Result<()> {
        let mut whole = 0;
        while let Some(header) = self.incoming[whole..self.filled].first_chunk::<HEADER_BYTES>() {
            let len = u32::from_be_bytes(*header) as usize;
            if len > FRAME_BYTES_MAX {
                return Err(ErrorKind::InvalidData.into());
            }
            if self.filled - whole < HEADER_BYTES + len {
                break;
            }
            whole += HEADER_BYTES + len;
        }
        self.outgoing.extend_from_slice(&self.incoming[..whole]);
        self.incoming.copy_within(whole..self.filled, 0);
        self.filled -= whole;
        Ok(())
    }

    /// `false` when the socket takes no more for now.
    fn flush(&mut self) -> io::Result<bool> {
        let mut written = 0;
        let outcome = loop {
            if written == self.outgoing.len() {
                break Ok(true);
            }
            match self.stream.write(&self.outgoing[written..]) {
                Ok(taken) => written += taken,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(false),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        self.outgoing.drain(..written);
        outcome
    }
}
