//! Header fields: one line each, judged byte by byte, and kept without an allocation for each.

use super::ParseError;
use super::bytes::{is_blank, is_text, is_token, trim};

/// The fields of a head, in the order in which they came.
///
/// ```text
///   bytes   Content-Length5Connectionclose...
///   spans   |<--- 14 ---->|1|<--- 10 ->|< 5 >|
/// ```
///
/// Two allocations for all of them: names and values lie one behind the other, and the spans say where.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fields {
    bytes: Vec<u8>,
    spans: Vec<Span>,
}

/// Where a field begins in the bytes, where its value does, and where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    name: usize,
    value: usize,
    end: usize,
}

impl Fields {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// True where there is none.
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// All fields: name and value. A name is a token, so it is text; a value may have bytes from 0x80 up.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.spans.iter().map(|span| {
            let name = std::str::from_utf8(&self.bytes[span.name..span.value]).unwrap_or_default();
            (name, &self.bytes[span.value..span.end])
        })
    }

    /// The values of every field of this name, in order; names are compared without regard to case.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.iter().filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The first value of this name.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// True where a comma-separated list of this name has the word, without regard to case.
    pub fn lists(&self, name: &str, word: &str) -> bool {
        let mut items = self.all(name).flat_map(|value| value.split(|byte| *byte == b','));
        items.any(|item| trim(item).eq_ignore_ascii_case(word.as_bytes()))
    }

    /// Judges a line and keeps it.
    pub(super) fn push_line(&mut self, line: &[u8], fields_max: usize) -> Result<(), ParseError> {
        let (name, value) = parse_field(line)?;
        if self.spans.len() == fields_max {
            return Err(ParseError::TooManyFields { limit: fields_max });
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(name);
        self.bytes.extend_from_slice(value);
        self.spans.push(Span { name: start, value: start + name.len(), end: self.bytes.len() });
        Ok(())
    }
}

// ANCHOR: parse-field
/// Takes a field line apart: its name, and its value without the blanks around it.
///
/// # Errors
/// [`ParseError::ObsFold`], [`ParseError::SpaceBeforeColon`], [`ParseError::BadName`] and [`ParseError::BadValue`], in
/// this order.
pub(super) fn parse_field(line: &[u8]) -> Result<(&[u8], &[u8]), ParseError> {
    // lab:hole epoll-http.parse-field
    if line.first().is_some_and(|byte| is_blank(*byte)) {
        return Err(ParseError::ObsFold);
    }
    let colon = line.iter().position(|byte| *byte == b':').ok_or(ParseError::BadName)?;
    let (name, value) = (&line[..colon], trim(&line[colon + 1..]));
    if name.last().is_some_and(|byte| is_blank(*byte)) {
        return Err(ParseError::SpaceBeforeColon);
    }
    if name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
        return Err(ParseError::BadName);
    }
    match value.iter().find(|byte| !is_text(**byte)) {
        Some(byte) => Err(ParseError::BadValue { byte: *byte }),
        None => Ok((name, value)),
    }
    // lab:stub todo!("epoll-http.parse-field: folded? a colon? a blank before it? a token? plain text behind it?")
    // lab:end
}
// ANCHOR_END: parse-field

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_a_token_a_colon_and_a_value_without_the_blanks_around_it() {
        for (line, name, value) in [
            (&b"A:b"[..], &b"A"[..], &b"b"[..]),
            (b"A: \t b c\t ", b"A", b"b c"),
            (b"A:", b"A", b""),
            (b"A: x:y", b"A", b"x:y"),
            (b"x-!#: \xc3\xa4", b"x-!#", b"\xc3\xa4"),
        ] {
            assert_eq!(parse_field(line), Ok((name, value)), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn each_way_in_which_a_field_is_malformed_has_its_own_class() {
        for (line, class) in [
            (&b" A: b"[..], "obs-fold"),
            (b"\tfolded", "obs-fold"),
            (b"A : b", "space-before-colon"),
            (b"A\t: b", "space-before-colon"),
            (b"A B: c", "bad-name"),
            (b": b", "bad-name"),
            (b"no colon", "bad-name"),
            (b"A\0: b", "bad-name"),
            (b"\xff: b", "bad-name"),
            (b"A: \0", "bad-value"),
            (b"A: b\x7fc", "bad-value"),
            (b"A: \x0bchunked", "bad-value"),
        ] {
            let refused = parse_field(line).map_err(|error| error.class());
            assert_eq!(refused, Err(class), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn the_largest_number_of_fields_passes_and_one_more_does_not() {
        let mut fields = Fields::default();
        for _ in 0..3 {
            fields.push_line(b"A: b", 3).unwrap();
        }
        assert_eq!(fields.push_line(b"A: b", 3), Err(ParseError::TooManyFields { limit: 3 }));
        assert_eq!(fields.len(), 3);
    }

    #[test]
    fn fields_are_found_whatever_their_case_and_in_the_order_in_which_they_came() {
        let mut fields = Fields::default();
        for line in [&b"Via: one"[..], b"Connection: Keep-Alive, x", b"VIA: two"] {
            fields.push_line(line, 10).unwrap();
        }
        assert_eq!(fields.all("via").collect::<Vec<_>>(), [b"one", b"two"]);
        assert_eq!(fields.get("Via"), Some(&b"one"[..]));
        assert!(fields.lists("connection", "keep-alive") && !fields.lists("connection", "close"));
    }
}
