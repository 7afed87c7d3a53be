//! Links between pages: every relative link leads to a page of the book, every `#fragment` to a heading in it.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use pulldown_cmark::{BrokenLink, CowStr, Event, LinkType, Options, Parser, Tag, TagEnd};

use crate::pages::include::normalize;
use crate::pages::nearest::suggestion;
use crate::pages::problem::Problem;

/// What links may lead to.
#[derive(Debug)]
pub(crate) struct Targets<'a> {
    /// Every page, by its path below the book's source, with the ids in it.
    pub(crate) pages: BTreeMap<String, BTreeSet<String>>,
    /// The book's source folder, for pictures and other files.
    pub(crate) source: &'a Path,
}

/// What is wrong with the links that an author wrote on a page. `place` is the page below the book's source.
pub(crate) fn check(file: &str, place: &str, text: &str, targets: &Targets<'_>) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut undefined: Vec<(usize, String)> = Vec::new();
    let mut broken = |link: BrokenLink<'_>| -> Option<(CowStr<'_>, CowStr<'_>)> {
        if matches!(link.link_type, LinkType::Reference | LinkType::ReferenceUnknown) {
            undefined.push((link.span.start, link.reference.to_string()));
        }
        None
    };
    let mut found: Vec<(usize, String, bool)> = Vec::new();
    for (event, range) in
        Parser::new_with_broken_link_callback(text, options(), Some(&mut broken)).into_offset_iter()
    {
        match event {
            Event::Start(Tag::Link { dest_url, link_type, .. }) if link_type != LinkType::Email => {
                found.push((range.start, dest_url.to_string(), false));
            }
            Event::Start(Tag::Image { dest_url, .. }) => {
                found.push((range.start, dest_url.to_string(), true))
            }
            _ => {}
        }
    }
    let line = |at: usize| text[..at].matches('\n').count() + 1;
    for (at, reference) in undefined {
        problems.push(Problem::at(file, line(at), format!("no definition for the link [{reference}]")));
    }
    for (at, link, is_image) in found {
        if let Err(what) = resolve(place, &link, is_image, targets) {
            problems.push(Problem::at(file, line(at), what));
        }
    }
    problems
}

fn resolve(place: &str, link: &str, is_image: bool, targets: &Targets<'_>) -> Result<(), String> {
    if has_scheme(link) || link.starts_with("//") {
        return match is_image {
            true => Err(format!("picture {link} lies on the network; the book must work without one")),
            false => Ok(()),
        };
    }
    let (path, fragment) = link.split_once('#').map_or((link, None), |(p, f)| (p, Some(f)));
    let target = if path.is_empty() {
        place.to_string()
    } else {
        let joined = normalize(&Path::new(place).parent().unwrap_or(Path::new("")).join(path));
        if joined.is_absolute() || joined.starts_with("..") {
            return Err(format!("link {link} leads out of the book"));
        }
        joined.to_string_lossy().into_owned()
    };
    let page = target.strip_suffix(".html").map_or(target.clone(), |stem| format!("{stem}.md"));
    let Some(ids) = targets.pages.get(&page) else {
        let file: PathBuf = targets.source.join(&target);
        if !target.ends_with(".md") && file.is_file() {
            return Ok(());
        }
        let near = suggestion(&page, targets.pages.keys().map(String::as_str));
        return Err(format!("dead link {link}: the book has no {target}; {near}"));
    };
    match fragment {
        Some(id) if !id.is_empty() && !ids.contains(id) => {
            let near = suggestion(id, ids.iter().map(String::as_str));
            Err(format!("dead link {link}: no heading #{id} in {page}; {near}"))
        }
        _ => Ok(()),
    }
}

/// `https:` and the like.
fn has_scheme(link: &str) -> bool {
    link.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c))
    })
}

/// Markdown as the book reads it.
fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_SMART_PUNCTUATION
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_GFM
}

/// The ids that a page will have: those of its headings, as the renderer makes them, and those in its HTML.
pub(crate) fn ids(markdown: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut used: HashSet<String> = HashSet::new();
    let mut heading: Option<(Option<String>, String)> = None;
    for event in Parser::new_ext(markdown, options()) {
        match event {
            Event::Start(Tag::Heading { id, .. }) => {
                heading = Some((id.map(|i| i.to_string()), String::new()))
            }
            Event::End(TagEnd::Heading(_)) => {
                if let Some((explicit, text)) = heading.take() {
                    out.insert(explicit.unwrap_or_else(|| unique(&slug(&text), &mut used)));
                }
            }
            Event::Text(text) | Event::Code(text) => {
                if let Some((_, so_far)) = &mut heading {
                    so_far.push_str(&text);
                }
            }
            Event::Html(html) | Event::InlineHtml(html) => {
                out.extend(
                    html.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next()).map(String::from),
                );
            }
            _ => {}
        }
    }
    out
}

fn slug(text: &str) -> String {
    let kept = text.trim().to_lowercase();
    let mapped = kept.chars().filter_map(|c| match c {
        c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c),
        c if c.is_whitespace() => Some('-'),
        _ => None,
    });
    mapped.collect()
}

fn unique(id: &str, used: &mut HashSet<String>) -> String {
    let mut candidate = id.to_string();
    let mut n = 0;
    while !used.insert(candidate.clone()) {
        n += 1;
        candidate = format!("{id}-{n}");
    }
    candidate
}

#[cfg(test)]
mod tests {
    use super::*;

    fn targets(source: &Path) -> Targets<'_> {
        let pages = BTreeMap::from([
            ("week-02/a.md".to_string(), ids("# One\n\n## The `Frame`\n\n## One\n")),
            ("index.md".to_string(), BTreeSet::new()),
        ]);
        Targets { pages, source }
    }

    #[test]
    fn headings_get_the_ids_that_the_renderer_gives_them() {
        let found = ids(
            "# It's `here`: now\n\n## Two -- three\n\n## X {#own}\n\n## It's here now\n\n<p id=\"raw\">\n",
        );
        let expected = ["its-here-now", "its-here-now-1", "own", "raw", "two--three"];
        assert_eq!(found, expected.map(String::from).into());
    }

    #[test]
    fn links_that_lead_nowhere_are_named_with_their_line() {
        let dir = tempfile::tempdir().unwrap();
        let text = "ok [a](a.md#the-frame) [b](../index.md) [c](https://example.org/x)\n\n[d](b.md)\n\n[e](a.md#tow)\n\n[f](../../x.md) [g][nowhere]\n\n![h](https://example.org/p.png) ![i](p.svg)\n";
        let found: Vec<String> = check("p.md", "week-02/a.md", text, &targets(dir.path()))
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(found.len(), 6, "{found:#?}");
        assert!(found.iter().any(|p| p.starts_with("p.md:3: dead link b.md: the book has no week-02/b.md")));
        assert!(found.iter().any(|p| p.starts_with("p.md:5: dead link a.md#tow: no heading #tow")));
        assert!(found.iter().any(|p| p == "p.md:7: link ../../x.md leads out of the book"));
        assert!(found.iter().any(|p| p == "p.md:7: no definition for the link [nowhere]"));
        assert!(
            found
                .iter()
                .any(|p| p.starts_with("p.md:9: picture https://example.org/p.png lies on the network"))
        );
        assert!(found.iter().any(|p| p.starts_with("p.md:9: dead link p.svg")));
    }
}
