//! Taking an address, and telling others which one it became.

use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use logger::{Coded, ErrorCode};

use crate::catalog;

/// Why a server did not start. `fixtures/lifecycle.yaml` walks through them with real processes.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another socket has the address.
    #[error("{address} is already in use")]
    PortInUse {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The address is not one of this machine's.
    #[error("{address} is not an address of this machine")]
    AddressUnavailable {
        /// The address asked for.
        address: SocketAddr,
    },
    /// The user may not listen there.
    #[error("no permission to listen on {address}")]
    Denied {
        /// The address asked for.
        address: SocketAddr,
    },
    /// Everything else that the system can say.
    #[error("cannot listen on {address}: {source}")]
    Failed {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The server listens, and nobody could be told where.
    #[error("cannot write the port file {}: {source}", path.display())]
    PortFile {
        /// The file asked for.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl StartError {
    /// The error that a failed bind stands for.
    pub fn of_bind(address: SocketAddr, source: io::Error) -> Self {
        // lab:hole framing.classify-bind
        match source.kind() {
            io::ErrorKind::AddrInUse => StartError::PortInUse { address },
            io::ErrorKind::AddrNotAvailable => StartError::AddressUnavailable { address },
            io::ErrorKind::PermissionDenied => StartError::Denied { address },
            _ => StartError::Failed { address, source },
        }
        // lab:stub todo!("framing.classify-bind: a busy port, a foreign address, a port that is not ours to take")
        // lab:end
    }
}

impl Coded for StartError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            StartError::PortInUse { .. } => &catalog::ECHO_PORT_IN_USE,
            StartError::AddressUnavailable { .. } => &catalog::ECHO_ADDRESS_UNAVAILABLE,
            StartError::Denied { .. } => &catalog::ECHO_BIND_DENIED,
            StartError::Failed { .. } => &catalog::ECHO_BIND_FAILED,
            StartError::PortFile { .. } => &catalog::ECHO_PORT_FILE,
        }
    }
}

/// Binds, listens, and says which address that was.
///
/// The standard library sets `SO_REUSEADDR`, so that a server can come back while connections of its last life are
/// still in `TIME_WAIT`. A port with a living listener stays refused.
///
/// # Errors
/// [`StartError`], for each way in which an address cannot be had.
pub fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let taken = TcpListener::bind(address).and_then(|listener| {
        // A peer may connect and vanish between `poll` and `accept`; accept must not wait for the next one then.
        listener.set_nonblocking(true)?;
        let bound = listener.local_addr()?;
        Ok((listener, bound))
    });
    taken.map_err(|error| StartError::of_bind(address, error))
}

/// Writes the address into a file, so that whoever waits for the file finds all of it or nothing.
///
/// # Errors
/// [`StartError::PortFile`], also where something lies there that is no regular file: a rename would put a file in the place
/// of a device or of a link, such as `/dev/stdout`, for everybody on the machine.
pub fn write_port_file(path: &Path, address: SocketAddr) -> Result<(), StartError> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => {
            let source = io::Error::other("what lies there is no regular file");
            Err(StartError::PortFile { path: path.to_owned(), source })
        }
        _ => put_in_place(path, address),
    }
}

/// Puts the address at the path, in the place of what a server of an earlier day left there.
fn put_in_place(path: &Path, address: SocketAddr) -> Result<(), StartError> {
    // lab:hole framing.port-file
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(format!(".{}", std::process::id()));
    let unfinished = PathBuf::from(unfinished);
    fs::write(&unfinished, format!("{address}\n")).and_then(|()| fs::rename(&unfinished, path)).map_err(
        |source| {
            // What could not be renamed is of no use to anybody; the first error is the one to report.
            let _ = fs::remove_file(&unfinished);
            StartError::PortFile { path: path.to_owned(), source }
        },
    )
    // lab:stub todo!("framing.port-file: write beside the path, then rename")
    // lab:end
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn address() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 7070))
    }

    #[test]
    fn each_way_in_which_a_bind_fails_has_its_own_code() {
        let cases = [
            (io::ErrorKind::AddrInUse, "ECHO-PORT-IN-USE"),
            (io::ErrorKind::AddrNotAvailable, "ECHO-ADDRESS-UNAVAILABLE"),
            (io::ErrorKind::PermissionDenied, "ECHO-BIND-DENIED"),
            (io::ErrorKind::OutOfMemory, "ECHO-BIND-FAILED"),
        ];
        for (kind, code) in cases {
            let error = StartError::of_bind(address(), kind.into());
            assert_eq!(error.code().code, code, "{kind:?}");
            assert!(
                error.line().contains("127.0.0.1:7070"),
                "the message names the address: {}",
                error.line()
            );
        }
    }

    #[test]
    fn a_port_with_a_listener_is_refused_by_name_and_is_free_again_after_it() {
        let (first, address) = listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        assert_ne!(address.port(), 0, "the port that was taken is told, not the one that was asked for");
        let refused = listen(address).map(drop).unwrap_err();
        assert_eq!(refused.code().code, "ECHO-PORT-IN-USE");
        assert!(refused.to_string().contains(&address.to_string()), "{refused}");
        drop(first);
        assert!(listen(address).is_ok(), "nothing of the first listener is left");
    }

    #[test]
    fn a_reader_of_the_port_file_sees_the_old_address_or_the_new_one_and_never_a_part() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("port");
        fs::write(&path, "127.0.0.1:65000\n").unwrap();
        let mut early_reader = fs::File::open(&path).unwrap();
        write_port_file(&path, address()).unwrap();

        let mut seen = String::new();
        early_reader.read_to_string(&mut seen).unwrap();
        assert_eq!(seen, "127.0.0.1:65000\n", "who opened the file before has the whole old content");
        assert_eq!(fs::read_to_string(&path).unwrap(), "127.0.0.1:7070\n");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left lying beside it");
    }

    #[test]
    fn a_port_file_never_takes_the_place_of_a_device_or_a_link() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link, socket) =
            (dir.path().join("file"), dir.path().join("link"), dir.path().join("socket"));
        fs::write(&file, "words").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        let _listens = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        for path in [&link, &socket] {
            let before = fs::symlink_metadata(path).unwrap().file_type();
            let error = write_port_file(path, address()).unwrap_err();
            assert_eq!(error.code().code, "ECHO-PORT-FILE");
            assert_eq!(fs::symlink_metadata(path).unwrap().file_type(), before, "{error}");
        }
        assert_eq!(fs::read_to_string(&file).unwrap(), "words");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is left lying beside them");
    }

    #[test]
    fn a_port_file_in_a_missing_folder_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("missing").join("port");
        let error = write_port_file(&path, address()).unwrap_err();
        assert_eq!(error.code().code, "ECHO-PORT-FILE");
        assert!(error.to_string().contains("missing"), "{error}");
    }
}
