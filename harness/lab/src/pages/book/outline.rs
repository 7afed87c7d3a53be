//! The table of contents: the whole course, with pages that authors wrote and pages that follow from `week.yaml`.
//!
//! `SUMMARY.md` lists what is written. Around it the outline puts what can be derived: a page a week, the days and
//! checkpoint of weeks that are not built, the evidence of those that are, the review of each month.

use std::collections::BTreeMap;

use mdbook_driver::book::{BookItem, Chapter, SectionNumber};

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
    let Sorted { front, back, mut written, .. } = Sorted::of(items);
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
    for (path, page) in written {
        if draft == Draft::Yes {
            out.push(BookItem::Chapter(page));
            continue;
        }
        let what =
            format!("{path} is no page of the course: week.yaml names each day's slug, and is it built?");
        problems.push(Problem::at(SUMMARY, 0, what));
    }
    out.extend(back);
    if problems.is_empty() { Ok(out) } else { Err(problems) }
}

const SUMMARY: &str = "book/src/SUMMARY.md";

/// The chapters of `SUMMARY.md`, by where they belong.
#[derive(Debug, Default)]
struct Sorted {
    /// Before the weeks.
    front: Vec<BookItem>,
    /// After the weeks.
    back: Vec<BookItem>,
    /// Pages of a week or month, by path.
    written: BTreeMap<String, Chapter>,
    /// True once the weeks have begun.
    weeks_begun: bool,
}

impl Sorted {
    fn of(items: Vec<BookItem>) -> Self {
        let mut sorted = Sorted::default();
        for item in items {
            sorted.take(item);
        }
        sorted
    }

    fn take(&mut self, item: BookItem) {
        let BookItem::Chapter(mut chapter) = item else {
            // A title or a line divides SUMMARY.md for its reader; the book has its own months.
            self.weeks_begun |= matches!(item, BookItem::PartTitle(_));
            return;
        };
        let path = chapter.path.as_ref().map(|p| p.to_string_lossy().into_owned());
        match path {
            Some(path) if path.starts_with("week-") || path.starts_with("month-") => {
                self.weeks_begun = true;
                let below = std::mem::take(&mut chapter.sub_items);
                self.written.insert(path, chapter);
                below.into_iter().for_each(|item| self.take(item));
            }
            // A heading without a page only groups pages.
            None => chapter.sub_items.into_iter().for_each(|item| self.take(item)),
            Some(_) if self.weeks_begun => self.back.push(BookItem::Chapter(chapter)),
            Some(_) => self.front.push(BookItem::Chapter(chapter)),
        }
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
    let mut pages: Vec<BookItem> = Vec::new();
    let mut place = |path: String, name: String, generated: &dyn Fn() -> String| match written.remove(&path) {
        Some(mut page) => {
            page.name = name;
            page.parent_names = parents.clone();
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
    // The numbers are not shown, but the sidebar nests by them.
    let number = u32::from(week.week);
    for (index, item) in (1u32..).zip(&mut pages) {
        if let BookItem::Chapter(page) = item {
            page.number = Some(SectionNumber::new([number, index]));
        }
    }
    overview.name = name;
    overview.number = Some(SectionNumber::new([number]));
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
