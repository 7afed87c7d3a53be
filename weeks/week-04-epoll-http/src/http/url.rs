//! The part of URLs that this client can ask for: `http://host[:port][/path][?query]` (RFC 9110, section 4.2.1).

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use logger::{Coded, ErrorCode};

use crate::catalog;

/// The longest URL, in bytes.
pub const URL_BYTES_MAX: usize = 8 << 10;

/// The longest host name, in bytes: what the domain name system can carry.
const HOST_BYTES_MAX: usize = 253;

/// The port of `http` where none is written.
const PORT_DEFAULT: u16 = 80;

/// Why a URL was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// `https`, which needs TLS.
    #[error("`{url}` asks for https")]
    NoTls {
        /// The URL.
        url: String,
    },
    /// Anything else.
    #[error("a URL is refused: {why}")]
    Bad {
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Coded for UrlError {
    fn code(&self) -> &'static ErrorCode {
        match self {
            UrlError::NoTls { .. } => &catalog::HTTP_NO_TLS,
            UrlError::Bad { .. } => &catalog::HTTP_BAD_URL,
        }
    }
}

/// Whom to ask: a host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authority {
    host: String,
    port: u16,
}

impl Authority {
    /// The name or the literal address, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The address, where the host is one: then nobody needs to be asked for it.
    pub fn literal(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

/// As it stands in the Host field: an address of version 6 in brackets, the port only where it is not the usual one.
impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]", self.host)?,
            false => f.write_str(&self.host)?,
        }
        if self.port == PORT_DEFAULT { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

/// A URL that was taken apart.
///
/// ```
/// use epoll_http::http::Url;
///
/// let url: Url = "http://localhost:7004/health?full=1#top".parse()?;
/// assert_eq!((url.authority().host(), url.authority().port()), ("localhost", 7004));
/// assert_eq!(url.target(), "/health?full=1", "a fragment is for the reader and never sent");
/// # Ok::<(), epoll_http::http::UrlError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    authority: Authority,
    target: String,
}

impl Url {
    /// Whom to ask.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// What to ask for: path and query, beginning with a slash, made of visible ASCII.
    pub fn target(&self) -> &str {
        &self.target
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}{}", self.authority, self.target)
    }
}

impl std::str::FromStr for Url {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let bad = |why| UrlError::Bad { why };
        if text.len() > URL_BYTES_MAX {
            return Err(bad("it is longer than 8192 bytes"));
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(bad("it has a blank, a control byte or a byte outside of ASCII"));
        }
        let (scheme, rest) = text.split_once("://").ok_or(bad("it does not begin with http://"))?;
        if scheme.eq_ignore_ascii_case("https") {
            return Err(UrlError::NoTls { url: text.into() });
        }
        if !scheme.eq_ignore_ascii_case("http") {
            return Err(bad("it does not begin with http://"));
        }
        let rest = rest.split_once('#').map_or(rest, |(before, _)| before);
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let slash = if target.starts_with('/') { "" } else { "/" };
        Ok(Url { authority: parse_authority(authority)?, target: format!("{slash}{target}") })
    }
}

fn parse_authority(text: &str) -> Result<Authority, UrlError> {
    let bad = |why| UrlError::Bad { why };
    if text.contains('@') {
        return Err(bad("it carries a user, which would end up in logs"));
    }
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, port) = rest.split_once(']').ok_or(bad("a bracket is not closed"))?;
            host.parse::<Ipv6Addr>().map_err(|_| bad("what stands in brackets is no address"))?;
            (host, port)
        }
        None => {
            let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            if host.is_empty() || host.len() > HOST_BYTES_MAX || !host.bytes().all(plain) {
                return Err(bad("its host is no name of letters, digits, dots and hyphens"));
            }
            (host, port)
        }
    };
    let port = match port.strip_prefix(':') {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            let port = digits.parse().ok().filter(|port| *port > 0);
            port.ok_or(bad("its port is not from 1 to 65535"))?
        }
        None if port.is_empty() => PORT_DEFAULT,
        _ => return Err(bad("behind its host stands something else than a port")),
    };
    Ok(Authority { host: host.to_ascii_lowercase(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart_into_whom_and_what_to_ask() {
        for (text, host, port, target, shown) in [
            ("http://localhost", "localhost", 80, "/", "localhost"),
            ("HTTP://Example.ORG:8080/a/b?c=d", "example.org", 8080, "/a/b?c=d", "example.org:8080"),
            ("http://127.0.0.1:7004?x", "127.0.0.1", 7004, "/?x", "127.0.0.1:7004"),
            ("http://[::1]:7004/", "::1", 7004, "/", "[::1]:7004"),
            ("http://[::1]/#a/b", "::1", 80, "/", "[::1]"),
        ] {
            let url: Url = text.parse().unwrap();
            let authority = url.authority();
            assert_eq!((authority.host(), authority.port(), url.target()), (host, port, target), "{text}");
            assert_eq!(authority.to_string(), shown);
        }
        assert!("http://[::1]/".parse::<Url>().unwrap().authority().literal().is_some());
        assert!("http://localhost/".parse::<Url>().unwrap().authority().literal().is_none());
    }

    #[test]
    fn https_is_refused_by_a_code_of_its_own_and_everything_else_as_a_bad_url() {
        let code = |text: &str| text.parse::<Url>().unwrap_err().code().code;
        assert_eq!(code("https://localhost/"), "HTTP-NO-TLS");
        for text in [
            "",
            "localhost",
            "ftp://x/",
            "http://",
            "http:///x",
            "http://:80/",
            "http://a b/",
            "http://a/\r\nX: y",
            "http://a/\u{e4}",
            "http://user@a/",
            "http://a:0/",
            "http://a:65536/",
            "http://a:/",
            "http://a:+1/",
            "http://[::1/",
            "http://[x]/",
            "http://[::1]x/",
            "http://a%20b/",
            "http://a\\b/",
        ] {
            assert_eq!(code(text), "HTTP-BAD-URL", "{text:?}");
        }
    }

    #[test]
    fn the_longest_url_passes_and_one_byte_more_does_not() {
        let longest = format!("http://a/{}", "x".repeat(URL_BYTES_MAX - 9));
        assert!(longest.parse::<Url>().is_ok());
        assert!(format!("{longest}x").parse::<Url>().is_err());
        let host = "a".repeat(HOST_BYTES_MAX);
        assert!(format!("http://{host}/").parse::<Url>().is_ok());
        assert!(format!("http://{host}a/").parse::<Url>().is_err());
    }
}
