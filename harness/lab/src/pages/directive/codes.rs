//! The error catalogs, as the tools themselves know them.

use logger::ErrorCode;

use crate::pages::engine::{Page, Trouble};
use crate::pages::markdown::{code, plain, table};
use crate::pages::nearest::suggestion;

/// Every crate that has a catalog: the very statics that its tools print from.
fn catalogs() -> Vec<(&'static str, &'static [&'static ErrorCode])> {
    vec![
        ("logger", logger::CATALOG),
        ("framing", framing::catalog::CATALOG),
        ("event_loop", event_loop::CATALOG),
        ("epoll_http", epoll_http::CATALOG),
        ("worker_pool", worker_pool::CATALOG),
        ("backpressure", backpressure::CATALOG),
        ("lab", crate::error::CATALOG),
    ]
}

/// `codes [crate]`
pub(super) fn codes(_page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let all = catalogs();
    if !argument.is_empty() && all.iter().all(|(name, _)| *name != argument) {
        let near = suggestion(argument, all.iter().map(|(name, _)| *name));
        return Err(Trouble::Wrong(format!("no catalog `{argument}`; {near}")));
    }
    let chosen = all.iter().filter(|(name, _)| argument.is_empty() || *name == argument);
    let tables: Vec<String> = chosen
        .map(|(name, catalog)| match argument.is_empty() {
            true => format!("### `{name}`\n\n{}", codes_of(catalog)),
            false => codes_of(catalog),
        })
        .collect();
    Ok(tables.join("\n"))
}

fn codes_of(catalog: &[&ErrorCode]) -> String {
    let rows: Vec<Vec<String>> = catalog
        .iter()
        .map(|entry| {
            vec![
                code(entry.code),
                entry.exit.number().to_string(),
                plain(entry.meaning),
                plain(entry.way_out),
            ]
        })
        .collect();
    table(&["Code", "Exit", "What happened", "What to do"], &rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_in_a_sentence_is_code_and_the_rest_is_text() {
        assert_eq!(plain("run `cargo lab --dir x`, or wait"), "run `cargo lab --dir x`, or wait");
        assert_eq!(plain("with `a` `b` or <c>"), "with `a` `b` or &lt;c&gt;");
        assert_eq!(plain("say --help"), "say \\--help");
    }

    #[test]
    fn every_sentence_of_every_catalog_closes_its_code() {
        for (_, catalog) in catalogs() {
            for entry in catalog {
                for text in [entry.meaning, entry.way_out] {
                    assert_eq!(text.matches('`').count() % 2, 0, "{}: {text}", entry.code);
                }
            }
        }
    }

    #[test]
    fn no_two_failures_share_a_code() {
        let mut seen = std::collections::BTreeSet::new();
        for entry in catalogs().iter().flat_map(|(_, catalog)| catalog.iter()) {
            assert!(seen.insert(entry.code), "{} is there twice", entry.code);
        }
    }
}
