//! The error catalog of the crate: one place, one line a failure path.

logger::catalog! {
    /// Every failure path of the HTTP parsers, the HTTP client and the health endpoint, in the order of the documentation.
    CATALOG;
    HTTP_BAD_VERSION = "HTTP-BAD-VERSION", Malformed,
        "The answer does not begin as HTTP/1.1 or HTTP/1.0.", "check that the address is an HTTP server's, and not one that speaks TLS";
    HTTP_BAD_STATUS = "HTTP-BAD-STATUS", Malformed,
        "The status line has no status from 100 to 599 between two spaces.", "look at the server, or at what stands between";
    HTTP_BARE_CR = "HTTP-BARE-CR", Malformed,
        "A carriage return stands alone in the head or in a chunk's line.", "trust no field of this answer; look for who wrote it";
    HTTP_BARE_LF = "HTTP-BARE-LF", Malformed,
        "A line of the head or of a chunk ends in a line feed alone.", "have the server end its lines with CRLF";
    HTTP_OBS_FOLD = "HTTP-OBS-FOLD", Malformed,
        "A field is folded over several lines, which the language no longer has.", "have the server write the field on one line";
    HTTP_SPACE_BEFORE_COLON = "HTTP-SPACE-BEFORE-COLON", Malformed,
        "A blank stands between a field's name and its colon.", "trust no field of this answer; look for who wrote it";
    HTTP_BAD_NAME = "HTTP-BAD-NAME", Malformed,
        "A field has no name made of token characters in front of a colon.", "look at the server's fields";
    HTTP_BAD_VALUE = "HTTP-BAD-VALUE", Malformed,
        "A field's value has a control byte.", "look at who put that value into the server's answer";
    HTTP_REPEATED_LENGTH = "HTTP-REPEATED-LENGTH", Malformed,
        "Content-Length is there more than once.", "find which of the programs in between added one";
    HTTP_BAD_LENGTH = "HTTP-BAD-LENGTH", Malformed,
        "Content-Length is not a plain decimal number.", "have the server write digits alone";
    HTTP_LENGTH_OVERFLOW = "HTTP-LENGTH-OVERFLOW", Malformed,
        "Content-Length does not fit 64 bits.", "look at the server; no body is that long";
    HTTP_LENGTH_AND_CODING = "HTTP-LENGTH-AND-CODING", Malformed,
        "Content-Length and Transfer-Encoding are both there.", "find which of the programs in between added one";
    HTTP_UNKNOWN_CODING = "HTTP-UNKNOWN-CODING", Malformed,
        "A transfer coding is not `chunked`.", "have the server send chunks or a length";
    HTTP_CODING_NOT_FINAL = "HTTP-CODING-NOT-FINAL", Malformed,
        "`chunked` is not the last transfer coding, or is there twice.", "have the server send chunks once and last";
    HTTP_CODING_ON_OLD_VERSION = "HTTP-CODING-ON-OLD-VERSION", Malformed,
        "An HTTP/1.0 answer has a Transfer-Encoding, which that version does not know.", "find which of the programs in between added it";
    HTTP_BAD_CHUNK_SIZE = "HTTP-BAD-CHUNK-SIZE", Malformed,
        "The size line of a chunk is not a plain hexadecimal number.", "look at the server's chunks";
    HTTP_CHUNK_SIZE_OVERFLOW = "HTTP-CHUNK-SIZE-OVERFLOW", Malformed,
        "The size of a chunk does not fit 64 bits.", "look at the server's chunks";
    HTTP_CHUNK_EXTENSION_TOO_LONG = "HTTP-CHUNK-EXTENSION-TOO-LONG", Refused,
        "The chunk extensions of the answer are above the limit.", "have the server send none; nobody reads them";
    HTTP_BAD_CHUNK_TERMINATOR = "HTTP-BAD-CHUNK-TERMINATOR", Malformed,
        "The data of a chunk is not followed by a line end.", "look at the server's chunks";
    HTTP_BAD_TRAILER = "HTTP-BAD-TRAILER", Malformed,
        "A trailer is malformed, or is a field that says where the body ends.", "look at the server's trailers";
    HTTP_UNEXPECTED_UPGRADE = "HTTP-UNEXPECTED-UPGRADE", Malformed,
        "The server switches to a protocol that nobody asked for.", "check that the address is an HTTP server's";
    HTTP_HEAD_TOO_LARGE = "HTTP-HEAD-TOO-LARGE", Refused,
        "The head is longer than the limit.", "have the server send fewer or shorter fields";
    HTTP_TOO_MANY_FIELDS = "HTTP-TOO-MANY-FIELDS", Refused,
        "The head has more fields than the limit.", "have the server send fewer fields";
    HTTP_BODY_TOO_LARGE = "HTTP-BODY-TOO-LARGE", Refused,
        "The body is longer than the limit.", "raise --body-limit or ask for less";
    HTTP_TRAILERS_TOO_LARGE = "HTTP-TRAILERS-TOO-LARGE", Refused,
        "The trailers are longer than the limit or too many.", "have the server send fewer trailers";
    HTTP_TOO_MANY_INTERIM = "HTTP-TOO-MANY-INTERIM", Refused,
        "Too many interim answers came before the one that counts.", "look at the server; one interim answer is usual";
    HTTP_TRUNCATED_HEAD = "HTTP-TRUNCATED-HEAD", Network,
        "The connection ended inside the head.", "ask again; if it repeats, look into the server's log";
    HTTP_TRUNCATED_BODY = "HTTP-TRUNCATED-BODY", Network,
        "The connection ended before the announced length.", "ask again; if it repeats, look into the server's log";
    HTTP_TRUNCATED_CHUNK = "HTTP-TRUNCATED-CHUNK", Network,
        "The connection ended inside a chunked body.", "ask again; if it repeats, look into the server's log";
    HTTP_BAD_URL = "HTTP-BAD-URL", Usage,
        "The URL is not one that this client can ask for.", "write it as http://host:port/path?query, with other bytes percent-encoded";
    HTTP_NO_TLS = "HTTP-NO-TLS", Usage,
        "The URL asks for TLS, which this client does not speak.", "use http:// behind something that ends TLS, or a client such as curl";
    HTTP_BAD_REQUEST_FIELD = "HTTP-BAD-REQUEST-FIELD", Usage,
        "A field of the request is malformed, reserved or one too many.", "write a token, a colon and plain text";
    HTTP_RESOLVE_FAILED = "HTTP-RESOLVE-FAILED", Network,
        "The host's name has no address, or nobody could say.", "check the name and the resolver";
    HTTP_RESOLVE_TIMEOUT = "HTTP-RESOLVE-TIMEOUT", Network,
        "The resolver did not answer in time.", "check the resolver, write the address itself or raise --resolve-timeout";
    HTTP_RESOLVE_BUSY = "HTTP-RESOLVE-BUSY", Network,
        "Too many lookups of this process still wait for the resolver.", "check the resolver or write the address itself";
    HTTP_CONNECT_REFUSED = "HTTP-CONNECT-REFUSED", Network,
        "Nobody listens at the address.", "start the server or check the address";
    HTTP_CONNECT_TIMEOUT = "HTTP-CONNECT-TIMEOUT", Network,
        "The connection was not made in time.", "check the address and the way to it, or raise --connect-timeout";
    HTTP_CONNECT_FAILED = "HTTP-CONNECT-FAILED", Network,
        "The connection could not be made.", "see the message of the system";
    HTTP_WRITE_TIMEOUT = "HTTP-WRITE-TIMEOUT", Network,
        "The server did not take the request in time.", "look into the server's log or raise --write-timeout";
    HTTP_FIRST_BYTE_TIMEOUT = "HTTP-FIRST-BYTE-TIMEOUT", Network,
        "The server took the request, and no byte of an answer came in time.", "look into the server's log or raise --first-byte-timeout";
    HTTP_BODY_TIMEOUT = "HTTP-BODY-TIMEOUT", Network,
        "The answer began and was not complete in time.", "look into the server's log or raise --body-timeout";
    HTTP_BUDGET_SPENT = "HTTP-BUDGET-SPENT", Network,
        "The time for the whole request was over before its present phase had used its own.", "raise --budget or find out which attempt spent it";
    HTTP_RESET = "HTTP-RESET", Network,
        "The server reset the connection.", "ask again; if it repeats, look into the server's log";
    HTTP_CLOSED = "HTTP-CLOSED", Network,
        "The server closed the connection before any byte of an answer.", "ask again; if it repeats, look into the server's log";
    HTTP_SOCKET = "HTTP-SOCKET", Network,
        "A socket failed in a way that has no class of its own.", "see the message of the system";
    HTTP_UNAVAILABLE = "HTTP-UNAVAILABLE", Untrue,
        "The server answered that it cannot serve the request now (429, 502, 503 or 504).", "come back later; the server's log says why";
    HTTP_STATUS = "HTTP-STATUS", Untrue,
        "The server answered with a status of 400 or above.", "read the body and look into the server's log";
    HTTP_OUTPUT = "HTTP-OUTPUT", File,
        "The body could not be written to standard output.", "check where the output goes";
    HTTP_REQUEST_LINE = "HTTP-REQUEST-LINE", Malformed,
        "The request line is not a method, a target and a version with one space between them.", "check that the peer speaks HTTP to this port";
    HTTP_REQUEST_VERSION = "HTTP-REQUEST-VERSION", Malformed,
        "The request has a version that is not served.", "ask in HTTP/1.1";
    HTTP_REQUEST_TARGET = "HTTP-REQUEST-TARGET", Malformed,
        "The target is neither a path nor an http URL.", "percent-encode what is not a visible character";
    HTTP_REQUEST_TARGET_TOO_LONG = "HTTP-REQUEST-TARGET-TOO-LONG", Refused,
        "The request line is longer than its limit.", "ask for one of the short names that are served";
    HTTP_REQUEST_HOST = "HTTP-REQUEST-HOST", Malformed,
        "The request has no Host field, more than one, or one that is no host.", "send exactly one, as in `Host: name:port`";
    HTTP_REQUEST_ID = "HTTP-REQUEST-ID", Malformed,
        "The request id is there twice, too long or outside of its alphabet.", "use up to 64 of A-Z a-z 0-9 . _ -";
    HTTP_REQUEST_FIELD = "HTTP-REQUEST-FIELD", Malformed,
        "A line of the request's head is malformed.", "look at who wrote it; the record says what is wrong with it";
    HTTP_REQUEST_HEAD_TOO_LARGE = "HTTP-REQUEST-HEAD-TOO-LARGE", Refused,
        "The request's head is longer than the limit, or has too many fields.", "send fewer fields";
    HTTP_REQUEST_LENGTH = "HTTP-REQUEST-LENGTH", Malformed,
        "The request says the length of its body twice or unclearly.", "find which of the programs in between added one";
    HTTP_REQUEST_CODING = "HTTP-REQUEST-CODING", Refused,
        "The request has a body in a transfer coding, and none is taken here.", "ask without a body";
    HTTP_REQUEST_BODY = "HTTP-REQUEST-BODY", Refused,
        "The request has a body, and none is taken here.", "ask without a body";
    HTTP_REQUEST_METHOD = "HTTP-REQUEST-METHOD", Refused,
        "The method is not one that is answered here.", "ask with GET or HEAD";
    HTTP_REQUEST_NOT_FOUND = "HTTP-REQUEST-NOT-FOUND", Untrue,
        "Nothing is served under that path.", "ask for /health or /ready";
    HTTP_REQUEST_TIMEOUT = "HTTP-REQUEST-TIMEOUT", Network,
        "A request was begun and not finished within the read deadline.", "send it in one go";
    HTTP_REQUEST_IDLE = "HTTP-REQUEST-IDLE", Network,
        "No request came within the idle deadline.", "connect again when there is something to ask";
    HTTP_REQUEST_TRUNCATED = "HTTP-REQUEST-TRUNCATED", Network,
        "The connection ended inside a request.", "find out why the peer left; nothing of that request was used";
    HEALTH_NOT_READY = "HEALTH-NOT-READY", Untrue,
        "The server is stopping, or its last check of itself failed.", "read the answer: it names the check";
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
