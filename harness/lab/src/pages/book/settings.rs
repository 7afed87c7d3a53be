//! `book.toml`, read strictly: mdbook passes over what it does not know below `output.html`, and so loses a setting.

use std::path::Path;

use mdbook_driver::config::HtmlConfig;

use crate::pages::nearest::suggestion;
use crate::pages::problem::Problem;

/// Keys of `[preprocessor.lab]` that mean something: mdbook's own, and `draft`, which is `lab book --draft`.
const PREPROCESSOR_KEYS: [&str; 6] = ["command", "after", "before", "optional", "renderers", "draft"];

/// What is wrong with the settings, each with its line.
pub(crate) fn check(file: &str, text: &str, book_root: &Path) -> Vec<Problem> {
    let table: toml::Table = match text.parse() {
        Ok(table) => table,
        Err(e) => {
            let line =
                e.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            return vec![Problem::at(file, line, e.message())];
        }
    };
    let mut problems = Vec::new();
    let mut refuse = |key: &str, what: String| problems.push(Problem::at(file, line_of(text, key), what));
    let section = |name: &str| table.get(name).and_then(toml::Value::as_table);

    for (name, _) in section("output").into_iter().flatten().filter(|(name, _)| *name != "html") {
        refuse(name, format!("unknown output `{name}`; {}", suggestion(name, ["html"])));
    }
    for (name, value) in section("preprocessor").into_iter().flatten() {
        if name != "lab" {
            refuse(name, format!("unknown preprocessor `{name}`; {}", suggestion(name, ["lab"])));
            continue;
        }
        for (key, _) in value.as_table().into_iter().flatten() {
            if !PREPROCESSOR_KEYS.contains(&key.as_str()) {
                refuse(key, format!("unknown key `{key}`; {}", suggestion(key, PREPROCESSOR_KEYS)));
            }
        }
    }
    let Some(html) = section("output").and_then(|o| o.get("html")) else { return problems };
    match html.clone().try_into::<HtmlConfig>() {
        // The message names the key that is not known, in backticks, and those that are.
        Err(e) => {
            let what = e.message().to_string();
            let key = what.split('`').nth(1).unwrap_or("output.html").to_string();
            let known: Vec<String> = what.split('`').skip(3).step_by(2).map(str::to_string).collect();
            let near = suggestion(&key, known.iter().map(String::as_str));
            refuse(&key, format!("{}; {near}", what.split(',').next().unwrap_or(&what)));
        }
        Ok(config) => {
            let files = config.additional_css.iter().chain(&config.additional_js).chain(&config.theme);
            for path in files.filter(|path| !book_root.join(path).exists()) {
                let path = path.display().to_string();
                refuse(&path, format!("{path} does not exist"));
            }
        }
    }
    problems
}

/// The line that speaks of a key; 0 where none does.
fn line_of(text: &str, key: &str) -> usize {
    text.lines()
        .position(|line| !line.trim_start().starts_with('#') && line.contains(key))
        .map_or(0, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        check("book/book.toml", text, Path::new("/")).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_key_that_mdbook_would_pass_over_is_named_with_its_line() {
        let found = problems("[book]\n[output.html]\ndefault-theem = \"light\"\n");
        assert_eq!(found, ["book/book.toml:3: unknown field `default-theem`; did you mean default-theme?"]);
    }

    #[test]
    fn a_misspelt_section_is_named() {
        assert!(problems("[output.htm]\n")[0].contains(":1: unknown output `htm`; did you mean html?"));
        assert!(problems("[preprocessor.lab]\ncomand = 1\n")[0].contains("did you mean command?"));
        assert!(problems("[output.html.print]\nenabled = true\n")[0].contains(":2: unknown field `enabled`"));
    }

    #[test]
    fn a_theme_that_is_not_there_is_named() {
        assert!(problems("[output.html]\ntheme = \"no-such\"\n")[0].contains("no-such does not exist"));
        assert_eq!(problems("[output.html]\ntheme = \"tmp\"\n"), [""; 0]);
    }
}
