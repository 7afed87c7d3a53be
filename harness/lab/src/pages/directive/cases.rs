//! A table from a data file that tests run: the page and the test cannot disagree.

use serde_yaml::Value;

use crate::pages::engine::{Page, Trouble};
use crate::pages::include::normalize;
use crate::pages::markdown::{code, plain, table};
use crate::pages::nearest::suggestion;

/// `cases weeks/week-01-logger/tests/arguments.yaml [columns…]`: a list of maps, one row each.
pub(super) fn cases(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let mut words = argument.split_whitespace();
    let file = words.next().ok_or_else(|| Trouble::Wrong("write it as `cases <file> [columns…]`".into()))?;
    let path = normalize(&page.context.root.join(file));
    if !path.starts_with(page.context.root) {
        return Err(Trouble::Wrong(format!("{file} lies outside of the workspace")));
    }
    let text = std::fs::read_to_string(&path).map_err(|e| Trouble::Wrong(format!("{file}: {e}")))?;
    let data: Value = serde_yaml::from_str(&text).map_err(|e| Trouble::Wrong(format!("{file}: {e}")))?;
    let rows = list(&data).ok_or_else(|| Trouble::Wrong(format!("{file} is no list of cases")))?;
    let known = columns(rows);
    let wanted: Vec<String> = words.map(str::to_string).collect();
    if let Some(column) = wanted.iter().find(|c| !known.contains(c)) {
        let near = suggestion(column, known.iter().map(String::as_str));
        return Err(Trouble::Wrong(format!("no column `{column}` in {file}; {near}")));
    }
    let chosen = if wanted.is_empty() { known } else { wanted };
    let header: Vec<String> = chosen.iter().map(|c| plain(&c.replace(['_', '-'], " "))).collect();
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| chosen.iter().map(|column| row.get(column.as_str()).map_or("—".into(), cell)).collect())
        .collect();
    Ok(table(&header.iter().map(String::as_str).collect::<Vec<_>>(), &rows))
}

/// The list itself, or the only list of a map (`cases: […]`).
fn list(data: &Value) -> Option<&Vec<Value>> {
    match data {
        Value::Sequence(rows) => Some(rows),
        Value::Mapping(map) => {
            let mut lists = map.iter().filter_map(|(_, v)| v.as_sequence());
            let first = lists.next()?;
            lists.next().is_none().then_some(first)
        }
        _ => None,
    }
}

/// Every key of every row, in the order of first appearance.
fn columns(rows: &[Value]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for row in rows {
        for key in row.as_mapping().into_iter().flat_map(|m| m.iter().filter_map(|(k, _)| k.as_str())) {
            if !names.iter().any(|n| n == key) {
                names.push(key.into());
            }
        }
    }
    names
}

/// Prose as prose, everything else as code: a flag, a number and an empty string are all exact.
fn cell(value: &Value) -> String {
    match value {
        Value::Null => "—".into(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(s) if s.is_empty() => "*(empty)*".into(),
        Value::String(s) if s.contains(' ') && !s.contains("--") => plain(s),
        Value::String(s) => code(s.trim_end()),
        Value::Sequence(items) if items.is_empty() => "*(none)*".into(),
        Value::Sequence(items) => {
            let words: Vec<String> = items.iter().map(shell_word).collect();
            code(&words.join(" "))
        }
        Value::Mapping(map) => {
            let parts: Vec<String> = map
                .iter()
                .map(|(k, v)| format!("{}: {}", plain(k.as_str().unwrap_or("?")), cell(v)))
                .collect();
            parts.join("<br>")
        }
        other => code(serde_yaml::to_string(other).unwrap_or_default().trim()),
    }
}

/// One argument as a shell would need it.
fn shell_word(value: &Value) -> String {
    let text = match value {
        Value::String(s) => s.clone(),
        other => serde_yaml::to_string(other).unwrap_or_default().trim().to_string(),
    };
    let bare = !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || "-_./:=,+@%".contains(c));
    if bare { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}
