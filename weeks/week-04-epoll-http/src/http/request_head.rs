//! The head of a request, as a server reads it (RFC 9112, section 3).

use framing::RequestId;

use super::bytes::is_token;
use super::length::content_length;
use super::{Fields, ParseError, REQUEST_ID_FIELD, RequestFault, Url, Version};

/// The longest target, in bytes. What is served here has short names; whoever needs more is not looking for it.
pub const TARGET_BYTES_MAX: usize = 1 << 10;

/// What a request asks to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedMethod {
    /// The representation.
    Get,
    /// Its head alone.
    Head,
    /// A method that the language has, and nothing here answers.
    Other,
    /// A token that is no method of the language.
    Unknown,
}

/// A request without its body, judged as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestHead {
    /// What is to be done.
    pub method: AskedMethod,
    /// The path, without the query.
    pub path: String,
    /// The request id, where the client chose one.
    pub id: Option<RequestId>,
    /// True where the client wants to ask again on this connection.
    pub keeps_alive: bool,
}

// ANCHOR: request-line
/// Reads a request line: one space between three parts, no more and no less.
///
/// # Errors
/// [`RequestFault::Line`], [`RequestFault::Version`], [`RequestFault::TargetTooLong`] and [`RequestFault::Target`], in
/// this order.
pub(super) fn parse_request_line(line: &[u8]) -> Result<(AskedMethod, String, Version), RequestFault> {
    let mut parts = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(RequestFault::Line);
    };
    if method.is_empty() || !method.iter().all(|byte| is_token(*byte)) || !version.starts_with(b"HTTP/") {
        return Err(RequestFault::Line);
    }
    let version = match version {
        b"HTTP/1.1" => Version::Http11,
        b"HTTP/1.0" => Version::Http10,
        _ => return Err(RequestFault::Version),
    };
    if target.len() > TARGET_BYTES_MAX {
        return Err(RequestFault::TargetTooLong { limit: TARGET_BYTES_MAX });
    }
    Ok((method_of(method), path_of(target)?, version))
}
// ANCHOR_END: request-line

fn method_of(method: &[u8]) -> AskedMethod {
    match method {
        b"GET" => AskedMethod::Get,
        b"HEAD" => AskedMethod::Head,
        b"POST" | b"PUT" | b"PATCH" | b"DELETE" | b"OPTIONS" | b"TRACE" | b"CONNECT" => AskedMethod::Other,
        _ => AskedMethod::Unknown,
    }
}

/// The path of a target. A server has to take the whole URL too, since clients send it to what they think is a proxy
/// (RFC 9112, section 3.2.2).
fn path_of(target: &[u8]) -> Result<String, RequestFault> {
    let text = std::str::from_utf8(target).map_err(|_| RequestFault::Target)?;
    if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(RequestFault::Target);
    }
    let path = |target: &str| target.split('?').next().unwrap_or_default().to_owned();
    match text {
        "*" => Ok(text.to_owned()),
        _ if text.starts_with('/') => Ok(path(text)),
        _ => text.parse::<Url>().map(|url| path(url.target())).map_err(|_| RequestFault::Target),
    }
}

/// True for the bytes that a host and a port can have, and for nothing, which is allowed (RFC 9110, section 7.2). What a blank
/// or a slash in there means, the next program reads differently.
fn may_be_host(value: &[u8]) -> bool {
    value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=:[]".contains(byte))
}

// ANCHOR: judge-head
/// Judges the fields of a request: whom it is for, what it is called, whether a body follows, and what then.
///
/// # Errors
/// One for each way in which they cannot be believed.
pub(super) fn judge_head(
    (method, path, version): (AskedMethod, String, Version),
    fields: &Fields,
) -> Result<RequestHead, RequestFault> {
    // lab:hole epoll-http.judge-request
    match (fields.all("Host").count(), version) {
        (1, _) | (0, Version::Http10) => {}
        _ => return Err(RequestFault::Host),
    }
    if !fields.all("Host").all(may_be_host) {
        return Err(RequestFault::Host);
    }
    let mut ids = fields.all(REQUEST_ID_FIELD);
    let id = ids.next().map(RequestId::from_bytes).transpose().map_err(|_| RequestFault::Id)?;
    if ids.next().is_some() {
        return Err(RequestFault::Id);
    }
    let mut lengths = fields.all("Content-Length");
    let length = lengths.next().map(content_length).transpose().map_err(RequestFault::Length)?;
    if lengths.next().is_some() {
        return Err(RequestFault::Length(ParseError::RepeatedLength));
    }
    match (fields.get("Transfer-Encoding").is_some(), length) {
        (true, Some(_)) => return Err(RequestFault::Length(ParseError::LengthAndCoding)),
        (true, None) => return Err(RequestFault::Coding),
        (false, Some(bytes)) if bytes > 0 => return Err(RequestFault::Body { bytes }),
        (false, _) => {}
    }
    let said_keep = version == Version::Http11 || fields.lists("Connection", "keep-alive");
    let keeps_alive = said_keep && !fields.lists("Connection", "close");
    Ok(RequestHead { method, path, id, keeps_alive })
    // lab:stub todo!("epoll-http.judge-request: one Host, at most one id and one length, no body, and who closes")
    // lab:end
}
// ANCHOR_END: judge-head

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(version: Version, lines: &[&str]) -> Result<RequestHead, RequestFault> {
        let mut fields = Fields::default();
        for line in lines {
            fields.push_line(line.as_bytes(), 10).unwrap();
        }
        judge_head((AskedMethod::Get, "/".into(), version), &fields)
    }

    #[test]
    fn a_request_line_has_three_parts_and_one_space_between_them() {
        let read = |line: &str| parse_request_line(line.as_bytes());
        assert_eq!(
            read("GET /health?x=1 HTTP/1.1"),
            Ok((AskedMethod::Get, "/health".into(), Version::Http11))
        );
        assert_eq!(read("HEAD http://a:1/b HTTP/1.0"), Ok((AskedMethod::Head, "/b".into(), Version::Http10)));
        assert_eq!(read("BREW / HTTP/1.1").map(|(method, ..)| method), Ok(AskedMethod::Unknown));
        for line in
            ["", "GET", "GET /", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1", "G(T / HTTP/1.1"]
        {
            assert_eq!(read(line), Err(RequestFault::Line), "{line:?}");
        }
        for line in ["GET / HTTP/2.0", "GET / HTTP/1.2", "GET / HTTP/"] {
            assert_eq!(read(line), Err(RequestFault::Version), "{line:?}");
        }
        for line in
            ["GET health HTTP/1.1", "GET https://a/ HTTP/1.1", "GET /\u{e4} HTTP/1.1", "GET /\0 HTTP/1.1"]
        {
            assert_eq!(read(line), Err(RequestFault::Target), "{line:?}");
        }
    }

    #[test]
    fn a_target_of_the_largest_size_passes_and_one_byte_more_does_not() {
        let read =
            |bytes: usize| parse_request_line(format!("GET /{} HTTP/1.1", "x".repeat(bytes - 1)).as_bytes());
        assert!(read(TARGET_BYTES_MAX).is_ok());
        let refused = RequestFault::TargetTooLong { limit: TARGET_BYTES_MAX };
        assert_eq!(read(TARGET_BYTES_MAX + 1), Err(refused));
        assert_eq!(refused.status(), 414);
    }

    #[test]
    fn whom_it_is_for_is_said_once() {
        let host = "Host: a";
        assert!(judged(Version::Http11, &[host]).is_ok());
        assert!(judged(Version::Http10, &[]).is_ok());
        assert_eq!(judged(Version::Http11, &[]), Err(RequestFault::Host));
        assert_eq!(judged(Version::Http11, &[host, host]), Err(RequestFault::Host));
        for good in ["Host:", "Host: a.b-c_d:80", "Host: [::1]:80", "Host: a%20b"] {
            assert!(judged(Version::Http11, &[good]).is_ok(), "{good:?}");
        }
        for bad in ["Host: a b", "Host: u@a", "Host: a/b", "Host: a?b", "Host: a\\b", "Host: \u{e4}"] {
            for version in [Version::Http10, Version::Http11] {
                assert_eq!(judged(version, &[bad]), Err(RequestFault::Host), "{bad:?}");
            }
        }
    }

    #[test]
    fn a_body_is_refused_and_a_length_that_is_said_twice_is_never_believed() {
        let status = |lines: &[&str]| {
            let lines = [&["Host: a"], lines].concat();
            judged(Version::Http11, &lines).map_err(|fault| (fault.status(), fault.rule().class)).err()
        };
        assert_eq!(status(&["Content-Length: 0"]), None);
        assert_eq!(status(&["Content-Length: 1"]), Some((413, "body-refused")));
        assert_eq!(status(&["Transfer-Encoding: chunked"]), Some((501, "transfer-coding")));
        for lines in [
            &["Content-Length: 0", "Content-Length: 0"][..],
            &["Content-Length: +1"],
            &["Content-Length: 99999999999999999999"],
            &["Content-Length: 0", "Transfer-Encoding: chunked"],
        ] {
            assert_eq!(status(lines), Some((400, "unclear-length")), "{lines:?}");
        }
    }

    #[test]
    fn an_id_is_taken_once_and_from_the_plain_alphabet_alone() {
        let read = |lines: &[&str]| judged(Version::Http11, &[&["Host: a"], lines].concat());
        let head = read(&["x-request-id: r-1"]).unwrap();
        assert_eq!(head.id.as_ref().map(|id| id.as_str()), Some("r-1"));
        let long = format!("X-Request-Id: {}", "x".repeat(65));
        for lines in [
            &["X-Request-Id: a", "X-Request-Id: a"][..],
            &["X-Request-Id: a b"],
            &[&long],
            &["X-Request-Id:"],
        ] {
            assert_eq!(read(lines), Err(RequestFault::Id), "{lines:?}");
        }
    }

    #[test]
    fn the_client_says_whether_it_will_ask_again() {
        let keeps = |version, line| judged(version, &["Host: a", line]).map(|head| head.keeps_alive);
        assert_eq!(keeps(Version::Http11, "X: y"), Ok(true));
        assert_eq!(keeps(Version::Http11, "Connection: close"), Ok(false));
        assert_eq!(keeps(Version::Http10, "X: y"), Ok(false));
        assert_eq!(keeps(Version::Http10, "Connection: Keep-Alive"), Ok(true));
        assert_eq!(keeps(Version::Http10, "Connection: keep-alive, close"), Ok(false));
    }
}
