//! The id of an attempt: `r-` and its number in 16 hex digits, so that an answer finds its attempt without a table.

/// Bytes of an id.
pub(super) const ID_BYTES: usize = 18;
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The id of this attempt.
pub(super) fn of(number: u64) -> [u8; ID_BYTES] {
    let mut id = *b"r-0000000000000000";
    for (pair, byte) in id[2..].chunks_exact_mut(2).zip(number.to_be_bytes()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    id
}

/// The attempt of this id; `None` where it is none of ours. There is one spelling only.
pub(super) fn number(id: &[u8]) -> Option<u64> {
    let digits: &[u8; 16] = id.strip_prefix(b"r-")?.try_into().ok()?;
    digits.iter().try_fold(0_u64, |number, digit| {
        let value = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        Some(number << 4 | u64::from(value))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_and_no_other_spelling_is() {
        for n in [0, 1, 0xabc, 1 << 40 | 7, u64::MAX] {
            assert_eq!(number(&of(n)), Some(n));
        }
        assert_eq!(&of(0x1f), b"r-000000000000001f");
        for wrong in [
            &b"r-000000000000001F"[..],
            b"r-00000000000001f",
            b"x-000000000000001f",
            b"",
            b"r-+00000000000001f",
        ] {
            assert_eq!(number(wrong), None, "{wrong:?}");
        }
    }
}
