//! A running server with its health endpoint, and a peer that writes requests by hand.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};

use epoll_http::http::{Limits, Method, Response, ResponseParser};
use faults::process::{Ended, Launch};
use serde_json::Value;

use crate::wire::{self, Server};

/// A request as a careful client writes it.
pub(crate) fn ask(path: &str, id: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: a\r\nX-Request-Id: {id}\r\n\r\n")
}

/// A server with a health endpoint.
pub(crate) struct Endpoint {
    pub(crate) server: Server,
    pub(crate) address: SocketAddr,
    _dir: tempfile::TempDir,
}

fn program() -> std::path::PathBuf {
    env!("CARGO_BIN_EXE_epoll-server").into()
}

impl Endpoint {
    pub(crate) fn start(args: &[&str]) -> Endpoint {
        let dir = tempfile::tempdir().unwrap();
        let port_file = dir.path().join("health-port");
        let beside = ["--health", "127.0.0.1:0", "--health-port-file", port_file.to_str().unwrap()];
        let server = Server::start_program(program(), &[&beside[..], args].concat());
        let address = std::fs::read_to_string(&port_file).unwrap().trim().parse().unwrap();
        Endpoint { server, address, _dir: dir }
    }

    /// A server that is expected not to start.
    pub(crate) fn launch_expecting_failure(args: &[&str]) -> Ended {
        let launch = Launch::of(program()).args(["--listen", "127.0.0.1:0"]).args(args);
        launch.spawn().unwrap().wait_with_deadline(wire::DEADLINE).unwrap()
    }

    /// The address of the application.
    pub(crate) fn echo(&self) -> SocketAddr {
        self.server.address
    }

    pub(crate) fn connect(&self) -> Peer {
        Peer::of(wire::connect(self.address))
    }

    pub(crate) fn closes(&self) -> Vec<Value> {
        self.server.closes()
    }

    /// Waits for that many answers in the log, and gives their ids in order.
    pub(crate) fn wait_for_ids(&self, count: usize) -> Vec<String> {
        wire::wait_until("the records of the answers", || {
            let records = self.server.records();
            let ids = records.iter().filter_map(|record| record["request_id"].as_str().map(str::to_owned));
            let ids: Vec<String> = ids.collect();
            (ids.len() >= count).then_some(ids)
        })
    }

    pub(crate) fn assert_no_descriptor_kept(&self) {
        self.server.assert_no_descriptor_kept();
    }

    pub(crate) fn stop(self) {
        self.server.stop();
    }
}

/// A connection to the endpoint.
pub(crate) struct Peer {
    pub(crate) stream: TcpStream,
    /// Bytes of later answers.
    rest: Vec<u8>,
}

impl Peer {
    pub(crate) fn of(stream: TcpStream) -> Peer {
        Peer { stream, rest: Vec::new() }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    /// The next answer; `head` where it is one to HEAD.
    pub(crate) fn answer(&mut self, head: bool) -> Response {
        let method = if head { Method::Head } else { Method::Get };
        let mut parser = ResponseParser::new(method, Limits::default());
        loop {
            let taken = parser.feed(&self.rest).unwrap();
            self.rest.drain(..taken);
            if parser.is_done() {
                return parser.into_response().unwrap();
            }
            let mut buffer = [0; 4096];
            let bytes = self.stream.read(&mut buffer).unwrap();
            assert!(bytes > 0, "the server ended the connection before the answer was whole");
            self.rest.extend_from_slice(&buffer[..bytes]);
        }
    }

    pub(crate) fn status_of(&mut self, request: String) -> u16 {
        self.send(request.as_bytes()).unwrap();
        self.answer(false).head.status
    }

    pub(crate) fn json(&mut self, request: String) -> Value {
        self.send(request.as_bytes()).unwrap();
        serde_json::from_slice(&self.answer(false).body).unwrap()
    }

    /// The server says nothing more and ends the connection, in order.
    pub(crate) fn hears_the_end(&mut self) {
        assert!(self.rest.is_empty(), "{} more bytes", self.rest.len());
        let mut more = Vec::new();
        self.stream.read_to_end(&mut more).unwrap();
        assert_eq!(String::from_utf8_lossy(&more), "");
    }
}
