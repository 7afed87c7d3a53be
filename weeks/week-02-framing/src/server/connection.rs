//! One connection, from its first byte to its reason for closing.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::Instant;

use super::Shared;
use crate::deadline::Watch;
use crate::message::{Head, Kind, Message};
use crate::stream::{self, Received};
use crate::wait::{Wake, wait};
use crate::{CloseReason, Decoder, MessageError, Outgoing};

/// A connection that is being served.
pub(super) struct Connection<'a> {
    stream: TcpStream,
    shared: &'a Shared,
    decoder: Decoder,
    watch: Watch,
    answered: u64,
}

impl<'a> Connection<'a> {
    /// Prepares the socket.
    pub(super) fn open(stream: TcpStream, shared: &'a Shared) -> io::Result<Self> {
        let Shared { config, .. } = shared;
        // An answer leaves at once: it is one write, and waiting for more to send would only add latency.
        stream.set_nodelay(true)?;
        // Reads happen only when poll saw something to read; this second line holds if poll was wrong.
        stream.set_read_timeout(Some(config.deadlines.read))?;
        stream.set_write_timeout(Some(config.deadlines.write))?;
        let watch = Watch::new(config.deadlines, Instant::now());
        Ok(Connection { stream, shared, decoder: Decoder::new(config.limit), watch, answered: 0 })
    }

    pub(super) fn stream(&mut self) -> &TcpStream {
        &self.stream
    }

    pub(super) fn answered(&self) -> u64 {
        self.answered
    }

    // ANCHOR: serve
    /// Reads, answers, and says at last why it stopped.
    pub(super) fn serve(&mut self) -> CloseReason {
        loop {
            if let Err(reason) = self.answer_what_is_here() {
                return reason;
            }
            if let Err(reason) = self.wait_for_bytes() {
                return reason;
            }
            match stream::receive(&mut &self.stream, &mut self.decoder) {
                Ok(Received::Bytes(_)) => self.watch.bytes_arrived(Instant::now()),
                Ok(Received::End) => {
                    return match self.decoder.end_of_stream() {
                        Ok(()) => CloseReason::PeerFinished,
                        Err(cut) => CloseReason::Frame(cut),
                    };
                }
                // Poll was wrong, and the read timeout ended the read: back to waiting, where the deadlines are.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => return CloseReason::of_io(error.kind()),
            }
        }
    }
    // ANCHOR_END: serve

    /// Answers every frame that has arrived whole; one read may have brought many, or none.
    fn answer_what_is_here(&mut self) -> Result<(), CloseReason> {
        while let Some(payload) = self.decoder.next_frame().map_err(CloseReason::Frame)? {
            let began = Instant::now();
            answer(&self.stream, payload, self.shared, began)?;
            self.answered += 1;
            self.watch.frame_done(self.decoder.pending(), Instant::now());
        }
        Ok(())
    }

    /// Waits for bytes, and gives up for exactly one of four reasons.
    fn wait_for_bytes(&self) -> Result<(), CloseReason> {
        // lab:hole framing.wait-for-bytes
        let (socket, stop) = (self.stream.as_fd(), &self.shared.stop);
        let (patience, timeout) = self.watch.deadline();
        // Asked first, because a peer whose bytes never pause would otherwise be ready at every look.
        if self.watch.expired(Instant::now()).is_some() {
            return Err(timeout.into());
        }
        let failed = |error: io::Error| CloseReason::Io(error.kind());
        if stop.drained_by().is_none() {
            match wait(socket, Some(stop.as_fd()), Some(patience)).map_err(failed)? {
                Wake::Ready => return Ok(()),
                Wake::Deadline => return Err(timeout.into()),
                Wake::Stop => {}
            }
        }
        // Stopping. A frame that was begun may be finished; between two frames only what is already here counts.
        let drained_by = stop.drained_by().unwrap_or_else(Instant::now);
        let (begun, now) = (self.decoder.pending() > 0, Instant::now());
        let until = if begun { drained_by.min(patience) } else { now };
        match wait(socket, None, Some(until)).map_err(failed)? {
            Wake::Ready if now < drained_by => Ok(()),
            _ if !begun => Err(CloseReason::Stopping),
            _ if patience < drained_by => Err(timeout.into()),
            _ => Err(CloseReason::DrainDeadline),
        }
        // lab:stub todo!("framing.wait-for-bytes: ready, deadline over, stopping between frames, drain over")
        // lab:end
    }
}

/// Sends one request's bytes back under its own id, and logs it.
fn answer(stream: &TcpStream, payload: &[u8], shared: &Shared, began: Instant) -> Result<(), CloseReason> {
    // lab:hole framing.answer
    let message = Message::parse(payload).map_err(CloseReason::Message)?;
    let (Kind::Request, Some(id)) = (message.kind, &message.request_id) else {
        return Err(CloseReason::Message(MessageError::UnexpectedKind(message.kind as u8)));
    };
    let head = Head::new(Kind::Reply, Some(id));
    let config = &shared.config;
    let mut reply =
        Outgoing::in_parts(head.as_bytes(), message.body, config.limit).map_err(CloseReason::Frame)?;
    let last_moment = began + config.deadlines.write;
    let mut writes = 0;
    stream::send(&mut &*stream, &mut reply, || {
        writes += 1;
        if Instant::now() < last_moment { Ok(()) } else { Err(ErrorKind::TimedOut.into()) }
    })
    .map_err(|error| CloseReason::of_io(error.kind()))?;
    let latency_ms = began.elapsed().as_secs_f64() * 1e3;
    let (request_id, bytes) = (id.as_str(), message.body.len());
    tracing::info!(request_id, latency_ms, result = "ok", writes, "answered {bytes} bytes");
    Ok(())
    // lab:stub todo!("framing.answer: parse, refuse what is no request, reply under the same id, log that id")
    // lab:end
}
