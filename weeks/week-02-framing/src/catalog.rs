//! The error catalog of the frame codec and of the echo tools: one place, one line a failure path.

logger::catalog! {
    /// Every failure path of the frame codec and of the echo tools, in the order of the documentation.
    CATALOG;
    FRAME_TOO_LARGE = "FRAME-TOO-LARGE", Refused,
        "A frame is larger than the limit.", "send less at once or raise --limit on both sides";
    FRAME_EMPTY = "FRAME-EMPTY", Malformed,
        "A frame claims a payload of zero bytes, which no message has.", "check who wrote these bytes and in which byte order";
    FRAME_SHORT_HEADER = "FRAME-SHORT-HEADER", Malformed,
        "The stream ended inside the four bytes of a frame header.", "find out why the peer left; nothing of that frame was used";
    FRAME_TRUNCATED = "FRAME-TRUNCATED", Malformed,
        "The stream ended inside a payload.", "find out why the peer left; nothing of that frame was used";
    FRAME_LIMIT_OUT_OF_RANGE = "FRAME-LIMIT-OUT-OF-RANGE", Usage,
        "A frame limit is zero or above the hard maximum.", "choose a limit from 1 to 16777216 bytes";
    MESSAGE_MALFORMED = "MESSAGE-MALFORMED", Malformed,
        "A frame's payload is not an echo message.", "check that the peer speaks the echo protocol of week 2";
    ECHO_PORT_IN_USE = "ECHO-PORT-IN-USE", Network,
        "Another socket already listens on the address.", "stop that process or choose another port; port 0 takes a free one";
    ECHO_ADDRESS_UNAVAILABLE = "ECHO-ADDRESS-UNAVAILABLE", Network,
        "The address does not belong to this machine.", "listen on 127.0.0.1 or on an address of this machine";
    ECHO_BIND_DENIED = "ECHO-BIND-DENIED", File,
        "The system does not let this user listen on that port.", "choose a port from 1024 up";
    ECHO_BIND_FAILED = "ECHO-BIND-FAILED", Network,
        "The listening socket could not be made.", "see the message of the system";
    ECHO_PORT_FILE = "ECHO-PORT-FILE", File,
        "The port file cannot be written.", "choose another --port-file path or fix its permissions";
    ECHO_ACCEPT = "ECHO-ACCEPT", Network,
        "A connection could not be accepted.", "raise the descriptor limit or lower --connections";
    ECHO_IDLE_TIMEOUT = "ECHO-IDLE-TIMEOUT", Network,
        "No frame was begun within the idle deadline.", "connect again when there is something to send";
    ECHO_READ_TIMEOUT = "ECHO-READ-TIMEOUT", Network,
        "A frame was begun and not finished within the read deadline.", "send the frame in one go or raise --read-timeout";
    ECHO_WRITE_TIMEOUT = "ECHO-WRITE-TIMEOUT", Network,
        "The peer did not take an answer within the write deadline.", "read the answers or raise --write-timeout";
    ECHO_RESET = "ECHO-RESET", Network,
        "The connection was reset by the other side.", "connect again; if it repeats, look into the other side's log";
    ECHO_SOCKET = "ECHO-SOCKET", Network,
        "A socket failed in a way that has no class of its own.", "see the message of the system";
    ECHO_BUSY = "ECHO-BUSY", Refused,
        "All connections of the server are taken.", "come back later or raise --connections";
    ECHO_STOPPING = "ECHO-STOPPING", Network,
        "The server is stopping.", "connect again once it is back";
    ECHO_DRAIN_DEADLINE = "ECHO-DRAIN-DEADLINE", Network,
        "The server stopped before this frame was finished.", "send it again; raise --drain if frames take longer";
    ECHO_BUG = "ECHO-BUG", Bug,
        "A connection's thread panicked.", "report the message with the log around it";
    ECHO_CONNECT_REFUSED = "ECHO-CONNECT-REFUSED", Network,
        "Nobody listens at the address.", "start the server or check the address";
    ECHO_CONNECT_TIMEOUT = "ECHO-CONNECT-TIMEOUT", Network,
        "The address did not answer the connect in time.", "check the address, the route and the firewall";
    ECHO_CONNECT_FAILED = "ECHO-CONNECT-FAILED", Network,
        "The connection could not be made.", "see the message of the system";
    ECHO_DISCONNECTED = "ECHO-DISCONNECTED", Network,
        "The server closed before the whole reply had come.", "look into the server's log under the request id";
    ECHO_REPLY_TIMEOUT = "ECHO-REPLY-TIMEOUT", Network,
        "The reply did not come in time.", "raise --reply-timeout or look into the server's log";
    ECHO_REQUEST_REFUSED = "ECHO-REQUEST-REFUSED", Refused,
        "The server refused the request itself.", "change the request; sending it again cannot help";
    ECHO_REPLY_MALFORMED = "ECHO-REPLY-MALFORMED", Malformed,
        "The reply is not a frame or not a message.", "check that the address is an echo server's";
    ECHO_REPLY_MISMATCH = "ECHO-REPLY-MISMATCH", Integrity,
        "The reply carries another id or other bytes than the request.", "trust nothing from that server and keep both logs";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_unique_and_in_words_and_every_line_can_be_read_aloud() {
        let mut seen = std::collections::HashSet::new();
        for entry in CATALOG {
            assert!(seen.insert(entry.code), "{} twice", entry.code);
            assert!(entry.code.chars().all(|c| c.is_ascii_uppercase() || c == '-'), "{}", entry.code);
            assert!(entry.meaning.ends_with('.'), "{}: a sentence", entry.code);
            assert!(!entry.way_out.ends_with('.'), "{}: a clause that ends a line", entry.code);
        }
    }
}
