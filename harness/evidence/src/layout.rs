//! JSON as it lies on disk: fields in schema order, small things on one line, long number lists filled.
//!
//! A histogram has hundreds of `[value, count]` pairs. One token a line (what `to_string_pretty` does) makes a
//! record four times as long and a diff unreadable; one line for all makes every change a change of that line.
//! The layout is for people and for diffs only: digests are taken over [`crate::canonical`] bytes.

/// Columns that a line may take, indentation included: an input, with its path and 64 digits, fits.
const COLUMNS: usize = 160;

/// Lays out compact JSON text (as `serde_json::to_string` writes it), ending in a newline.
pub(crate) fn lay_out(compact: &str) -> String {
    let mut out = String::with_capacity(compact.len() * 2);
    place(compact, 0, 0, &mut out);
    out.push('\n');
    out
}

/// Writes one value at an indentation, with `taken` columns of its line already used by its key.
fn place(value: &str, indent: usize, taken: usize, out: &mut String) {
    let Some((open, close)) = brackets(value) else {
        out.push_str(value);
        return;
    };
    let inline = spaced(value);
    if indent + taken + inline.len() < COLUMNS {
        out.push_str(&inline);
        return;
    }
    let items = items(&value[1..value.len() - 1]);
    let fill = open == '[' && items.iter().all(|item| !item.contains('{'));
    out.push(open);
    let mut column = COLUMNS;
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        let width = spaced(item).len() + 2;
        if fill && index > 0 && column + width < COLUMNS {
            out.push(' ');
            column += width;
        } else {
            out.push('\n');
            out.extend(std::iter::repeat_n(' ', indent + 2));
            column = indent + 2 + width;
        }
        match key(item) {
            Some((key, rest)) if open == '{' => {
                out.push_str(key);
                out.push_str(": ");
                place(rest, indent + 2, key.len() + 3, out);
            }
            _ => place(item, indent + 2, 1, out),
        }
    }
    out.push('\n');
    out.extend(std::iter::repeat_n(' ', indent));
    out.push(close);
}

fn brackets(value: &str) -> Option<(char, char)> {
    match value.as_bytes() {
        [b'{', _, .., b'}'] => Some(('{', '}')),
        [b'[', _, .., b']'] => Some(('[', ']')),
        _ => None,
    }
}

/// Calls `at` for every byte outside of strings, with the depth of brackets around it.
fn outside_strings(text: &str, mut at: impl FnMut(usize, u8, usize)) {
    let (mut in_string, mut escaped, mut depth) = (false, false, 0usize);
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => {
                at(index, byte, depth);
                depth += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at(index, byte, depth);
            }
            _ => at(index, byte, depth),
        }
    }
}

/// The top-level items of what lies between two brackets.
fn items(inner: &str) -> Vec<&str> {
    let (mut items, mut from) = (Vec::new(), 0);
    outside_strings(inner, |index, byte, depth| {
        if byte == b',' && depth == 0 {
            items.push(&inner[from..index]);
            from = index + 1;
        }
    });
    items.push(&inner[from..]);
    items
}

/// Splits `"key":value`.
fn key(item: &str) -> Option<(&str, &str)> {
    let mut colon = None;
    outside_strings(item, |index, byte, depth| {
        if byte == b':' && depth == 0 && colon.is_none() {
            colon = Some(index);
        }
    });
    colon.map(|index| (&item[..index], &item[index + 1..]))
}

/// The value on one line, with a space after every comma and colon.
fn spaced(value: &str) -> String {
    let (mut out, mut from) = (String::with_capacity(value.len() * 5 / 4), 0);
    outside_strings(value, |index, byte, _| {
        if byte == b',' || byte == b':' {
            out.push_str(&value[from..=index]);
            out.push(' ');
            from = index + 1;
        }
    });
    out.push_str(&value[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Value, json};

    #[test]
    fn small_values_stay_on_one_line_and_pairs_are_filled() {
        let pairs: Vec<(u64, u64)> = (0..60).map(|n| (1000 + n, n)).collect();
        let text = lay_out(&json!({"fact": {"name": "a,b:c", "value": 1}, "pairs": pairs}).to_string());
        assert!(text.contains("\n  \"fact\": {\"name\": \"a,b:c\", \"value\": 1},\n"), "{text}");
        assert!(text.contains("[1000, 0], [1001, 1], [1002, 2]"), "{text}");
        assert!(text.lines().all(|line| line.len() <= COLUMNS + 2), "{text}");
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_filter("JSON is finite", |f| f.is_finite()).prop_map(Value::from),
            "\\PC{0,40}|[\"\\\\,:{}\\[\\] a]{0,20}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 120, 12, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
                prop::collection::btree_map("[\"\\\\,:{}a-z]{0,9}", inner, 0..12)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn layout_never_changes_the_value(value in any_json()) {
            let text = lay_out(&value.to_string());
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
