//! What a user would pick instead: echo servers of whole frames, each written as its users would write it.
//!
//! All take frames of 1 byte to [`FRAME_BYTES_MAX`], send the payload back unchanged, and switch Nagle's delay off. They
//! have no deadlines, no caps on what they owe a peer and no log: they are the bare mechanism, and what they measure is
//! the least that the mechanism costs.

mod mio;
mod tokio_batched;
mod tokio_codec;

use std::fmt;
use std::io;
use std::net::TcpListener;
use std::str::FromStr;

use crate::LoadError;

/// The longest payload: 1 MiB.
pub const FRAME_BYTES_MAX: usize = 1 << 20;

/// What a buffered reader holds where nobody chose a size: 8 KiB, in the standard library as in tokio's codecs.
pub const BUFFER_BYTES: usize = 8 << 10;

/// A buffer that somebody has tuned: 64 KiB.
pub const LARGE_BUFFER_BYTES: usize = 64 << 10;

/// The contestants' names, as [`Contestant`] parses and prints them.
pub const NAMES: [&str; 4] = ["tokio-codec", "tokio-batched", "mio", "mio-64k"];

/// A server to be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Contestant {
    /// Tokio on one thread, `LengthDelimitedCodec`, a send for each frame: what the documentation shows.
    TokioCodec,
    /// Tokio on one thread, the same codec, all frames of a read answered with one write.
    TokioBatched,
    /// Mio, edge-triggered: a socket is drained before the next one is looked at, with reads of [`BUFFER_BYTES`].
    Mio,
    /// The same with reads of [`LARGE_BUFFER_BYTES`], which drain most sockets at once, so that the edge costs nothing.
    MioLarge,
}

impl Contestant {
    /// All of them, in the order of [`NAMES`].
    pub const ALL: [Contestant; 4] =
        [Contestant::TokioCodec, Contestant::TokioBatched, Contestant::Mio, Contestant::MioLarge];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Contestant::TokioCodec => NAMES[0],
            Contestant::TokioBatched => NAMES[1],
            Contestant::Mio => NAMES[2],
            Contestant::MioLarge => NAMES[3],
        }
    }

    /// The contestant of this name.
    ///
    /// # Errors
    /// [`LoadError::UnknownContestant`].
    pub fn parse(name: &str) -> Result<Self, LoadError> {
        let unknown = || LoadError::UnknownContestant { name: name.to_owned() };
        Contestant::ALL.into_iter().find(|contestant| contestant.name() == name).ok_or_else(unknown)
    }

    /// Serves on this thread until the process is killed or the listener fails.
    ///
    /// # Errors
    /// The listener's, or the poller's.
    pub fn serve(self, listener: TcpListener) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        match self {
            Contestant::TokioCodec => tokio_codec::serve(listener),
            Contestant::TokioBatched => tokio_batched::serve(listener),
            Contestant::Mio => mio::serve(listener, BUFFER_BYTES),
            Contestant::MioLarge => mio::serve(listener, LARGE_BUFFER_BYTES),
        }
    }
}

impl FromStr for Contestant {
    type Err = LoadError;

    fn from_str(name: &str) -> Result<Self, LoadError> {
        Contestant::parse(name)
    }
}

impl fmt::Display for Contestant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Runs the contestant of this name; see [`Contestant::serve`].
///
/// # Errors
/// [`LoadError::UnknownContestant`], or [`LoadError::System`] when serving failed.
pub fn serve(name: &str, listener: TcpListener) -> Result<(), LoadError> {
    Contestant::parse(name)?.serve(listener).map_err(|e| LoadError::system(format!("serving as `{name}`"), e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parsed_as_they_are_printed_and_others_are_refused_with_the_list() {
        for (contestant, name) in Contestant::ALL.into_iter().zip(NAMES) {
            assert_eq!(
                (contestant.to_string(), name.parse::<Contestant>().unwrap()),
                (name.into(), contestant)
            );
        }
        let error = Contestant::parse("Mio").unwrap_err().to_string();
        assert!(error.contains("`Mio`") && NAMES.iter().all(|name| error.contains(name)), "{error}");
    }
}
