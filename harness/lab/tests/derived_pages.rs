//! What is derived from records: always the same bytes, exactly what the records say, and nothing left behind.
//!
//! The charts and the report of a small record lie as golden files under `tests/page_fixture/golden`. After a change
//! of layout that is meant, `BLESS=1 cargo nextest run -p lab --test derived_pages` writes them anew; read the
//! difference before you keep it.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod page_fixture;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use evidence::{Histogram, Measurement, Record, Series, manifest};
use lab::pages;
use lab::pages::chart::{self, Form, Setting};
use page_fixture::{Site, bench, drill, gate, latencies};

/// Every file below a folder, with its bytes.
fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut out = BTreeMap::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(files(&path));
        } else {
            out.insert(path.clone(), std::fs::read(path).unwrap());
        }
    }
    out
}

fn derive(site: &Site) -> manifest::DerivedFrom {
    pages::derive(&site.ws, &site.course, &site.evidence())
        .unwrap_or_else(|f| panic!("{}\n{}", f.detail, f.what))
}

fn read(site: &Site, below: &str) -> String {
    std::fs::read_to_string(site.evidence().join(below)).unwrap()
}

/// A course of the test's own, with one deliverable in week 2.
fn with_deliverable(text: &str) -> (Site, String) {
    let site = Site::alone();
    let (folder, week) = site.course.week(2).unwrap();
    let name = week.days[2].deliverables[0].clone();
    for day in &week.days {
        for other in &day.deliverables {
            let path = folder.join("outputs").join(other);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, if *other == name { text } else { "# Other\n" }).unwrap();
        }
    }
    site.record(bench());
    (site, name)
}

#[test]
fn deriving_twice_gives_the_same_bytes() {
    let site = Site::alone();
    for record in [gate(false), drill(), bench()] {
        site.record(record);
    }
    let first = derive(&site);
    let before = files(&site.evidence());
    let second = derive(&site);
    assert_eq!(first, second);
    assert_eq!(before, files(&site.evidence()));
    assert!(before.len() >= 9, "{:?}", before.keys());
}

#[test]
fn a_record_read_back_draws_the_same_charts() {
    let record = bench();
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("bench.json");
    record.write(&path).unwrap();
    let again = Record::read(&path).unwrap();
    for (one, two) in record.finding.measurements.iter().zip(&again.finding.measurements) {
        let form = Form::of(one).unwrap();
        for setting in [Setting::Inline, Setting::File] {
            let drawing = chart::measurement(one, form, None, setting).unwrap();
            assert_eq!(drawing, chart::measurement(two, form, None, setting).unwrap());
        }
    }
}

#[test]
fn a_drawing_is_as_it_was_looked_at() {
    let small = Measurement::of("echo", "Round trip", "ns")
        .series(Series::of("ours", latencies(5, 20_000, 300)))
        .series(Series::of("theirs & others", latencies(6, 45_000, 300)).peer());
    let record = bench();
    let of = |id: &str| record.finding.measurements.iter().find(|m| m.id == id).unwrap();
    let drawings = [
        ("percentiles.svg", chart::measurement(&small, Form::Percentiles, None, Setting::File).unwrap()),
        ("bars.svg", chart::measurement(of("decode"), Form::Bars, None, Setting::File).unwrap()),
        ("time.svg", chart::measurement(of("memory"), Form::Time, None, Setting::File).unwrap()),
        ("ratios.svg", chart::ratios("Against the peer", &record.finding.ratios, Setting::File)),
    ];
    for (name, drawing) in drawings {
        assert_golden(name, &(drawing + "\n"));
    }
}

#[test]
fn the_report_of_a_week_is_as_it_was_read() {
    let site = Site::alone();
    for record in [gate(true), drill(), bench()] {
        site.record(record);
    }
    derive(&site);
    // How many inputs have moved on depends on the sources of the day; everything else is fixed.
    let report = read(&site, "week-02/report.md");
    let stale = report.lines().filter(|line| line.starts_with("> **Stale:**")).count();
    assert_eq!(stale, 1, "{report}");
    let fixed: String = report
        .lines()
        .filter(|line| !line.starts_with("> **Stale:**"))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_golden("report.md", &fixed);
}

fn assert_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page_fixture/golden").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let parting = golden.split('>').zip(text.split('>')).find(|(a, b)| a != b);
    assert!(golden == text, "{name} differs from its golden file, first at {parting:?}");
}

#[test]
fn a_chart_says_in_words_what_it_shows() {
    let drawing =
        chart::measurement(&bench().finding.measurements[0], Form::Percentiles, None, Setting::File).unwrap();
    assert!(
        drawing.contains("role=\"img\"") && drawing.contains("<title>Round trip of one echoed frame</title>")
    );
    assert!(drawing.contains("<desc>16 B payload: median 21.1 µs"), "{}", &drawing[..600]);
    assert!(drawing.contains("over 40,000 samples"));
}

#[test]
fn a_distribution_of_one_value_is_drawn_without_a_division_by_nothing() {
    for values in [vec![0], vec![5], vec![u64::MAX / 4, 1]] {
        let one =
            Measurement::of("m", "One", "ns").series(Series::of("s", Histogram::of_values(values.clone())));
        let drawing = chart::measurement(&one, Form::Percentiles, None, Setting::Inline).unwrap();
        assert!(!drawing.contains("NaN") && !drawing.contains("inf"), "{values:?}: {drawing}");
    }
}

#[test]
fn every_derived_file_names_the_records_that_it_came_from() {
    let site = Site::alone();
    for record in [gate(false), drill(), bench()] {
        site.record(record);
    }
    let derived = derive(&site);
    let from = |path: &str| derived.get(path).unwrap_or_else(|| panic!("{path} not in {:?}", derived.keys()));
    assert_eq!(from("week-02/bench-echo-percentiles.svg"), &["week-02/bench"]);
    assert_eq!(from("week-02/report.md"), &["week-02/bench", "week-02/drill", "week-02/gate"]);
    assert_eq!(from("index.html").len(), 3);
    // And the manifest takes it: every file is known, every source exists.
    manifest::write(&site.evidence(), &derived).unwrap();
    manifest::verify(&site.evidence()).unwrap();
}

#[test]
fn what_is_derived_no_longer_is_removed_and_what_people_wrote_stays() {
    let site = Site::alone();
    site.record(bench());
    let derived = derive(&site);
    manifest::write(&site.evidence(), &derived).unwrap();
    site.write("evidence/week-02/notes.md", "mine\n");
    site.write("evidence/week-02/bench-old-bars.svg", "<svg/>\n");
    site.write("evidence/week-02/bench-old.png", "no picture\n");
    std::fs::remove_file(site.evidence().join("week-02/bench.json")).unwrap();
    site.record(gate(false));
    derive(&site);
    assert!(!site.evidence().join("week-02/bench-old-bars.svg").exists());
    assert!(!site.evidence().join("week-02/bench-echo-percentiles.svg").exists());
    assert!(!site.evidence().join("week-02/bench-old.png").exists());
    assert_eq!(read(&site, "week-02/notes.md"), "mine\n");
    assert!(site.evidence().join("week-02/gate.json").exists());
}

#[test]
fn a_deliverable_is_filled_in_and_its_charts_lie_beside_it() {
    let (site, name) = with_deliverable(
        "# Parser\n\n<!-- lab:hole day3.own -->\nOwn words.\n<!-- lab:stub say it -->\n<!-- lab:end -->\n\n\
         The median is {{#lab value week-02/bench echo/16 B payload.p50}}.\n\n{{#lab chart week-02/bench decode bars}}\n\n\
         {{#lab status week-02/gate}}\n\n<!-- write: what surprised you -->\n",
    );
    let derived = derive(&site);
    let text = read(&site, &format!("week-02/{name}"));
    assert!(text.contains("Own words.\n") && !text.contains("lab:"), "{text}");
    assert!(text.contains("The median is 21.1 µs."), "{text}");
    assert!(text.contains("![Decoder throughput on the same bytes](bench-decode-bars.svg)"), "{text}");
    assert!(text.contains("not recorded yet: run `cargo lab gate 2`"), "{text}");
    assert!(text.contains("*Not written yet: what surprised you*"), "{text}");
    assert_eq!(derived[&format!("week-02/{name}")], ["week-02/bench"]);
    assert!(site.evidence().join("week-02/bench-decode-bars.svg").is_file());
    let index = read(&site, "index.html");
    assert!(index.contains(&format!("href=\"week-02/{name}\"")), "two clicks to the deliverable");
}

#[test]
fn a_deliverable_that_names_what_does_not_exist_is_refused_with_its_own_line() {
    let (site, name) = with_deliverable(
        "# Parser\n\n<!-- lab:hole a -->\nx\n<!-- lab:end -->\n{{#lab criteria week-02/gaet}}\n",
    );
    let failure = pages::derive(&site.ws, &site.course, &site.evidence()).unwrap_err();
    let expected = format!("outputs/{name}:6: no record `week-02/gaet`; did you mean week-02/gate?");
    assert!(failure.what.contains(&expected), "{}", failure.what);
}

#[test]
fn a_page_shows_those_ratios_that_it_names_and_refuses_names_that_no_ratio_has() {
    let (site, name) = with_deliverable(
        "# Parser\n\n{{#lab ratios week-02/bench decode-s}}\n\n{{#lab chart week-02/bench ratios decode-s}}\n",
    );
    derive(&site);
    let text = read(&site, &format!("week-02/{name}"));
    assert!(text.contains("16 B payload") && !text.contains("64 KiB payload"), "{text}");
    assert!(text.contains("](bench-ratios-decode-s.svg)"), "{text}");
    let drawing = read(&site, "week-02/bench-ratios-decode-s.svg");
    assert!(drawing.contains("decode-small") && !drawing.contains("decode-large"), "{drawing}");

    let (site, _) = with_deliverable("# Parser\n\n{{#lab ratios week-02/bench encode}}\n");
    let failure = pages::derive(&site.ws, &site.course, &site.evidence()).unwrap_err();
    assert!(failure.what.contains("no ratio `encode…` in week-02/bench"), "{}", failure.what);
}

#[test]
fn a_run_that_ended_early_still_gets_its_report() {
    let (site, name) = with_deliverable("# Parser\n\n{{#lab facts week-02/gate framing.reset}}\n");
    // This gate failed before it came to any criterion that the deliverable speaks of.
    let mut record = gate(true);
    record.finding.criteria.retain(|c| c.id != "framing.reset");
    record.finding.criteria[0].verdict = evidence::Verdict::Failed;
    site.record(record.seal());
    derive(&site);
    let text = read(&site, &format!("week-02/{name}"));
    assert!(text.contains("*not shown: week-02/gate failed*"), "{text}");
    assert!(read(&site, "week-02/report.md").contains("✗\u{a0}failed"));
}

#[test]
fn the_index_needs_nothing_but_its_folder_and_links_only_to_what_is_there() {
    let site = Site::alone();
    for record in [gate(true), drill(), bench()] {
        site.record(record);
    }
    let derived = derive(&site);
    manifest::write(&site.evidence(), &derived).unwrap();
    let html = read(&site, "index.html");
    for remote in ["http://", "https://", "//cdn"] {
        let allowed = html.matches("http://www.w3.org/2000/svg").count() * usize::from(remote == "http://");
        assert_eq!(html.matches(remote).count(), allowed, "{remote}");
    }
    let shown: Vec<&str> = html.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert_eq!(shown.len(), 4, "three measurements and the ratios: {shown:?}");
    let linked = html.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next());
    for link in linked.chain(shown) {
        match link.strip_prefix('#') {
            Some(id) => assert!(html.contains(&format!("id=\"{id}\"")), "#{id}"),
            None if link.starts_with("data:") => {}
            None => assert!(site.evidence().join(link).is_file(), "{link}"),
        }
    }
    assert!(html.contains("✗ failed") && html.contains("◐ stale") && html.contains("cargo lab verify"));
    assert_eq!(html.matches("class=\"day ").count(), 144 + 3, "24 weeks by 6 days, and the legend");
}
