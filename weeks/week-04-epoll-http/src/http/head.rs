//! The status line, and the head that it opens.

use super::bytes::is_text;
use super::{Fields, ParseError};

/// The version that the server answered in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0: no transfer codings, and one answer a connection unless both sides say otherwise.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// What every status line begins with. The first byte that differs is enough to know that this is no HTTP, so a server
/// that speaks something else is refused at once, and not at the end of a line that may never come.
pub(super) const OPENING: &[u8] = b"HTTP/1.";

/// The head of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The version.
    pub version: Version,
    /// The status, 100 to 599. Its first digit decides what a client may do, also for a status that it has never seen.
    pub status: u16,
    /// The fields.
    pub fields: Fields,
}

// ANCHOR: status-line
/// Reads a status line. The reason phrase is judged and dropped: it is for people, and clients that acted on it were
/// wrong.
///
/// # Errors
/// [`ParseError::BadVersion`], then [`ParseError::BadStatus`].
pub(super) fn parse_status_line(line: &[u8]) -> Result<(Version, u16), ParseError> {
    // lab:hole epoll-http.parse-status-line
    let (version, rest) = if let Some(rest) = line.strip_prefix(b"HTTP/1.1 ") {
        (Version::Http11, rest)
    } else if let Some(rest) = line.strip_prefix(b"HTTP/1.0 ") {
        (Version::Http10, rest)
    } else {
        return Err(ParseError::BadVersion);
    };
    let [hundreds @ b'1'..=b'5', tens @ b'0'..=b'9', ones @ b'0'..=b'9', b' ', reason @ ..] = rest else {
        return Err(ParseError::BadStatus);
    };
    if !reason.iter().all(|byte| is_text(*byte)) {
        return Err(ParseError::BadStatus);
    }
    let digit = |byte: u8| u16::from(byte - b'0');
    Ok((version, digit(*hundreds) * 100 + digit(*tens) * 10 + digit(*ones)))
    // lab:stub todo!("epoll-http.parse-status-line: a version and a space, three digits from 100 to 599 and a space, plain text")
    // lab:end
}
// ANCHOR_END: status-line

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_a_version_a_status_and_a_reason_that_may_be_empty() {
        for (line, version, status) in [
            (&b"HTTP/1.1 200 OK"[..], Version::Http11, 200),
            (b"HTTP/1.0 404 Not Found", Version::Http10, 404),
            (b"HTTP/1.1 100 ", Version::Http11, 100),
            (b"HTTP/1.1 599 \xc3\xa4\t!", Version::Http11, 599),
        ] {
            assert_eq!(parse_status_line(line), Ok((version, status)), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn every_other_status_line_is_refused_for_its_version_or_for_its_status() {
        for line in ["", "HTTP/1.2 200 OK", "HTTP/2 200", "http/1.1 200 OK", "HTTP/1.1", "HTTP/1.1\t200 OK"] {
            assert_eq!(parse_status_line(line.as_bytes()), Err(ParseError::BadVersion), "{line:?}");
        }
        for line in ["099 x", "600 x", "20 OK", "2000 OK", "200", "200OK", " 200 OK", "+20 OK", "200 \0", ""]
        {
            let line = format!("HTTP/1.1 {line}");
            assert_eq!(parse_status_line(line.as_bytes()), Err(ParseError::BadStatus), "{line:?}");
        }
    }
}
