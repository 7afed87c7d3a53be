//! One byte form per JSON value, so that a digest means the same to everyone who recomputes it.
//!
//! | value | bytes |
//! | --- | --- |
//! | object | `{"key":value,…}`, keys sorted by code point, no white space |
//! | array | `[value,…]` in order |
//! | string | UTF-8 as it is; escaped are `"` and `\`, the controls with a short form (`\b \t \n \f \r`), and the other controls below U+0020 as `\u001f` (lower-case hex) |
//! | whole number | decimal digits, a leading `-` where negative |
//! | real number | the shortest digits that read back to the same double, as `1.5`, `2.0`, `1e-07`, `2.5e+16` |
//! | | fixed point for exponents from -4 to 15, else one digit before the point and a signed exponent of at least two digits |
//!
//! A number is real when its text has a point or an exponent. These rules were chosen so that Python needs no
//! code of ours: `json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)` gives the same
//! bytes. RFC 8785 (JCS) was the other candidate; it has no whole numbers above 2^53, and seeds and counts here
//! use all 64 bits.
//!
//! ```
//! use evidence::canonical;
//!
//! let value = serde_json::json!({"b": 1.0, "a": [1, 1e-7, "é\n"]});
//! assert_eq!(canonical::bytes(&value), "{\"a\":[1,1e-07,\"é\\n\"],\"b\":1.0}".as_bytes());
//! ```

use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

/// The canonical bytes of a value.
pub fn bytes(value: &Value) -> Vec<u8> {
    let mut out = String::new();
    write(value, &mut out);
    out.into_bytes()
}

/// SHA-256 of the canonical bytes, as `sha256:<lower-case hex>`.
pub fn digest(value: &Value) -> String {
    format!("sha256:{}", sha256(&bytes(value)))
}

/// SHA-256 of some bytes, lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes).as_slice())
}

pub(crate) fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::with_capacity(2 * digest.len()), |mut text, byte| {
        text.push(char::from(b"0123456789abcdef"[usize::from(byte >> 4)]));
        text.push(char::from(b"0123456789abcdef"[usize::from(byte & 15)]));
        text
    })
}

fn write(value: &Value, out: &mut String) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(number, out),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write(item, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            // Sorted here and not left to the map: another crate of the build may switch serde_json's
            // `preserve_order` on, and the digest must not depend on who is linked in.
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(key, _)| key.as_str());
            out.push('{');
            for (index, (key, item)) in fields.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_string(key, out);
                out.push(':');
                write(item, out);
            }
            out.push('}');
        }
    }
}

fn write_string(text: &str, out: &mut String) {
    out.push('"');
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\u{c}' => out.push_str("\\f"),
            '\r' => out.push_str("\\r"),
            control if control < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => out.push(other),
        }
    }
    out.push('"');
}

fn write_number(number: &Number, out: &mut String) {
    match number.as_f64() {
        Some(real) if number.is_f64() => write_real(real, out),
        _ => out.push_str(&number.to_string()),
    }
}

/// A JSON number is finite, so there is no case for infinity or NaN.
fn write_real(real: f64, out: &mut String) {
    // Rust's `{:e}` prints the shortest round-trip digits: `-1.25e-7`, `3e0`.
    let text = format!("{real:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(positive) => ("-", positive),
        None => ("", mantissa),
    };
    let digits: String = mantissa.chars().filter(|c| *c != '.').collect();
    out.push_str(sign);
    if (-4..16).contains(&exponent) {
        let point = exponent + 1;
        if point <= 0 {
            out.push_str("0.");
            (point..0).for_each(|_| out.push('0'));
            out.push_str(&digits);
        } else {
            let whole = usize::try_from(point).unwrap_or(0);
            (0..whole).for_each(|at| out.push(digits.as_bytes().get(at).map_or('0', |d| char::from(*d))));
            out.push('.');
            out.push_str(digits.get(whole..).filter(|rest| !rest.is_empty()).unwrap_or("0"));
        }
    } else {
        out.push_str(&digits[..1]);
        if digits.len() > 1 {
            out.push('.');
            out.push_str(&digits[1..]);
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        out.push_str(&format!("e{sign}{:02}", exponent.abs()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn text(value: &Value) -> String {
        String::from_utf8(bytes(value)).unwrap()
    }

    #[test]
    fn keys_are_sorted_by_code_point_at_every_level() {
        let value = json!({"b": {"z": 1, "a": 2}, "a": [{"y": 1, "x": 2}], "é": 0, "Z": 0, "aa": 0});
        assert_eq!(text(&value), r#"{"Z":0,"a":[{"x":2,"y":1}],"aa":0,"b":{"a":2,"z":1},"é":0}"#);
    }

    #[test]
    fn strings_escape_only_what_json_demands() {
        let value = json!("a\"b\\c/\u{8}\t\n\u{c}\r\u{0}\u{1f}\u{7f}é\u{1f980}");
        assert_eq!(text(&value), "\"a\\\"b\\\\c/\\b\\t\\n\\f\\r\\u0000\\u001f\u{7f}é\u{1f980}\"");
    }

    #[test]
    fn real_numbers_have_one_form() {
        for (real, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (0.1, "0.1"),
            (123.456, "123.456"),
            (0.0001, "0.0001"),
            (0.00012, "0.00012"),
            (0.00001, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (2.5e16, "2.5e+16"),
            (9007199254740993.0, "9007199254740992.0"),
            (1.7976931348623157e308, "1.7976931348623157e+308"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(text(&json!(real)), expected);
        }
    }

    #[test]
    fn whole_numbers_use_all_64_bits() {
        assert_eq!(text(&json!(u64::MAX)), "18446744073709551615");
        assert_eq!(text(&json!(i64::MIN)), "-9223372036854775808");
    }
}
