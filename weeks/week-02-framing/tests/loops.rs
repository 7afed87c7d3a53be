//! Claim: the read and write loops finish whatever the stream does in between, and never repeat or drop a byte.
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read, Write};

use framing::stream::{Received, receive, send};
use framing::{Decoder, FrameLimit, Outgoing};

/// What the next call to a scripted stream does.
#[derive(Debug, Clone, Copy)]
enum Act {
    Take(usize),
    Interrupt,
    Fail(ErrorKind),
}

/// A stream that does what the script says, then takes or gives everything.
struct Scripted {
    script: VecDeque<Act>,
    bytes: Vec<u8>,
    calls: usize,
}

impl Scripted {
    fn new(script: &[Act], bytes: &[u8]) -> Self {
        Scripted { script: script.iter().copied().collect(), bytes: bytes.to_vec(), calls: 0 }
    }

    fn next(&mut self) -> io::Result<usize> {
        self.calls += 1;
        match self.script.pop_front() {
            None => Ok(usize::MAX),
            Some(Act::Take(bytes)) => Ok(bytes),
            Some(Act::Interrupt) => Err(ErrorKind::Interrupted.into()),
            Some(Act::Fail(kind)) => Err(kind.into()),
        }
    }
}

impl Read for Scripted {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let bytes = self.next()?.min(space.len()).min(self.bytes.len());
        space[..bytes].copy_from_slice(&self.bytes[..bytes]);
        self.bytes.drain(..bytes);
        Ok(bytes)
    }
}

impl Write for Scripted {
    fn write(&mut self, offered: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(offered)])
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        let all: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let bytes = self.next()?.min(all.len());
        self.bytes.extend_from_slice(&all[..bytes]);
        Ok(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

const WIRE: &[u8] = b"\0\0\0\x08headbody";

fn frame() -> Outgoing<'static> {
    Outgoing::in_parts(b"head", b"body", FrameLimit::default()).unwrap()
}

#[test]
fn a_frame_arrives_whole_however_few_bytes_each_write_takes() {
    for step in 1..=WIRE.len() {
        let mut stream = Scripted::new(&[Act::Take(step); 20], b"");
        send(&mut stream, &mut frame(), || Ok(())).unwrap();
        assert_eq!(stream.bytes, WIRE, "{step} bytes a write");
        assert_eq!(stream.calls, WIRE.len().div_ceil(step), "no write after the last byte");
    }
}

#[test]
fn an_interrupted_write_is_repeated_and_sends_nothing_twice() {
    let script = [Act::Interrupt, Act::Take(3), Act::Interrupt, Act::Interrupt, Act::Take(4)];
    let mut stream = Scripted::new(&script, b"");
    send(&mut stream, &mut frame(), || Ok(())).unwrap();
    assert_eq!(stream.bytes, WIRE);
}

#[test]
fn a_write_that_takes_nothing_ends_the_loop_with_an_error() {
    let mut stream = Scripted::new(&[Act::Take(5), Act::Take(0)], b"");
    let mut frame = frame();
    let error = send(&mut stream, &mut frame, || Ok(())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WriteZero);
    assert_eq!((frame.sent(), stream.calls), (5, 2));
}

#[test]
fn a_failing_write_is_reported_and_the_frame_knows_how_far_it_came() {
    let mut stream = Scripted::new(&[Act::Take(6), Act::Fail(ErrorKind::ConnectionReset)], b"");
    let mut frame = frame();
    let error = send(&mut stream, &mut frame, || Ok(())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!((frame.sent(), frame.remaining()), (6, 6));
}

#[test]
fn the_deadline_is_asked_before_every_write() {
    let mut stream = Scripted::new(&[Act::Take(1); 20], b"");
    let mut writes_allowed = 4;
    let result = send(&mut stream, &mut frame(), || {
        writes_allowed -= 1;
        if writes_allowed < 0 { Err(ErrorKind::TimedOut.into()) } else { Ok(()) }
    });
    assert_eq!(result.unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(stream.bytes, &WIRE[..4]);
}

#[test]
fn a_receive_takes_what_there_is_and_says_how_much() {
    let mut stream = Scripted::new(&[Act::Take(2), Act::Take(13), Act::Take(9)], &[WIRE, WIRE].concat());
    let mut decoder = Decoder::new(FrameLimit::default());
    for (bytes, pending) in [(2, 2), (13, 15), (9, 24)] {
        assert_eq!(receive(&mut stream, &mut decoder).unwrap(), Received::Bytes(bytes));
        assert_eq!(decoder.pending(), pending);
    }
    assert_eq!(receive(&mut stream, &mut decoder).unwrap(), Received::End);
    assert_eq!(stream.calls, 4, "one read each");
}

// ANCHOR: one-receive
#[test]
fn one_receive_is_not_one_message() {
    let two_frames = [WIRE, WIRE].concat();
    let mut stream = Scripted::new(&[Act::Take(2), Act::Take(13), Act::Take(9)], &two_frames);
    let mut decoder = Decoder::new(FrameLimit::default());
    let mut frames_after = Vec::new();
    while let Received::Bytes(_) = receive(&mut stream, &mut decoder).unwrap() {
        let mut frames = 0;
        while decoder.next_frame().unwrap().is_some() {
            frames += 1;
        }
        frames_after.push(frames);
    }
    assert_eq!(frames_after, [0, 1, 1], "frames that each of three reads completed");
    assert_eq!(decoder.end_of_stream(), Ok(()));
}
// ANCHOR_END: one-receive

#[test]
fn an_interrupted_read_is_repeated_and_is_not_the_end() {
    let mut stream = Scripted::new(&[Act::Interrupt, Act::Interrupt, Act::Take(5)], WIRE);
    let mut decoder = Decoder::new(FrameLimit::default());
    assert_eq!(receive(&mut stream, &mut decoder).unwrap(), Received::Bytes(5));
    assert_eq!(stream.calls, 3);
}

#[test]
fn a_failing_read_keeps_what_was_received_before() {
    let mut stream = Scripted::new(&[Act::Take(7), Act::Fail(ErrorKind::WouldBlock)], WIRE);
    let mut decoder = Decoder::new(FrameLimit::default());
    receive(&mut stream, &mut decoder).unwrap();
    assert_eq!(receive(&mut stream, &mut decoder).unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(decoder.pending(), 7);
    assert_eq!(receive(&mut stream, &mut decoder).unwrap(), Received::Bytes(5), "the rest");
    assert_eq!(decoder.pending(), WIRE.len());
}
