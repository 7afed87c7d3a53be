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
    let planned = std::fs::read_to_string(site.path("built/week-03/day-2-select.html")).unwrap();
    assert!(planned.contains("Not built yet; this is the brief."), "{planned}");
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
fn the_preprocessor_gives_what_the_build_in_process_gives() {
    use std::io::Write;
    use std::process::{Command, Stdio};
    // mdbook speaks JSON: the context and the book. The real book's front page is enough to see that it is answered.
    let root = page_fixture::repo().join("book");
    let text = std::fs::read_to_string(root.join("src/glossary.md")).unwrap();
    let chapter = serde_json::json!({ "Chapter": { "name": "Glossary", "content": text, "number": null,
        "sub_items": [], "path": "glossary.md", "source_path": "glossary.md", "parent_names": [] } });
    let input = serde_json::json!([
        { "root": root, "config": { "book": {}, "output": { "html": {} } }, "renderer": "html", "mdbook_version": "0.5.4" },
        { "items": [chapter] }
    ]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_lab"))
        .arg("book-preprocess")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.to_string().as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    // All other pages of the real book are missing from this one, which must be said and must fail.
    assert!(!out.status.success());
    assert!(said.contains("introduction.md: this page is not listed in SUMMARY.md"), "{said}");
    let supports =
        Command::new(env!("CARGO_BIN_EXE_lab")).args(["book-preprocess", "supports", "html"]).status();
    assert!(supports.unwrap().success());
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
