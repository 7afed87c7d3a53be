//! Where a deliverable is written: the file below a week's `outputs/` that a file of the evidence folder is made from.
//!
//! | deliverable | written in | becomes |
//! | --- | --- | --- |
//! | `day1-spec.md`, `month-1-demo/README.md` | the same name | the page with its directives answered |
//! | `month-1-demo/diagram.svg`, `….png` | `month-1-demo/diagram.txt` | the drawing, as shapes or on paper |

use std::path::{Path, PathBuf};

/// What a deliverable is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// A page.
    Page,
    /// A text drawing, to be delivered as shapes.
    Svg,
    /// A text drawing, to be delivered as a picture.
    Png,
}

impl Output {
    /// What a deliverable of this name is.
    pub fn of(name: &str) -> Output {
        match name.rsplit_once('.') {
            Some((_, "svg")) => Output::Svg,
            Some((_, "png")) => Output::Png,
            _ => Output::Page,
        }
    }

    /// Where a deliverable of a week lies below the evidence folder: with the week, or in the month's demo folder when
    /// its name says so.
    pub fn place(week: u8, name: &str) -> String {
        if name.starts_with("month-") { name.to_owned() } else { format!("week-{week:02}/{name}") }
    }

    /// The file that it is made from, whether it is there or not.
    pub fn source(folder: &Path, name: &str) -> PathBuf {
        let path = folder.join("outputs").join(name);
        match Output::of(name) {
            Output::Page => path,
            Output::Svg | Output::Png => path.with_extension("txt"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_has_a_folder_of_its_own() {
        assert_eq!(Output::place(4, "day1-spec.md"), "week-04/day1-spec.md");
        assert_eq!(Output::place(4, "month-1-demo/README.md"), "month-1-demo/README.md");
    }

    #[test]
    fn a_drawing_is_written_as_text_and_a_page_under_its_own_name() {
        let source = |name: &str| Output::source(Path::new("week"), name);
        assert_eq!(source("day1-spec.md"), Path::new("week/outputs/day1-spec.md"));
        for picture in ["month-1-demo/diagram.svg", "month-1-demo/diagram.png"] {
            assert_eq!(source(picture), Path::new("week/outputs/month-1-demo/diagram.txt"));
        }
    }
}
