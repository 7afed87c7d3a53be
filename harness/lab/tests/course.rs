//! The real course keeps the rules of the house. What any `week.yaml` must satisfy is checked when it is loaded
//! (`course/check.rs`); this file says what must hold between the 24 weeks and the plan that they fill.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use lab::course::{Course, Week};

/// Folder and library of every week, as every other part of the house names them.
const HOUSE: [(&str, &str); 24] = [
    ("week-01-logger", "logger"),
    ("week-02-framing", "framing"),
    ("week-03-event-loop", "event_loop"),
    ("week-04-epoll-http", "epoll_http"),
    ("week-05-worker-pool", "worker_pool"),
    ("week-06-backpressure", "backpressure"),
    ("week-07-hashing", "hashing"),
    ("week-08-envelope", "envelope"),
    ("week-09-kv", "kv"),
    ("week-10-wal", "wal"),
    ("week-11-replication", "replication"),
    ("week-12-election", "election"),
    ("week-13-cas", "cas"),
    ("week-14-merkle", "merkle"),
    ("week-15-transparency-log", "transparency_log"),
    ("week-16-monitor", "monitor"),
    ("week-17-documents", "documents"),
    ("week-18-anchoring", "anchoring"),
    ("week-19-offline-bundle", "offline_bundle"),
    ("week-20-chaos", "chaos"),
    ("week-21-slo", "slo"),
    ("week-22-threat-model", "threat_model"),
    ("week-23-portfolio", "portfolio"),
    ("week-24-rehearsal", "rehearsal"),
];

fn course() -> Vec<(PathBuf, Week)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("lab lies two folders below the root");
    Course::load(root).unwrap_or_else(|failure| panic!("{failure}")).weeks
}

/// The file of a deliverable below `evidence/`.
fn file_of(week: &Week, name: &str) -> String {
    if name.contains('/') { name.to_string() } else { format!("week-{:02}/{name}", week.week) }
}

#[test]
fn all_24_weeks_lie_in_their_folders_under_their_library_names() {
    let found: Vec<(String, String)> = course()
        .iter()
        .map(|(folder, week)| {
            (
                folder.file_name().expect("a folder has a name").to_string_lossy().into_owned(),
                week.library.clone(),
            )
        })
        .collect();
    let house: Vec<(String, String)> = HOUSE.iter().map(|(f, l)| (f.to_string(), l.to_string())).collect();
    assert_eq!(found, house);
}

#[test]
fn every_day_says_something_in_every_part() {
    for (_, week) in course() {
        for day in &week.days {
            let at = format!("day {}.{}", week.week, day.day);
            for text in [&day.task, &day.constraint, &day.prove, &day.why] {
                assert!(text.split_whitespace().count() >= 5, "{at}: `{text}` says too little");
            }
            assert!(day.self_check.len() <= 5, "{at}: a self-check has at most five questions");
            assert!(
                day.self_check.iter().all(|q| q.q.ends_with('?')),
                "{at}: a question ends in a question mark"
            );
        }
        assert!(!week.checkpoint.show.is_empty(), "week {}: nothing to show", week.week);
        assert!(!week.checkpoint.reflect.is_empty(), "week {}: nothing to reflect on", week.week);
    }
}

#[test]
fn a_day_takes_two_hours_and_the_last_one_twice_that() {
    for (_, week) in course() {
        for day in &week.days {
            let total = day.minutes.learn + day.minutes.work + day.minutes.prove;
            assert_eq!(total, if day.day == 6 { 260 } else { 130 }, "day {}.{}", week.week, day.day);
        }
    }
}

#[test]
fn no_two_deliverables_of_the_course_share_a_file() {
    let mut files = BTreeSet::new();
    for (_, week) in course() {
        for name in week.days.iter().flat_map(|day| &day.deliverables) {
            assert!(files.insert(file_of(&week, name)), "week {}: `{name}` is there twice", week.week);
        }
    }
    assert!(files.len() >= 144, "{} deliverables for 144 days", files.len());
}

#[test]
fn a_deliverable_of_a_week_names_its_day() {
    for (_, week) in course() {
        for day in &week.days {
            for name in day.deliverables.iter().filter(|name| !name.contains('/') && *name != "README.md") {
                assert!(
                    name.starts_with(&format!("day{}-", day.day)),
                    "day {}.{}: `{name}`",
                    week.week,
                    day.day
                );
            }
        }
    }
}

#[test]
fn the_last_day_of_a_month_files_the_artifacts_that_its_review_lists() {
    for (_, week) in course() {
        let Some(review) = &week.month_review else { continue };
        let folder = format!("month-{}-demo/", review.month);
        let filed: Vec<&str> =
            week.days[5].deliverables.iter().filter_map(|name| name.strip_prefix(&folder)).collect();
        assert!(!filed.is_empty(), "month {}: the last day leaves nothing in `{folder}`", review.month);
        for name in filed {
            assert!(
                review.artifacts.iter().any(|a| a == name),
                "month {}: `{name}` is not an artifact",
                review.month
            );
        }
        assert!(
            review.artifacts.iter().any(|a| a == "README.md"),
            "month {}: a demo explains itself",
            review.month
        );
        assert!(
            review.artifacts.iter().any(|a| a == "diagram.svg"),
            "month {}: a demo has its diagram",
            review.month
        );
    }
}

#[test]
fn ids_live_in_the_name_space_of_their_week() {
    for (_, week) in course() {
        let space = format!("{}.", week.library.replace('_', "-"));
        let holes = week.holes.iter().map(|h| &h.id);
        let wrong = week.wrong.iter().map(|w| &w.id);
        let criteria = week.gate.criteria.iter().map(|c| &c.id);
        for id in holes.chain(wrong).chain(criteria).chain([&week.drill.id]) {
            assert!(id.starts_with(&space), "week {}: `{id}` is not in `{space}`", week.week);
        }
    }
}

#[test]
fn the_readme_and_the_map_show_every_week() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .expect("lab lies two folders below the root");
    let read =
        |file: &str| std::fs::read_to_string(root.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    let (readme, map) = (read("README.md"), read("book/src/map.svg"));
    for (folder, library) in HOUSE {
        assert!(
            readme.contains(&format!("[{library}](weeks/{folder})")),
            "README.md does not lead to {folder}"
        );
        assert!(map.contains(&format!(">{library}</text>")), "book/src/map.svg does not show `{library}`");
    }
}
