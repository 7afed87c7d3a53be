//! What each directive writes. One table of names, one function each; all of them write Markdown.
//!
//! | directive | writes |
//! | --- | --- |
//! | `value <record> <path>` | one number or word, with its unit; may stand inside a sentence |
//! | `criteria <record>` · `facts <record> <id>` · `series <record> <measurement>` · `ratios <record> [ids]` | tables |
//! | `chart <record> <measurement> [percentiles\|bars\|time] [fact]` · `chart <record> ratios [ids]` | a drawing |
//! | `drill <record>` · `status <record>` · `environment <record>` | the account, the verdict line, the machine |
//! | `brief 2.3` · `holes 2.3` · `selfcheck 2.3` · `output 2.3` · `checkpoint 2` | a day or week from its data |
//! | `review 1` · `diagram month-1-demo/diagram.svg` | a month from its data, the drawing of its system |
//! | `board` · `codes [crate]` · `cases <file> [columns]` | the course, the error catalogs, a table from test data |

pub(super) mod account;
pub(super) mod board;
mod cases;
mod codes;
pub(super) mod drawing;
pub(super) mod month;
pub(super) mod records;
pub(super) mod week;

use evidence::{Record, Verdict};

use super::chart::Setting;
use super::engine::{Page, Trouble, not_yet};
use super::nearest::suggestion;
use super::shelf;

/// What a directive is given: its page and the words after its name.
type Answer = fn(&mut Page<'_>, &str) -> Result<String, Trouble>;

const DIRECTIVES: [(&str, Answer); 19] = [
    ("value", value),
    ("criteria", records::criteria),
    ("facts", records::facts),
    ("series", records::series),
    ("ratios", records::ratios),
    ("environment", records::environment),
    ("chart", drawing::chart),
    ("drill", account::drill),
    ("status", account::status),
    ("brief", week::brief),
    ("holes", week::holes),
    ("selfcheck", week::selfcheck),
    ("output", week::output),
    ("checkpoint", week::checkpoint),
    ("review", month::review),
    ("diagram", month::diagram),
    ("board", board::board),
    ("codes", codes::codes),
    ("cases", cases::cases),
];

/// The text of `{{#lab argument}}`.
pub(super) fn answer(
    page: &mut Page<'_>,
    argument: &str,
    in_code: bool,
    alone: bool,
) -> Result<String, Trouble> {
    let (name, rest) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
    let Some((_, directive)) = DIRECTIVES.iter().find(|(n, _)| *n == name) else {
        let names = DIRECTIVES.iter().map(|(n, _)| *n);
        return Err(Trouble::Wrong(format!("no directive `{name}`; {}", suggestion(name, names))));
    };
    if name != "value" && (in_code || !alone) {
        let place = if in_code { "cannot stand in a code fence" } else { "stands on a line of its own" };
        return Err(Trouble::Wrong(format!("`{name}` {place}; only `value` may stand inside a text")));
    }
    match directive(page, rest.trim()) {
        Err(Trouble::NotYet(text)) => Err(Trouble::NotYet(if in_code { text } else { not_yet(&text) })),
        other => other,
    }
}

/// `value week-02/bench decode/ours.p99`
fn value(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let (id, path) = two(argument, "value <record> <path>")?;
    let entry = page.record(id)?;
    let values = shelf::values(&entry.record);
    values.get(path).cloned().ok_or_else(|| {
        let near = suggestion(path, values.keys().map(String::as_str));
        lacking(&entry.record, format!("no value `{path}` in {id}; {near}"))
    })
}

/// What to say of something that a record does not hold. A record of a pass holds everything that its pages speak of,
/// so it is the page's mistake. A run that did not pass may have ended before: a gate test that panics hands back no
/// facts, a drill that dies no account. The page is right and the run was not, so the failure must not also keep its
/// own report from being written.
fn lacking(record: &Record, what: String) -> Trouble {
    match record.finding.verdict {
        Verdict::Passed => Trouble::Wrong(what),
        verdict => Trouble::NotYet(format!("not shown: {} {verdict}", record.id)),
    }
}

/// The first word and the rest, both there.
fn two<'t>(argument: &'t str, usage: &str) -> Result<(&'t str, &'t str), Trouble> {
    match argument.split_once(char::is_whitespace) {
        Some((first, rest)) if !rest.trim().is_empty() => Ok((first, rest.trim())),
        _ => Err(Trouble::Wrong(format!("write it as `{usage}`"))),
    }
}

/// The one word that a directive takes.
fn one<'t>(argument: &'t str, usage: &str) -> Result<&'t str, Trouble> {
    if argument.is_empty() || argument.contains(char::is_whitespace) {
        return Err(Trouble::Wrong(format!("write it as `{usage}`")));
    }
    Ok(argument)
}

/// Says once a page that records shown on it are no longer about the present source.
pub(super) fn stale_banner(stale: &[(&str, usize)], setting: Setting) -> String {
    let names: Vec<String> = stale
        .iter()
        .map(|(id, inputs)| {
            format!("`{id}` ({inputs} {} moved on)", if *inputs == 1 { "input has" } else { "inputs have" })
        })
        .collect();
    let text = format!(
        "**Stale:** {}. What was recorded is true of its commit, not of the present source; `cargo lab run` records anew.",
        names.join(", "),
    );
    match setting {
        Setting::Inline => format!("<div class=\"lab-stale\" role=\"note\">\n\n{text}\n\n</div>"),
        Setting::File => format!("> {text}"),
    }
}
