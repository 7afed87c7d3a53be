//! The book fails to build for everything that mdbook alone would pass over. Each test plants one defect on an
//! otherwise sound page and expects the build to name page, line and thing.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod page_fixture;

use lab::pages::Console;
use page_fixture::{Site, bench};

/// A site whose only page is this text.
fn page(text: &str) -> Site {
    let site = Site::new();
    site.page("page.md", text);
    site
}

#[test]
fn an_include_of_a_missing_file_is_refused() {
    let site = page("# P\n\n```rust\n{{#include code.rs}}\n```\n");
    site.page("cod.rs", "fn main() {}\n");
    site.refuses("book/src/page.md:4: included file code.rs does not exist; did you mean cod.rs?");
}

#[test]
fn an_include_of_a_missing_anchor_is_refused() {
    let site = page("# P\n\n```rust\n{{#include code.rs:chekc}}\n```\n");
    site.page("code.rs", "// ANCHOR: check\nfn check() {}\n// ANCHOR_END: check\n");
    site.refuses("book/src/page.md:4: no anchor `chekc` in code.rs; did you mean check?");
}

#[test]
fn a_dead_link_is_refused() {
    page("# P\n\nSee [x](other.md).\n").refuses("book/src/page.md:3: dead link other.md");
}

#[test]
fn a_link_to_a_missing_heading_is_refused() {
    let site = page("# P\n\n[here](#wher) [there](week-03/day-2-select.md#nowhere)\n\n## Where\n");
    site.refuses("book/src/page.md:3: dead link #wher: no heading #wher in page.md; did you mean where?");
    site.refuses("no heading #nowhere in week-03/day-2-select.md");
}

#[test]
fn a_missing_picture_is_refused() {
    page("# P\n\n![x](none.svg)\n").refuses("book/src/page.md:3: dead link none.svg");
}

#[test]
fn a_dead_link_in_raw_html_is_refused_in_the_built_page() {
    page("# P\n\n<a href=\"nowhere.html\">x</a>\n")
        .refuses("built page page.html: link nowhere.html leads to no file of the book");
}

#[test]
fn what_mdbook_only_warns_about_is_refused() {
    page("# P\n\n<div><span>never closed\n").refuses("unclosed HTML tag");
}

#[test]
fn what_would_be_loaded_from_the_network_is_refused() {
    page("# P\n\n<script src=\"https://example.org/x.js\"></script>\n")
        .refuses("https://example.org/x.js would be loaded from the network");
}

#[test]
fn a_fence_without_a_language_is_refused() {
    page("# P\n\n```\nx\n```\n").refuses("book/src/page.md:3: a code fence without a language");
}

#[test]
fn a_fence_that_never_closes_is_refused() {
    page("# P\n\n```text\nx\n").refuses("book/src/page.md:3: a code fence that is never closed");
}

#[test]
fn a_misspelt_record_is_refused_with_the_nearest_name() {
    page("# P\n\n{{#lab status week-02/bnech}}\n")
        .refuses("book/src/page.md:3: no record `week-02/bnech`; did you mean week-02/bench?");
}

#[test]
fn an_unknown_value_measurement_or_directive_is_refused() {
    let site = page(
        "# P\n\nIt took {{#lab value week-02/bench echo/16 B payload.p98}}.\n\n{{#lab chart week-02/bench ehco}}\n\n{{#lab chrat week-02/bench echo}}\n",
    );
    site.record(bench());
    site.refuses("book/src/page.md:3: no value `echo/16 B payload.p98` in week-02/bench; did you mean echo/16 B payload.p90?");
    site.refuses("book/src/page.md:5: no measurement `ehco` in week-02/bench; did you mean echo?");
    site.refuses("book/src/page.md:7: no directive `chrat`; did you mean chart?");
}

#[test]
fn a_record_that_was_never_made_is_refused_in_the_reference() {
    let site = page("# P\n\n{{#lab status week-02/gate}}\n");
    let options = lab::pages::BookOptions { draft: false, ..site.options(Console::Skip) };
    let failure = lab::pages::book(&site.ws, &site.course, &options).unwrap_err();
    // Without `--draft` the pages of the built weeks are asked for too; both are said at once or one after the other.
    assert!(
        failure.what.contains("its page is not listed") || failure.detail.contains("never made"),
        "{failure:?}"
    );
}

#[test]
fn an_unknown_setting_is_refused() {
    let site = Site::new();
    let toml = std::fs::read_to_string(site.path("book/book.toml")).unwrap();
    site.write("book/book.toml", &toml.replace("no-section-label = true", "no-section-lable = true"));
    site.refuses("unknown field `no-section-lable`; did you mean no-section-label?");
}

#[test]
fn a_page_that_no_table_of_contents_lists_is_refused_unless_it_is_a_draft() {
    let site = Site::new();
    site.page("lost.md", "# Lost\n");
    let options = lab::pages::BookOptions { draft: false, ..site.options(Console::Skip) };
    let failure = lab::pages::book(&site.ws, &site.course, &options).unwrap_err();
    assert!(
        failure.detail.contains("book/src/lost.md: this page is not listed in SUMMARY.md"),
        "{failure:?}"
    );
    site.build(Console::Skip).unwrap();
    assert!(site.path("built/lost.html").is_file());
}

#[test]
fn a_week_page_that_week_yaml_does_not_know_is_refused() {
    let site = Site::new();
    site.page("week-02/day-3-other.md", "# 2.3\n");
    site.write("book/src/SUMMARY.md", "# Summary\n\n[Page](page.md)\n\n- [x](week-02/day-3-other.md)\n");
    let options = lab::pages::BookOptions { draft: false, ..site.options(Console::Skip) };
    let failure = lab::pages::book(&site.ws, &site.course, &options).unwrap_err();
    assert!(failure.detail.contains("week-02/day-3-other.md is no page of the course"), "{failure:?}");
    assert!(
        failure.detail.contains("week 2 is built, and its page is not listed; add `- [2.3"),
        "{failure:?}"
    );
}

#[test]
fn a_diagram_without_a_title_is_refused() {
    page("# P\n\n```diagram\n+--+\n```\n").refuses("book/src/page.md:3: a diagram needs a title");
}

#[test]
fn a_console_block_that_no_longer_holds_is_refused_with_a_difference() {
    let site = page("# P\n\n```console\n$ echo one; echo two\none\n2\n$ false\n```\n");
    let said = site.build(Console::Check).unwrap_err();
    assert!(
        said.contains("book/src/page.md:4: `echo one; echo two` no longer does what the page says"),
        "{said}"
    );
    assert!(said.contains("    one\n  - 2\n  + two"), "{said}");
    assert!(said.contains("book/src/page.md:7: `false` no longer does what the page says"), "{said}");
    assert!(said.contains("? 1 (the page says ? 0)"), "{said}");
}

#[test]
fn a_folder_that_is_no_book_is_never_emptied() {
    let site = Site::new();
    site.write("built/precious.txt", "x");
    site.refuses("is not empty and not a built book");
    assert!(site.path("built/precious.txt").is_file());
}

#[test]
fn a_month_or_a_drawing_that_is_not_there_is_refused() {
    let site = page(
        "# P\n\n{{#lab review 7}}\n\n{{#lab diagram month-9-demo/diagram.svg}}\n\n{{#lab diagram month-1-demo/README.md}}\n\n\
         {{#lab diagram month-2-demo/diagram.svg}}\n",
    );
    site.refuses("book/src/page.md:3: there is no month `7`");
    site.refuses("book/src/page.md:5: there is no month `9`");
    site.refuses("book/src/page.md:7: `month-1-demo/README.md` is no drawing of a month");
    site.refuses("outputs/month-2-demo/diagram.txt: No such file");
}
