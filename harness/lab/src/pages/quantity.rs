//! Numbers as a reader wants them: three significant digits, the unit that keeps them short.

use evidence::{Fact, Value};

/// A fact's value with its unit.
pub(crate) fn fact(fact: &Fact) -> String {
    match &fact.value {
        Value::Count(n) if fact.unit.is_empty() => grouped(*n),
        Value::Count(n) => quantity(*n as f64, &fact.unit),
        Value::Real(x) => quantity(*x, &fact.unit),
        Value::Text(word) => word.clone(),
    }
}

/// A value in a unit that records use (`ns`, `ms`, `s`, `bytes`, `bytes/s`, `records/s`, `x`, `%`, or a noun).
pub(crate) fn quantity(value: f64, unit: &str) -> String {
    match unit {
        "ns" | "us" | "µs" | "ms" | "s" if value == 0.0 => format!("0 {unit}"),
        "ns" => time(value),
        "us" | "µs" => time(value * 1e3),
        "ms" => time(value * 1e6),
        "s" => time(value * 1e9),
        "bytes" => bytes(value),
        "bytes/s" => format!("{}/s", bytes(value)),
        "x" => format!("{}×", three_digits(value)),
        "%" => format!("{} %", percent(value)),
        "" => plain(value),
        // A whole count of things is exact; a rate or a fraction is rounded.
        noun if noun.contains('/') => format!("{} {noun}", three_digits(value)),
        noun => format!("{} {noun}", plain(value)),
    }
}

fn time(ns: f64) -> String {
    let (scaled, unit) = match ns.abs() {
        n if n < 1e3 => (ns, "ns"),
        n if n < 1e6 => (ns / 1e3, "µs"),
        n if n < 1e9 => (ns / 1e6, "ms"),
        _ => (ns / 1e9, "s"),
    };
    format!("{} {unit}", three_digits(scaled))
}

fn bytes(n: f64) -> String {
    let (scaled, unit) = match n.abs() {
        b if b < 1024.0 => return format!("{} B", plain(n)),
        b if b < 1024.0 * 1024.0 => (n / 1024.0, "KiB"),
        b if b < 1024.0 * 1024.0 * 1024.0 => (n / (1024.0 * 1024.0), "MiB"),
        _ => (n / (1024.0 * 1024.0 * 1024.0), "GiB"),
    };
    format!("{} {unit}", three_digits(scaled))
}

/// 99.98 must not become 100: a percentage keeps two decimals unless it is whole.
fn percent(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn plain(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        let sign = if value < 0.0 { "-" } else { "" };
        format!("{sign}{}", grouped(value.abs() as u64))
    } else {
        three_digits(value)
    }
}

/// Three significant digits, with thousands grouped and no exponent: `1.83`, `18.3`, `183`, `183,000`.
pub(crate) fn three_digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { "—".into() };
    }
    let magnitude = value.abs().log10().floor() as i32;
    let decimals = 2 - magnitude;
    if decimals > 0 {
        let text = format!("{value:.*}", decimals as usize);
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_string() } else { text }
    } else {
        let step = 10f64.powi(-decimals);
        let rounded = (value / step).round() * step;
        plain(rounded)
    }
}

/// `1234567` as `1,234,567`.
pub(crate) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_takes_the_unit_that_keeps_it_short() {
        let cases = [
            (0.0, "ns", "0 ns"),
            (0.0, "ms", "0 ms"),
            (999.0, "ns", "999 ns"),
            (1_000.0, "ns", "1 µs"),
            (412_345.0, "ns", "412 µs"),
            (1_830_000.0, "ns", "1.83 ms"),
            (2.5, "ms", "2.5 ms"),
            (1500.0, "ms", "1.5 s"),
            (512.0, "bytes", "512 B"),
            (1_048_576.0, "bytes", "1 MiB"),
            (3_500_000_000.0, "bytes/s", "3.26 GiB/s"),
            (181_734.2, "records/s", "182,000 records/s"),
            (1.8342, "x", "1.83×"),
            (99.98, "%", "99.98 %"),
            (100.0, "%", "100 %"),
            (80_000.0, "records", "80,000 records"),
        ];
        for (value, unit, expected) in cases {
            assert_eq!(quantity(value, unit), expected);
        }
    }

    #[test]
    fn a_bare_count_is_exact() {
        assert_eq!(fact(&Fact::count("records", 80_001, "")), "80,001");
        assert_eq!(fact(&Fact::text("mode", "always")), "always");
    }
}
