//! A month from its data: what its review asks, and the drawing of its system.

use super::one;
use crate::course::{MonthReview, Output, WEEKS_A_MONTH};
use crate::pages::chart::Setting;
use crate::pages::diagram::Drawing;
use crate::pages::engine::{Page, Trouble};
use crate::pages::markdown::{code, one_line, plain, table};

/// `review 1`
pub(super) fn review(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let argument = one(argument, "review <month>")?;
    let reviews = page.context.course.weeks.iter().filter_map(|(_, week)| week.month_review.as_ref());
    let review = reviews.into_iter().find(|review| review.month.to_string() == argument);
    Ok(review_text(review.ok_or_else(|| no_month(argument))?))
}

/// The month in brief.
pub(in crate::pages) fn review_text(review: &MonthReview) -> String {
    let place = |file: &String| code(&format!("evidence/month-{}-demo/{file}", review.month));
    let files: Vec<String> = review.artifacts.iter().map(place).collect();
    table(
        &["The month in brief", ""],
        &[
            vec!["Objective".into(), one_line(&review.objective)],
            vec!["What stays".into(), one_line(&review.mindset)],
            vec!["What can be built now".into(), one_line(&review.can_build)],
            vec!["What is still open".into(), one_line(&review.risks)],
            vec!["The demo".into(), one_line(&review.demo)],
            vec!["Its files".into(), files.join("<br>")],
        ],
    )
}

/// `diagram month-1-demo/diagram.svg`: a drawing among the month's files, as shapes in the book and as a link beside it.
pub(super) fn diagram(page: &mut Page<'_>, argument: &str) -> Result<String, Trouble> {
    let name = one(argument, "diagram month-1-demo/diagram.svg")?;
    let month = name.strip_prefix("month-").and_then(|rest| rest.split_once("-demo/"));
    let (month, _) = month.filter(|_| Output::of(name) == Output::Svg).ok_or_else(|| {
        Trouble::Wrong(format!("`{name}` is no drawing of a month; write it as `month-1-demo/diagram.svg`"))
    })?;
    let number = month.parse::<u8>().ok().and_then(|month| month.checked_mul(WEEKS_A_MONTH));
    let week = number.and_then(|number| page.context.course.week(number).ok());
    let (folder, _) = week.ok_or_else(|| no_month(month))?;
    let source = Output::source(folder, name);
    let below = source.strip_prefix(page.context.root).unwrap_or(&source).display().to_string();
    let drawing = Drawing::read(&source, &below).map_err(|problem| Trouble::Wrong(problem.to_string()))?;
    Ok(match page.context.setting {
        Setting::Inline => drawing.figure(),
        Setting::File => {
            let folder =
                page.place.split_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
            let link = match name.strip_prefix(&folder) {
                Some(beside) => beside.to_string(),
                None => format!("{}{name}", page.to_top()),
            };
            format!("![{}]({link})", plain(drawing.title()))
        }
    })
}

fn no_month(argument: &str) -> Trouble {
    Trouble::Wrong(format!("there is no month `{argument}`, months are 1 to 6"))
}
