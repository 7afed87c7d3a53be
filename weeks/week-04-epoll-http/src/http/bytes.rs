//! Which bytes may stand where (RFC 9110, section 5.5 and 5.6.2).

/// Bytes of a token: method, field name, name of a coding.
pub(super) fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Bytes of a field value and of a reason phrase: blanks, visible characters, and everything from 0x80 up, which is
/// somebody's text in an encoding that nobody stated.
pub(super) fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// The two blanks of the grammar's optional white space.
pub(super) fn is_blank(byte: u8) -> bool {
    byte == b' ' || byte == b'\t'
}

/// A value without the blanks around it.
pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = value
        && is_blank(*first)
    {
        value = rest;
    }
    while let [rest @ .., last] = value
        && is_blank(*last)
    {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_in_the_classes_that_the_grammar_puts_it_in() {
        let tokens = (0..=u8::MAX).filter(|byte| is_token(*byte)).count();
        assert_eq!(tokens, 10 + 26 + 26 + 15);
        for byte in *b" \t\r\n\0:;,()<>@\"/[]?={}\x7f\x80\xff" {
            assert!(!is_token(byte), "{byte:#04x}");
        }
        let refused: Vec<u8> = (0..=u8::MAX).filter(|byte| !is_text(*byte)).collect();
        let controls: Vec<u8> = (0..=8).chain(10..=31).chain([127]).collect();
        assert_eq!(refused, controls);
    }

    #[test]
    fn blanks_are_taken_off_both_ends_and_nothing_else_is() {
        assert_eq!(trim(b" \t a b \t"), b"a b");
        assert_eq!(trim(b" \t "), b"");
        assert_eq!(trim(b"\x0bx\x0b"), b"\x0bx\x0b");
    }
}
