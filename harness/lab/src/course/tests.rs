//! Every rule of a `week.yaml`, broken once; and the place that the message points at.

use super::*;

/// A built week in which everything fits.
fn good() -> String {
    let mut text = String::from(
        "week: 2\nlibrary: framing\ntitle: Framing\ntheme: t\nwhy: w\nnew: n\nreinforces: r\nbuilt: true\ndays:\n",
    );
    for day in 1..=6 {
        text.push_str(&format!(
            "  - day: {day}\n    title: Title {day}\n    slug: slug-{day}\n    learn: [a, b, c]\n    task: t\n    constraint: c\n    \
             prove: p\n    why: w\n    minutes: {{ learn: 30, work: 80, prove: 20 }}\n    deliverables: [day{day}-x.md]\n    \
             self_check: [{{ q: Question {day}, a: answer }}]\n    holes: [{}]\n",
            if day == 3 { "framing.limit" } else { "" }
        ));
    }
    text.push_str(
        "checkpoint: { show: [s], reflect: [r] }\ngate:\n  claim: c\n  criteria:\n    - id: framing.oversize\n      claim: c\n      \
         test: oversize_is_refused\n      hole: framing.limit\ndrill: { id: framing.disconnect, claim: c }\n\
         bench: { claim: c, peer: p }\nholes:\n  - id: framing.limit\n    file: src/decoder.rs\n    task: t\n    \
         checks: [gate oversize_is_refused]\n    hints: [one, two, three]\nwrong:\n",
    );
    for variant in ["framing.off-by-one", "framing.no-limit", "framing.late"] {
        text.push_str(&format!(
            "  - {{ id: {variant}, hole: framing.limit, mistake: m, with: x, caught_by: gate oversize_is_refused }}\n"
        ));
    }
    text
}

fn read(text: &str) -> Result<Week, String> {
    parse(Path::new("weeks/week-02-framing/week.yaml"), text.as_bytes()).map_err(|failure| failure.what)
}

/// What is said when the one occurrence of `from` becomes `to`.
fn complaint(from: &str, to: &str) -> String {
    let text = good();
    assert_eq!(text.matches(from).count(), 1, "`{from}` must occur once");
    read(&text.replace(from, to)).expect_err(&format!("`{from}` -> `{to}` was accepted"))
}

#[test]
fn a_week_in_which_everything_fits_is_accepted() {
    assert_eq!(read(&good()).unwrap().days.len(), 6);
}

#[test]
fn each_broken_rule_is_named() {
    for (from, to, what) in [
        ("week: 2\n", "week: 3\n", "lies in the folder `week-02-framing`"),
        ("week: 2\n", "week: 25\n", "not 1 to 24"),
        ("library: framing", "library: Framing", "not a word"),
        ("day: 5", "day: 4", "days 1 to 6 in order"),
        ("slug: slug-5", "slug: slug-4", "slug `slug-4` is there twice"),
        ("slug: slug-5", "slug: Slug 5", "lower-case words"),
        ("[day4-x.md]", "[day3-x.md]", "deliverable `day3-x.md` is there twice"),
        ("[day4-x.md]", "[../day4-x.md]", "outside the week's folder"),
        ("[day4-x.md]", "[month-2-demo/x.md]", "outside the week's folder"),
        ("[day4-x.md]", "[.hidden]", "not a safe file name"),
        ("[day4-x.md]", "[]", "leaves nothing behind"),
        ("[framing.limit]", "[framing.limits]", "names the hole `framing.limits`"),
        ("[framing.limit]", "[]", "`framing.limit` has none"),
        ("id: framing.oversize", "id: oversize", "no id for a criterion"),
        ("id: framing.oversize", "id: framing.2nd", "no id for a criterion"),
        ("test: oversize_is_refused", "test: oversize is refused", "not a test's name"),
        ("id: framing.disconnect", "id: Framing.Disconnect", "no id for a drill"),
        ("file: src/decoder.rs", "file: ../decoder.rs", "no path below the week's folder"),
        ("[one, two, three]", "[one, two]", "exactly three hints"),
        ("[one, two, three]", "[one, ' ', three]", "exactly three hints"),
        ("checks: [gate oversize_is_refused]", "checks: [oversize_is_refused]", "names no test"),
        ("checks: [gate oversize_is_refused]", "checks: []", "has no check"),
        ("framing.no-limit", "framing.late", "`framing.late` is there twice"),
        (
            "framing.no-limit, hole: framing.limit",
            "framing.no-limit, hole: framing.gone",
            "no hole `framing.gone`",
        ),
        (
            "framing.late, hole: framing.limit, mistake: m,",
            "framing.late, hole: framing.limit, mistake: m, replace: '',",
            "replaces nothing",
        ),
        ("q: Question 4, a: answer", "q: Question 4", "answers its questions, and not `Question 4`"),
        ("bench: { claim: c, peer: p }\n", "", "has a bench"),
        (
            "built: true",
            "built: true\nmonth_review: { month: 1, title: t, objective: o, mindset: m, can_build: c, risks: r, demo: d, artifacts: [] }",
            "does not close month 1",
        ),
    ] {
        let said = complaint(from, to);
        assert!(said.contains(what), "`{from}` -> `{to}` said: {said}");
    }
}

#[test]
fn two_wrong_variants_are_too_few() {
    let text = good();
    let cut = text.lines().filter(|line| !line.contains("framing.late")).collect::<Vec<_>>().join("\n");
    assert!(read(&cut).unwrap_err().contains("at least three wrong variants"));
}

#[test]
fn a_syntax_error_has_line_and_column() {
    let said = complaint("title: Framing\n", "title: Framing\ncolour: red\n");
    assert!(said.starts_with("weeks/week-02-framing/week.yaml:4:1: "), "{said}");
    assert!(said.contains("unknown field `colour`"), "{said}");
}

#[test]
fn a_broken_rule_has_the_line_and_column_of_the_text_at_fault() {
    let text = good();
    let line = text.lines().position(|line| line.contains("slug-5")).unwrap() + 1;
    let said = complaint("slug: slug-5", "slug: Slug5");
    assert!(said.starts_with(&format!("weeks/week-02-framing/week.yaml:{line}:11: ")), "{said}");
}

#[test]
fn bytes_that_are_no_text_have_a_place() {
    let failure = parse(Path::new("week.yaml"), b"week: 1\nti\xff").unwrap_err();
    assert_eq!(failure.what, "week.yaml:2:3: not UTF-8");
}

#[test]
fn a_course_with_a_week_missing_names_it() {
    let root = tempfile::tempdir().unwrap();
    let folder = root.path().join("weeks/week-02-framing");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("week.yaml"), good()).unwrap();
    let failure = Course::load(root.path()).unwrap_err();
    assert!(failure.what.contains("week 1 has no folder"), "{failure}");
}

#[test]
fn a_week_folder_without_its_data_is_an_error_that_names_the_file() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(root.path().join("weeks/week-02-framing")).unwrap();
    let failure = Course::load(root.path()).unwrap_err();
    assert!(failure.what.contains("week-02-framing/week.yaml"), "{failure}");
}
