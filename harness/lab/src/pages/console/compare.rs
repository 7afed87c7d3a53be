//! Compares what a command printed with what a page says, where `[..]` is any text and `...` any lines.

/// The difference as `-` and `+` lines, or nothing where the output fits.
pub(crate) fn difference(expected: &[String], got: &[&str]) -> Option<String> {
    if fits(expected, got) {
        return None;
    }
    let same = expected.iter().zip(got).take_while(|(e, g)| *e != "..." && line_fits(e, g)).count();
    let mut out = String::new();
    for line in got[..same].iter().rev().take(2).rev() {
        out.push_str(&format!("\n    {line}"));
    }
    for line in expected[same..].iter().take(LINES_SHOWN) {
        out.push_str(&format!("\n  - {line}"));
    }
    for line in got[same..].iter().take(LINES_SHOWN) {
        out.push_str(&format!("\n  + {line}"));
    }
    Some(out)
}

/// How many lines of each side a difference shows.
const LINES_SHOWN: usize = 20;

/// True if the lines are what is expected. `reach[j]`: the expectations so far can account for exactly `j` lines.
fn fits(expected: &[String], got: &[&str]) -> bool {
    let mut reach = vec![false; got.len() + 1];
    reach[0] = true;
    for line in expected {
        let mut next = vec![false; got.len() + 1];
        if line.trim() == "..." {
            let first = reach.iter().position(|r| *r).unwrap_or(reach.len());
            next[first..].fill(true);
        } else {
            for j in 0..got.len() {
                next[j + 1] = reach[j] && line_fits(line, got[j]);
            }
        }
        reach = next;
    }
    reach[got.len()]
}

/// True if a line is what is expected, trailing blanks aside.
fn line_fits(expected: &str, got: &str) -> bool {
    let (expected, got) = (expected.trim_end(), got.trim_end());
    let mut parts = expected.split("[..]");
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = got.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        // The earliest place is always as good as a later one, since what follows may be skipped anyway.
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(lines: &[&str]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_gap_in_a_line_takes_any_text_and_only_there() {
        assert!(line_fits("took [..] ms", "took 12 ms"));
        assert!(line_fits("[..]a[..]b", "xxaxxbxxb"));
        assert!(!line_fits("took [..] ms", "took 12 s"));
        assert!(!line_fits("ab[..]b", "ab"), "the two ends may not share a letter");
    }

    #[test]
    fn a_gap_of_lines_takes_none_or_many() {
        for got in [&["a", "z"][..], &["a", "b", "c", "z"][..]] {
            assert_eq!(difference(&expect(&["a", "...", "z"]), got), None);
        }
        assert!(difference(&expect(&["a", "...", "z"]), &["a", "b"]).is_some());
        assert_eq!(difference(&expect(&["..."]), &[]), None);
    }

    #[test]
    fn silence_is_expected_where_nothing_is_said() {
        assert!(difference(&[], &["noise"]).is_some());
        assert_eq!(difference(&[], &[]), None);
    }

    #[test]
    fn a_difference_shows_both_sides_from_where_they_part() {
        let shown = difference(&expect(&["same", "old"]), &["same", "new"]).unwrap();
        assert_eq!(shown, "\n    same\n  - old\n  + new");
    }
}
