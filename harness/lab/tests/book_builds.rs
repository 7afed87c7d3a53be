//! The book as a reader gets it: every directive answered, the whole course in the table of contents, nothing remote.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod page_fixture;

use lab::pages::{self, Console};
use page_fixture::{Site, bench, drill, gate};

const PAGE: &str = r#"# Sample

The median is {{#lab value week-02/bench echo/16 B payload.p50}}, the ratio {{#lab value week-02/bench decode-small.median}}.
An escaped \{{#lab value}} stays.

{{#lab status week-02/gate}}

{{#lab criteria week-02/gate}}

{{#lab drill week-02/drill}}

{{#lab series week-02/bench echo}}

{{#lab chart week-02/bench echo}}

{{#lab chart week-02/bench decode bars}}

{{#lab chart week-02/bench memory}}

{{#lab chart week-02/bench ratios}}

{{#lab ratios week-02/bench}}

{{#lab facts week-02/gate framing.oversize}}

{{#lab environment week-02/bench}}

{{#lab brief 3.2}}

{{#lab selfcheck 3.2}}

{{#lab checkpoint 2}}

{{#lab codes lab}}

{{#lab board}}

{{#lab cases harness/lab/tests/page_fixture/cases.yaml name args exit}}

```diagram title="A frame is echoed"
+-------+     +------+
| frame |---->| echo |
+-------+     +------+
```

```rust
{{#include code.rs:check}}
```

```console
$ echo "took $$ ms"; exit_with() { return 4; }; exit_with
? 4
took [..] ms
```

See [the week](week-02/index.md) and [its evidence](week-02/evidence.md#gate).
"#;

const CODE: &str = "// ANCHOR: check\n    fn check() {\n        // lab:hole framing.x\n        body();\n        // lab:stub todo!(\"framing.x: write\")\n        // lab:end\n    }\n// ANCHOR_END: check\n";

fn built() -> (Site, String) {
    let site = Site::new();
    site.page("page.md", PAGE);
    site.page("code.rs", CODE);
    for record in [gate(false), drill(), bench()] {
        site.record(record);
    }
    site.build(Console::Check).unwrap();
    let html = std::fs::read_to_string(site.path("built/page.html")).unwrap();
    (site, html)
}

#[test]
fn every_directive_is_answered_and_the_whole_course_is_there() {
    let (site, html) = built();
    for expected in [
        "<p>The median is 2",
        "the ratio 1.66×",
        "An escaped {{#lab value}} stays.",
        "class=\"lab-status stale\"",
        "A frame above the limit is refused before allocation",
        "64 KiB payload",
        "<desc>16 B payload: median",
        "<code>append --msg 'two words'</code>",
        "aria-label=\"2.3 The frame and its parser: stale\"",
        "LAB-BOOK-BROKEN",
        "<title>A frame is echoed</title>",
        "[exit status 4]",
        "took … ms",
    ] {
        assert!(html.contains(expected), "missing: {expected}");
    }
    assert!(
        !html.contains("{{#lab status") && !html.contains("lab:hole") && !html.contains("ANCHOR"),
        "left over"
    );
    assert!(
        html.contains("fn check() {\n    <span") || html.contains("fn check() {\n    body();"),
        "excerpt"
    );
    let toc = std::fs::read_to_string(site.path("built/toc.html")).unwrap();
    for week in 1..=24 {
        assert!(toc.contains(&format!("Week {week}: ")), "week {week}");
        for day in 1..=6 {
            assert!(toc.contains(&format!("{week}.{day} ")), "day {week}.{day}");
        }
    }
    assert!(toc.contains("(planned)"));
    // A week without a manifest is a brief, and so is each of its six days.
    let course = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../weeks");
    for week in std::fs::read_dir(course).unwrap().map(|entry| entry.unwrap().path()) {
        let number = week.file_name().unwrap().to_string_lossy()[..7].to_owned();
        let pages = std::fs::read_dir(site.path(&format!("built/{number}"))).unwrap();
        let days: Vec<_> = pages
            .map(|page| page.unwrap().path())
            .filter(|page| page.file_name().unwrap().to_string_lossy().starts_with("day-"))
            .collect();
        assert_eq!(days.len(), 6, "{number}: {days:?}");
        for day in days {
            let planned =
                std::fs::read_to_string(&day).unwrap().contains("Not built yet; this is the brief.");
            assert_eq!(planned, !week.join("Cargo.toml").exists(), "{}", day.display());
        }
    }
    let evidence = std::fs::read_to_string(site.path("built/week-02/evidence.html")).unwrap();
    assert!(evidence.contains("lab-chart") && evidence.contains("cargo lab drill 2 --seed 7"));
}

#[test]
fn a_page_that_shows_stale_records_says_so_once_below_its_title() {
    let (_site, html) = built();
    // The fixture's records were made from no inputs; the real sources have "moved on" since.
    assert_eq!(html.matches("class=\"lab-stale\"").count(), 1);
    let title = html.find("<h1 id=\"sample\"").unwrap();
    assert!(html[title..].find("lab-stale").unwrap() < html[title..].find("The median").unwrap());
}

#[test]
fn a_plain_mdbook_build_gives_the_same_pages_as_the_build_in_process() {
    let mut site = Site::new();
    site.own_course();
    site.page("page.md", &PAGE.replace("harness/lab/tests/page_fixture/cases.yaml", "cases.yaml"));
    site.page("code.rs", CODE);
    let cases = page_fixture::repo().join("harness/lab/tests/page_fixture/cases.yaml");
    std::fs::copy(cases, site.ws.root.join("cases.yaml")).unwrap();
    for record in [gate(false), drill(), bench()] {
        site.record(record);
    }
    site.build(Console::Skip).unwrap();

    // What `mdbook build` does in a clone: the book and the evidence lie in the workspace, and the preprocessor is a
    // command that speaks JSON. Only the command's name differs, since cargo has no say in a test.
    std::fs::rename(site.path("book"), site.ws.root.join("book")).unwrap();
    std::fs::rename(site.evidence(), site.ws.root.join("evidence")).unwrap();
    let toml = site.ws.root.join("book/book.toml");
    let text = std::fs::read_to_string(&toml).unwrap();
    let command = text.lines().find(|line| line.starts_with("command = ")).unwrap().to_string();
    assert!(command.contains("book-preprocess"), "{command}");
    let ours = format!("command = \"{} book-preprocess\"\ndraft = true", env!("CARGO_BIN_EXE_lab"));
    std::fs::write(&toml, text.replace(&command, &ours)).unwrap();
    let book = mdbook_driver::MDBook::load(site.ws.root.join("book")).unwrap();
    book.build().unwrap();

    for page in
        ["page.html", "week-02/index.html", "week-02/evidence.html", "week-03/day-2-select.html", "toc.html"]
    {
        let one = std::fs::read_to_string(site.path("built").join(page)).unwrap();
        let other = std::fs::read_to_string(site.ws.root.join("target/book").join(page)).unwrap();
        assert!(one == other, "{page} differs");
    }
}

#[test]
fn the_preprocessor_knows_which_output_it_serves() {
    let supports = |renderer: &str| {
        let mut lab = std::process::Command::new(env!("CARGO_BIN_EXE_lab"));
        lab.args(["book-preprocess", "supports", renderer]).output().unwrap().status.success()
    };
    assert!(supports("html"));
    assert!(!supports("epub"));
}

#[test]
fn blessing_writes_what_was_printed_and_says_which_page_changed() {
    let site = Site::new();
    site.page("page.md", "# P\n\n```console\n$ echo new\nold\n```\n");
    let options = site.options(Console::Bless);
    let failure = pages::book(&site.ws, &site.course, &options).unwrap_err();
    assert_eq!(failure.code.code, "LAB-BOOK-BLESSED");
    let text = std::fs::read_to_string(site.path("book/src/page.md")).unwrap();
    assert_eq!(text, "# P\n\n```console\n$ echo new\nnew\n```\n");
    assert!(pages::book(&site.ws, &site.course, &options).is_ok(), "what fits is left alone");
}
