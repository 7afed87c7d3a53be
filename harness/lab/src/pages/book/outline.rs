//! The table of contents: the whole course, with pages that authors wrote and pages that follow from `week.yaml`.
//!
//! `SUMMARY.md` lists what is written. Around it the outline puts what can be derived: a page a week, the days and
//! checkpoint of weeks that are not built, the evidence of those that are, the review of each month.

use std::collections::BTreeMap;

use mdbook_driver::book::{BookItem, Chapter};

use super::generated;
use crate::course::Week;
use crate::pages::engine::Context;
use crate::pages::problem::Problem;

/// How to treat what a built week lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Draft {
    /// A built week has all its pages.
    No,
    /// An author is at work: what is not written yet is shown from `week.yaml`.
    Yes,
}

/// Arranges the chapters of `SUMMARY.md` and the generated ones. `source_path` is `None` for a generated chapter.
pub(crate) fn arrange(
    items: Vec<BookItem>,
    context: &Context<'_>,
    draft: Draft,
) -> Result<Vec<BookItem>, Vec<Problem>> {
    let mut front = Vec::new();
    let mut back = Vec::new();
    let mut written: BTreeMap<String, Chapter> = BTreeMap::new();
    for item in items {
        sort(item, &mut front, &mut back, &mut written);
    }
    let mut problems = Vec::new();
    let mut out = front;
    for month in 1..=6u8 {
        let weeks: Vec<&Week> =
            context.course.weeks.iter().map(|(_, w)| w).filter(|w| (w.week - 1) / 4 + 1 == month).collect();
        let Some(last) = weeks.last() else { continue };
        let review = last.month_review.as_ref();
        let title = review.map_or(format!("Month {month}"), |r| format!("Month {month}: {}", r.title));
        out.push(BookItem::PartTitle(title));
        for week in &weeks {
            out.push(BookItem::Chapter(week_chapter(week, context, draft, &mut written, &mut problems)));
        }
        if let Some(review) = review {
            let path = format!("month-{month}.md");
            let name = format!("Review of month {month}");
            let page = match written.remove(&path) {
                Some(page) => page,
                None if last.built && draft == Draft::No => {
                    problems.push(unlisted(&path, last.week, &name));
                    continue;
                }
                None => chapter(&name, generated::month(last, review), &path, Vec::new()),
            };
            out.push(BookItem::Chapter(page));
        }
    }
    for path in written.keys() {
        let what =
            format!("{path} is no page of the course: week.yaml names each day's slug, and is it built?");
        problems.push(Problem::at(SUMMARY, 0, what));
    }
    out.extend(back);
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

const SUMMARY: &str = "book/src/SUMMARY.md";

/// Puts a chapter with its place: a page of a week or month, or before or after those.
fn sort(
    item: BookItem,
    front: &mut Vec<BookItem>,
    back: &mut Vec<BookItem>,
    written: &mut BTreeMap<String, Chapter>,
) {
    match item {
        BookItem::Chapter(mut chapter) => {
            let path = chapter.path.as_ref().map(|p| p.to_string_lossy().replace('\\', "/"));
            match path {
                Some(path) if path.starts_with("week-") || path.starts_with("month-") => {
                    for item in std::mem::take(&mut chapter.sub_items) {
                        sort(item, front, back, written);
                    }
                    written.insert(path, chapter);
                }
                // A heading without a page only groups pages in SUMMARY.md.
                None => {
                    for item in chapter.sub_items {
                        sort(item, front, back, written);
                    }
                }
                Some(_) if written.is_empty() => front.push(BookItem::Chapter(chapter)),
                Some(_) => back.push(BookItem::Chapter(chapter)),
            }
        }
        BookItem::PartTitle(_) | BookItem::Separator => {}
    }
}

fn week_chapter(
    week: &Week,
    context: &Context<'_>,
    draft: Draft,
    written: &mut BTreeMap<String, Chapter>,
    problems: &mut Vec<Problem>,
) -> Chapter {
    let folder = format!("week-{:02}", week.week);
    let planned = if week.built { "" } else { " (planned)" };
    let short = week.title.split(':').next().unwrap_or(&week.title);
    let name = format!("Week {}: {short}{planned}", week.week);
    let parents = vec![name.clone()];
    let mut pages = Vec::new();
    let mut place = |path: String, name: String, generated: &dyn Fn() -> String| match written.remove(&path) {
        Some(mut page) => {
            page.name = name;
            page.parent_names = parents.clone();
            page.number = None;
            pages.push(BookItem::Chapter(page));
        }
        None if week.built && draft == Draft::No => problems.push(unlisted(&path, week.week, &name)),
        None => pages.push(BookItem::Chapter(chapter(&name, generated(), &path, parents.clone()))),
    };
    for day in &week.days {
        let path = format!("{folder}/day-{}-{}.md", day.day, day.slug);
        place(path, format!("{}.{} {}", week.week, day.day, day.title), &|| generated::day(week, day));
    }
    place(format!("{folder}/checkpoint.md"), format!("Checkpoint {}", week.week), &|| {
        generated::checkpoint(week)
    });
    if let Some(evidence) = generated::evidence(week, context.shelf) {
        let path = format!("{folder}/evidence.md");
        pages.push(BookItem::Chapter(chapter(
            &format!("Evidence {}", week.week),
            evidence,
            &path,
            parents.clone(),
        )));
    }
    let mut overview = match written.remove(&format!("{folder}/index.md")) {
        Some(page) => page,
        None => chapter(&name, generated::week(week, context), &format!("{folder}/index.md"), Vec::new()),
    };
    overview.name = name;
    overview.number = None;
    overview.sub_items = pages;
    overview
}

fn chapter(name: &str, content: String, path: &str, parents: Vec<String>) -> Chapter {
    let mut chapter = Chapter::new(name, content, path, parents);
    chapter.source_path = None;
    chapter
}

fn unlisted(path: &str, week: u8, name: &str) -> Problem {
    let what = format!("week {week} is built, and its page is not listed; add `- [{name}]({path})`");
    Problem::at(SUMMARY, 0, what)
}
