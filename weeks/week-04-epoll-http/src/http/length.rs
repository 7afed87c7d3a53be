//! Where a body ends: the one decision that two programs must never make differently (RFC 9112, section 6.3).

use super::bytes::trim;
use super::{Fields, Method, ParseError, Version};

// ANCHOR: lengths
/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyLength {
    /// There is none: the answer to HEAD, and the statuses 1xx, 204 and 304, whatever their fields say.
    None,
    /// Exactly this many bytes.
    Exactly(u64),
    /// Chunks, each with its size in front.
    Chunked,
    /// Everything until the server closes the connection, which afterwards cannot be used again.
    UntilClose,
}
// ANCHOR_END: lengths

// ANCHOR: content-length
/// Reads a Content-Length: digits, and nothing that any other program could read as another number.
///
/// # Errors
/// [`ParseError::BadLength`] for everything that is not digits alone, [`ParseError::LengthOverflow`] beyond 64 bits.
pub(super) fn content_length(value: &[u8]) -> Result<u64, ParseError> {
    // lab:hole epoll-http.content-length
    if value.is_empty() || !value.iter().all(u8::is_ascii_digit) {
        return Err(ParseError::BadLength);
    }
    let mut length: u64 = 0;
    for digit in value {
        let next = length.checked_mul(10).and_then(|tens| tens.checked_add(u64::from(digit - b'0')));
        length = next.ok_or(ParseError::LengthOverflow)?;
    }
    Ok(length)
    // lab:stub todo!("epoll-http.content-length: digits alone, at least one, and a sum that cannot overflow unseen")
    // lab:end
}
// ANCHOR_END: content-length

/// True where the transfer codings are `chunked`, false where there are none.
///
/// # Errors
/// [`ParseError::UnknownCoding`] and [`ParseError::CodingNotFinal`].
fn chunked(fields: &Fields) -> Result<bool, ParseError> {
    let mut chunked = false;
    for coding in fields.all("Transfer-Encoding").flat_map(|value| value.split(|byte| *byte == b',')) {
        if chunked {
            return Err(ParseError::CodingNotFinal);
        }
        if !trim(coding).eq_ignore_ascii_case(b"chunked") {
            return Err(ParseError::UnknownCoding);
        }
        chunked = true;
    }
    Ok(chunked)
}

// ANCHOR: body-length
/// Decides where the body ends.
///
/// The fields are judged even where the status says that there is no body: a program in between may not know that.
///
/// # Errors
/// One for each way in which the head says it twice or unclearly.
pub(super) fn body_length(
    method: Method,
    version: Version,
    status: u16,
    fields: &Fields,
) -> Result<BodyLength, ParseError> {
    // lab:hole epoll-http.body-length
    let mut lengths = fields.all("Content-Length");
    let length = lengths.next().map(content_length).transpose()?;
    if lengths.next().is_some() {
        return Err(ParseError::RepeatedLength);
    }
    let coded = fields.get("Transfer-Encoding").is_some();
    if coded && version == Version::Http10 {
        return Err(ParseError::CodingOnHttp10);
    }
    if coded && length.is_some() {
        return Err(ParseError::LengthAndCoding);
    }
    let chunked = chunked(fields)?;
    let bodiless = method == Method::Head || matches!(status, 100..=199 | 204 | 304);
    Ok(match length {
        _ if bodiless => BodyLength::None,
        Some(length) => BodyLength::Exactly(length),
        None if chunked => BodyLength::Chunked,
        None => BodyLength::UntilClose,
    })
    // lab:stub todo!("epoll-http.body-length: one length at most, never beside a coding, then method and status, then the fields")
    // lab:end
}
// ANCHOR_END: body-length

/// True where another request may follow on the same connection.
pub(super) fn keeps_alive(version: Version, fields: &Fields, length: BodyLength) -> bool {
    let said_close = fields.lists("Connection", "close");
    let said_keep = fields.lists("Connection", "keep-alive");
    length != BodyLength::UntilClose && !said_close && (version == Version::Http11 || said_keep)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[&str]) -> Fields {
        let mut fields = Fields::default();
        for line in lines {
            fields.push_line(line.as_bytes(), 10).unwrap();
        }
        fields
    }

    fn length(lines: &[&str]) -> Result<BodyLength, &'static str> {
        body_length(Method::Get, Version::Http11, 200, &fields(lines)).map_err(|error| error.class())
    }

    #[test]
    fn a_length_is_digits_alone_and_fits_64_bits() {
        assert_eq!(content_length(b"0"), Ok(0));
        assert_eq!(content_length(b"0042"), Ok(42));
        assert_eq!(content_length(b"18446744073709551615"), Ok(u64::MAX));
        assert_eq!(content_length(b"18446744073709551616"), Err(ParseError::LengthOverflow));
        assert_eq!(content_length(&[b'9'; 40]), Err(ParseError::LengthOverflow));
        for refused in
            ["", "+5", "-5", "5,5", "5, 5", "0x5", "5 5", "5.0", "\u{665}", "99999999999999999999x"]
        {
            assert_eq!(content_length(refused.as_bytes()), Err(ParseError::BadLength), "{refused:?}");
        }
    }

    #[test]
    fn a_body_has_one_end_or_the_answer_is_refused() {
        assert_eq!(length(&[]), Ok(BodyLength::UntilClose));
        assert_eq!(length(&["content-length: 5"]), Ok(BodyLength::Exactly(5)));
        assert_eq!(length(&["TRANSFER-ENCODING: Chunked"]), Ok(BodyLength::Chunked));
        for (lines, class) in [
            (&["Content-Length: 5", "Content-Length: 6"][..], "repeated-length"),
            (&["Content-Length: 5", "content-length: 5"], "repeated-length"),
            (&["Content-Length: 5", "Transfer-Encoding: chunked"], "length-and-coding"),
            (&["Transfer-Encoding: chunked", "Content-Length: 5"], "length-and-coding"),
            (&["Transfer-Encoding: gzip, chunked"], "unknown-coding"),
            (&["Transfer-Encoding: xchunked"], "unknown-coding"),
            (&["Transfer-Encoding: chunked;q=1"], "unknown-coding"),
            (&["Transfer-Encoding: identity"], "unknown-coding"),
            (&["Transfer-Encoding:"], "unknown-coding"),
            (&["Transfer-Encoding: ,chunked"], "unknown-coding"),
            (&["Transfer-Encoding: chunked, gzip"], "coding-not-final"),
            (&["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], "coding-not-final"),
        ] {
            assert_eq!(length(lines), Err(class), "{lines:?}");
        }
        let old = body_length(Method::Get, Version::Http10, 200, &fields(&["Transfer-Encoding: chunked"]));
        assert_eq!(old, Err(ParseError::CodingOnHttp10));
    }

    #[test]
    fn some_answers_have_no_body_whatever_their_fields_say_but_the_fields_are_judged() {
        let claims = fields(&["Content-Length: 5"]);
        for (method, status) in
            [(Method::Head, 200), (Method::Get, 100), (Method::Get, 204), (Method::Get, 304)]
        {
            let found = body_length(method, Version::Http11, status, &claims);
            assert_eq!(found, Ok(BodyLength::None), "{method:?} {status}");
        }
        let both = fields(&["Content-Length: 5", "Transfer-Encoding: chunked"]);
        assert!(body_length(Method::Head, Version::Http11, 200, &both).is_err());
    }

    #[test]
    fn a_connection_is_kept_where_the_version_the_fields_and_the_body_all_allow_it() {
        let keeps = |version, lines: &[&str], length| keeps_alive(version, &fields(lines), length);
        let exactly = BodyLength::Exactly(5);
        assert!(keeps(Version::Http11, &[], exactly));
        assert!(!keeps(Version::Http11, &[], BodyLength::UntilClose));
        assert!(!keeps(Version::Http11, &["Connection: x, Close"], exactly));
        assert!(!keeps(Version::Http10, &[], exactly));
        assert!(keeps(Version::Http10, &["Connection: keep-alive"], exactly));
        assert!(!keeps(Version::Http10, &["Connection: keep-alive", "Connection: close"], exactly));
    }
}
