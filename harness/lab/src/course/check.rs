//! What the schema's types cannot say about a `week.yaml`: counts, references, names that become paths.
//!
//! Each rule is one line that names the text at fault, so that the loader can point at its line and column.

use std::collections::BTreeSet;

use super::{DAYS, Hole, WEEKS, WEEKS_A_MONTH, Week, Wrong};

/// A broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// The text at fault as it stands in the file; empty where something is missing.
    pub at: String,
    /// The rule, as a sentence.
    pub what: String,
}

type Checked = Result<(), Misfit>;

fn rule(holds: bool, at: impl Into<String>, what: impl Into<String>) -> Checked {
    if holds { Ok(()) } else { Err(Misfit { at: at.into(), what: what.into() }) }
}

/// Holds a week's data against every rule that concerns it alone.
pub fn week(week: &Week, folder: &str) -> Checked {
    let number = week.week;
    rule((1..=WEEKS).contains(&number), "week:", format!("week is {number}, not 1 to {WEEKS}"))?;
    let expected = format!("week-{number:02}-");
    rule(folder.starts_with(&expected), "week:", format!("week {number} lies in the folder `{folder}`"))?;
    rule(word(&week.library.replace('_', "-")), &week.library, "the library's name is not a word")?;
    days(week)?;
    holes(week)?;
    gate(week)?;
    unique("wrong variant", week.wrong.iter().map(|wrong| wrong.id.as_str()))?;
    week.wrong.iter().try_for_each(|wrong| wrong_variant(week, wrong))?;
    id("drill", &week.drill.id)?;
    month_review(week)?;
    if week.built { complete(week) } else { Ok(()) }
}

fn days(week: &Week) -> Checked {
    let numbers: Vec<u8> = week.days.iter().map(|day| day.day).collect();
    rule(
        numbers.iter().copied().eq(1..=DAYS),
        "days:",
        format!("a week has days 1 to {DAYS} in order, here {numbers:?}"),
    )?;
    unique("slug", week.days.iter().map(|day| day.slug.as_str()))?;
    unique("deliverable", week.days.iter().flat_map(|day| &day.deliverables).map(String::as_str))?;
    for day in &week.days {
        rule(word(&day.slug), &day.slug, format!("the slug `{}` is not made of lower-case words", day.slug))?;
        rule(
            day.learn.len() == 3,
            &day.title,
            format!("day {} has {} things to learn, not 3", day.day, day.learn.len()),
        )?;
        rule(!day.self_check.is_empty(), &day.title, format!("day {} asks nothing", day.day))?;
        rule(!day.deliverables.is_empty(), &day.title, format!("day {} leaves nothing behind", day.day))?;
        let minutes = &day.minutes;
        rule(
            minutes.learn.min(minutes.work).min(minutes.prove) > 0,
            &day.title,
            format!("day {} has a part of 0 minutes", day.day),
        )?;
        for name in &day.deliverables {
            let file = match name.split_once('/') {
                Some((folder, file)) => {
                    let demo = format!("month-{}-demo", number_of_month(week.week));
                    rule(
                        folder == demo,
                        name,
                        format!("the deliverable `{name}` is outside the week's folder and `{demo}/`"),
                    )?;
                    file
                }
                None => name,
            };
            rule(file_name(file), name, format!("the deliverable `{name}` is not a safe file name"))?;
        }
        for hole in &day.holes {
            rule(
                week.holes.iter().any(|h| h.id == *hole),
                hole,
                format!("day {} names the hole `{hole}`, which is not there", day.day),
            )?;
        }
    }
    unique("hole of a day", week.days.iter().flat_map(|day| &day.holes).map(String::as_str))
}

fn holes(week: &Week) -> Checked {
    unique("hole", week.holes.iter().map(|hole| hole.id.as_str()))?;
    for Hole { id: name, file, checks, hints, .. } in &week.holes {
        id("hole", name)?;
        rule(
            relative_path(file),
            file,
            format!("the hole `{name}` lies in `{file}`, which is no path below the week's folder"),
        )?;
        rule(
            hints.len() == 3 && hints.iter().all(|hint| !hint.trim().is_empty()),
            name,
            format!("the hole `{name}` has not exactly three hints"),
        )?;
        rule(!checks.is_empty(), name, format!("the hole `{name}` has no check"))?;
        checks.iter().try_for_each(|check| test_name(check))?;
    }
    Ok(())
}

fn gate(week: &Week) -> Checked {
    let criteria = &week.gate.criteria;
    unique("criterion", criteria.iter().map(|criterion| criterion.id.as_str()))?;
    unique("gate test", criteria.iter().map(|criterion| criterion.test.as_str()))?;
    for criterion in criteria {
        id("criterion", &criterion.id)?;
        rule(
            test_path(&criterion.test),
            &criterion.test,
            format!("`{}` is not a test's name", criterion.test),
        )?;
        known_hole(week, &criterion.hole)?;
    }
    Ok(())
}

fn wrong_variant(week: &Week, wrong: &Wrong) -> Checked {
    id("wrong variant", &wrong.id)?;
    known_hole(week, &wrong.hole)?;
    test_name(&wrong.caught_by)?;
    rule(
        wrong.replace.as_ref().is_none_or(|text| !text.trim().is_empty()),
        &wrong.id,
        format!("`{}` replaces nothing", wrong.id),
    )
}

fn month_review(week: &Week) -> Checked {
    match &week.month_review {
        None => rule(
            !week.week.is_multiple_of(WEEKS_A_MONTH),
            "week:",
            format!("week {} closes a month and has no month_review", week.week),
        ),
        Some(review) => {
            let fits = week.week.is_multiple_of(WEEKS_A_MONTH) && review.month == number_of_month(week.week);
            rule(fits, "month_review:", format!("week {} does not close month {}", week.week, review.month))?;
            unique("artifact", review.artifacts.iter().map(String::as_str))?;
            review.artifacts.iter().try_for_each(|name| {
                rule(file_name(name), name, format!("the artifact `{name}` is not a safe file name"))
            })
        }
    }
}

/// What a week that says `built: true` must have.
fn complete(week: &Week) -> Checked {
    let built = |holds: bool, at: &str, what: &str| rule(holds, at, format!("a built week {what}"));
    built(!week.gate.criteria.is_empty(), "gate:", "has gate criteria")?;
    built(week.bench.is_some(), "built:", "has a bench")?;
    built(!week.holes.is_empty(), "built:", "has holes")?;
    built(week.wrong.len() >= 3, "built:", "has at least three wrong variants")?;
    for hole in &week.holes {
        let placed = week.days.iter().any(|day| day.holes.contains(&hole.id));
        built(placed, &hole.id, &format!("gives each hole to a day, and `{}` has none", hole.id))?;
    }
    for question in week.days.iter().flat_map(|day| &day.self_check) {
        built(
            !question.a.trim().is_empty(),
            &question.q,
            &format!("answers its questions, and not `{}`", question.q),
        )?;
    }
    Ok(())
}

/// The month that a week belongs to, 1 to 6.
pub fn number_of_month(week: u8) -> u8 {
    week.div_ceil(WEEKS_A_MONTH)
}

fn known_hole(week: &Week, hole: &str) -> Checked {
    rule(week.holes.iter().any(|h| h.id == hole), hole, format!("there is no hole `{hole}`"))
}

fn unique<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Checked {
    let mut seen = BTreeSet::new();
    for name in names {
        rule(seen.insert(name), name, format!("the {what} `{name}` is there twice"))?;
    }
    Ok(())
}

/// An id is words: `framing.reject-oversize`.
fn id(what: &str, text: &str) -> Checked {
    let words = text.split('.').count() >= 2 && text.split('.').all(word);
    rule(words, text, format!("`{text}` is no id for a {what}: words like `framing.reject-oversize`"))
}

/// A test as `week.yaml` writes it: `binary test::path`.
fn test_name(text: &str) -> Checked {
    let fits = text.split_once(' ').is_some_and(|(binary, test)| test_path(binary) && test_path(test));
    rule(
        fits,
        text,
        format!("`{text}` names no test: `gate oversize_is_refused`, or `framing decoder::tests::splits`"),
    )
}

fn test_path(text: &str) -> bool {
    !text.is_empty()
        && text.split("::").all(|part| {
            part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        })
}

/// Lower-case words joined by single hyphens, the first beginning with a letter.
fn word(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        })
}

/// A file name that is the same on every system and cannot leave its folder.
fn file_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
        && text.contains('.')
}

/// A path that stays below its folder.
fn relative_path(text: &str) -> bool {
    !text.is_empty()
        && text.split('/').all(|part| !part.is_empty() && part != "." && part != ".." && !part.contains('\\'))
}
