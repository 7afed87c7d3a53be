//! What a peer does, in words: each step of the table is one action on a real socket.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use crate::subject::Subject;
use crate::wire::{connect, exchange, frame, refusal, reply, request, reset, wait_until};

const ID: &str = "r-1";

/// Larger than what the kernel takes for a peer that does not read.
const LARGE_BYTES: usize = 12 << 20;

/// One peer and its server.
pub(crate) struct Conversation<'a, S> {
    server: &'a mut S,
    /// The peer's number at the server.
    number: u64,
    /// The code that it is to be told.
    code: &'a str,
    stream: Option<TcpStream>,
    pub(crate) stopped: bool,
}

fn large() -> Vec<u8> {
    (0..LARGE_BYTES).map(|at| (at % 251) as u8).collect()
}

impl<'a, S: Subject> Conversation<'a, S> {
    pub(crate) fn new(server: &'a mut S, number: u64, code: &'a str) -> Self {
        let stream = Some(connect(server.address()));
        Conversation { server, number, code, stream, stopped: false }
    }

    fn send(&self, bytes: &[u8]) {
        self.stream().write_all(bytes).unwrap();
    }

    fn stream(&self) -> &TcpStream {
        self.stream.as_ref().expect("the peer has not left yet")
    }

    pub(crate) fn step(&mut self, step: &str) {
        let whole = request(ID, b"hello");
        match step {
            "send a request" => self.send(&whole),
            "send two bytes" => self.send(&whole[..2]),
            "send all but one byte" => self.send(&whole[..whole.len() - 1]),
            "send the last byte" => self.send(&whole[whole.len() - 1..]),
            "send a header of 65 bytes" => self.send(&65u32.to_be_bytes()),
            "send a header of 0 bytes" => self.send(&0u32.to_be_bytes()),
            "send a reply" => self.send(b"\0\0\0\x05\x02\x03r-1"),
            "send a request of 12 MiB" => self.send(&request(ID, &large())),
            "follow" => exchange(self.stream(), ID, b"follow"),
            "expect its reply" => assert_eq!(frame(self.stream()), reply(ID, b"hello")),
            "expect the reply of 12 MiB" => assert!(frame(self.stream()) == reply(ID, &large())),
            "await the first byte of the answer" => self.stream().read_exact(&mut [0]).unwrap(),
            "expect the rest of the answer" => {
                let payload = reply(ID, &large());
                let expected = [&(payload.len() as u32).to_be_bytes()[1..], &payload].concat();
                let mut rest = vec![0; expected.len()];
                self.stream().read_exact(&mut rest).unwrap();
                assert!(rest == expected, "every byte once and in order");
            }
            "expect the refusal" => assert_eq!(refusal(self.stream()), self.code),
            "expect the end" => assert_eq!(self.stream().read(&mut [0]).unwrap(), 0),
            "finish sending" => self.stream().shutdown(Shutdown::Write).unwrap(),
            "await the close" => {
                wait_until("the server to close", || {
                    (!self.server.closes_of(self.number).is_empty()).then_some(())
                });
            }
            "let others talk until the close" => self.others_talk(),
            "stop the server" => self.stop(),
            "leave" => self.stream = None,
            "reset" => reset(self.stream.take().expect("the peer has not left yet")),
            other => panic!("no such step: {other}"),
        }
    }

    fn stop(&mut self) {
        // One exchange on a later connection: by its answer the server has taken in what the peer sent before.
        let later = connect(self.server.address());
        exchange(&later, "later", b"");
        drop(later);
        let number = self.number + 1;
        wait_until("the later peer to be gone", || (!self.server.closes_of(number).is_empty()).then_some(()));
        self.server.stop();
        self.stopped = true;
    }

    fn others_talk(&self) {
        let other = connect(self.server.address());
        let talk = request("other", &[7; 1000]);
        let batch = talk.repeat(64);
        wait_until("the server to give the follower up", || {
            (&other).write_all(&batch).unwrap();
            for _ in 0..64 {
                assert_eq!(frame(&other), reply("other", &[7; 1000]));
            }
            (!self.server.closes_of(self.number).is_empty()).then_some(())
        });
    }
}
