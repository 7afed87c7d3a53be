//! The error catalogs, as the tools themselves know them.

use logger::ErrorCode;

use crate::pages::engine::{Page, Trouble};
use crate::pages::markdown::{code, plain, table};
use crate::pages::nearest::suggestion;

/// Every crate that has a catalog: the very statics that its tools print from.
fn catalogs() -> Vec<(&'static str, &'static [&'static ErrorCode])> {
    vec![("lab", crate::error::CATALOG)]
}

/// `codes [crate]`
pub(super) fn codes(_page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let all = catalogs();
    if !argument.is_empty() && all.iter().all(|(name, _)| *name != argument) {
        let near = suggestion(argument, all.iter().map(|(name, _)| *name));
        return Err(Trouble::Wrong(format!("no catalog `{argument}`; {near}")));
    }
    let chosen = all.iter().filter(|(name, _)| argument.is_empty() || *name == argument);
    let rows: Vec<Vec<String>> = chosen
        .flat_map(|(_, catalog)| catalog.iter())
        .map(|entry| {
            vec![code(entry.code), (entry.exit as u8).to_string(), plain(entry.meaning), plain(entry.way_out)]
        })
        .collect();
    Ok(table(&["Code", "Exit", "What happened", "What to do"], &rows))
}
