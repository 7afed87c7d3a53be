//! HTTP servers that misbehave to order, over real sockets. They share no code with the library: what they say is spelled
//! out in bytes.
#![allow(dead_code, reason = "each test binary uses its own part of this file")]
#![allow(clippy::unwrap_used, reason = "in a test, what goes wrong is the finding")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::fd::OwnedFd;
use rustix::net::{AddressFamily, SocketFlags, SocketType, sockopt};
use serde::Deserialize;

/// Long enough for any machine, short enough for a hung test to be noticed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(10);

/// How long a client that does not leave is flooded.
const FLOOD: Duration = Duration::from_secs(5);

/// What a server does after it has said its part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Then {
    /// Waits for the next request on the same connection.
    Keep,
    /// Closes the connection.
    Close,
    /// Resets the connection.
    Reset,
    /// Says no more, until the client leaves.
    Hold,
    /// Says one byte after another, until the client leaves.
    Trickle,
    /// Says it again and again without a pause, until the client leaves or has listened for [`FLOOD`].
    Flood,
}

/// The answer to one request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Turn {
    pub(crate) send: String,
    /// That many more bytes of `y`.
    #[serde(default)]
    pub(crate) fill: usize,
    pub(crate) then: Then,
}

impl Turn {
    /// Says this and waits for the next request.
    pub(crate) fn answer(wire: &str) -> Turn {
        Turn { send: wire.into(), fill: 0, then: Then::Keep }
    }
}

/// A server, with a thread for each connection.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<u32>>,
    stopped: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    /// Answers the n-th request with the n-th turn, and all further ones with the last.
    pub(crate) fn start(turns: Vec<Turn>) -> Peer {
        Peer::serve(move |number, _| turns[number.min(turns.len() - 1)].clone())
    }

    /// Answers each request, by its number and its head, with what `answer` says.
    pub(crate) fn serve(answer: impl Fn(usize, &str) -> Turn + Send + Sync + 'static) -> Peer {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, connections, stopped) = (Arc::default(), Arc::default(), Arc::default());
        let mut peer = Peer {
            address,
            requests: Arc::clone(&requests),
            connections: Arc::clone(&connections),
            stopped: Arc::clone(&stopped),
            thread: None,
        };
        let serve = move || {
            let (answer, requests) = (&answer, &*requests);
            std::thread::scope(|scope| {
                for stream in listener.incoming() {
                    if stopped.load(Ordering::Acquire) {
                        return;
                    }
                    *connections.lock().unwrap() += 1;
                    // A client that leaves in the middle is what many tests are about.
                    scope.spawn(move || drop(stream.and_then(|stream| talk(stream, answer, requests))));
                }
            });
        };
        peer.thread = Some(std::thread::spawn(serve));
        peer
    }

    pub(crate) fn url(&self, target: &str) -> String {
        format!("http://{}{target}", self.address)
    }

    /// The heads of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How many connections were accepted.
    pub(crate) fn connections(&self) -> u32 {
        *self.connections.lock().unwrap()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::Release);
        // Wakes the accept.
        let _ = TcpStream::connect_timeout(&self.address, DEADLINE);
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the peer panicked");
        }
    }
}

/// One connection.
fn talk(
    mut stream: TcpStream,
    answer: &(dyn Fn(usize, &str) -> Turn + Sync),
    requests: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(DEADLINE))?;
    stream.set_write_timeout(Some(DEADLINE))?;
    while let Some(request) = read_head(&mut stream)? {
        let number = {
            let mut requests = requests.lock().unwrap();
            requests.push(request.clone());
            requests.len() - 1
        };
        let turn = answer(number, &request);
        stream.write_all(turn.send.as_bytes())?;
        stream.write_all(&vec![b'y'; turn.fill])?;
        match turn.then {
            Then::Keep => {}
            Then::Close => return Ok(()),
            Then::Reset => return reset(&stream),
            Then::Hold => return stream.read(&mut [0; 64]).map(drop),
            Then::Trickle => loop {
                // The pace of the fault itself: a byte now and then.
                std::thread::sleep(Duration::from_millis(10));
                stream.write_all(b"y")?;
            },
            Then::Flood => {
                let until = Instant::now() + FLOOD;
                while Instant::now() < until {
                    stream.write_all(turn.send.repeat(1000).as_bytes())?;
                }
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Ends with a reset instead of an end, once the stream is dropped.
fn reset(stream: &TcpStream) -> std::io::Result<()> {
    Ok(sockopt::set_socket_linger(stream, Some(Duration::ZERO))?)
}

/// A request up to its empty line; `None` at the end of the stream.
fn read_head(stream: &mut TcpStream) -> std::io::Result<Option<String>> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte)? {
            0 => return Ok(None),
            _ => head.push(byte[0]),
        }
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// An address at which nobody listens, and nobody will: the socket that holds the port never listens.
pub(crate) fn nobody() -> (SocketAddr, OwnedFd) {
    let socket = socket();
    rustix::net::bind(&socket, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    (address_of(&socket), socket)
}

/// A listener whose queue is full and which accepts nobody: the kernel drops the next handshake. Holds the sockets that
/// fill it.
pub(crate) fn full_backlog() -> (SocketAddr, Vec<OwnedFd>) {
    let listener = socket();
    rustix::net::bind(&listener, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    let address = address_of(&listener);
    let mut held = vec![listener];
    for _ in 0..8 {
        let client = socket();
        // Over the loopback a handshake is done before the call returns, or it waits for room in the queue.
        let _ = rustix::net::connect(&client, &address);
        held.push(client);
    }
    (address, held)
}

/// A listener with the smallest receive buffer, which accepts nobody and so reads nothing.
pub(crate) fn takes_nothing() -> (SocketAddr, OwnedFd) {
    let listener = socket();
    sockopt::set_socket_recv_buffer_size(&listener, 1).unwrap();
    rustix::net::bind(&listener, &SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    rustix::net::listen(&listener, 16).unwrap();
    (address_of(&listener), listener)
}

fn socket() -> OwnedFd {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap()
}

fn address_of(socket: &OwnedFd) -> SocketAddr {
    SocketAddr::try_from(rustix::net::getsockname(socket).unwrap()).unwrap()
}
