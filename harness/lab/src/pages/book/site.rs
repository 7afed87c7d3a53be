//! A last look at the built book: every link and picture leads to a file of it, and nothing needs a network.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::error::{Failure, PAGE_FILE};
use crate::pages::include::normalize;
use crate::pages::problem::Problem;

/// Pages that the renderer makes out of all others, with links that hold only there.
const WHOLE_BOOK: [&str; 2] = ["print.html", "404.html"];

/// What is wrong with the built book below `dest`.
pub(crate) fn check(dest: &Path) -> Result<Vec<Problem>, Failure> {
    let mut pages: BTreeMap<String, Page> = BTreeMap::new();
    let mut files: BTreeSet<String> = BTreeSet::new();
    list(dest, dest, &mut files)?;
    for file in files.iter().filter(|f| f.ends_with(".html") && !WHOLE_BOOK.contains(&f.as_str())) {
        let path = dest.join(file);
        let text = std::fs::read_to_string(&path)
            .map_err(|e| Failure::new(&PAGE_FILE, format!("{}: {e}", path.display())))?;
        pages.insert(file.clone(), read(&text));
    }
    let mut problems = Vec::new();
    for (file, page) in &pages {
        for (link, loads) in &page.links {
            if let Some(what) = dead(file, link, *loads, &pages, &files) {
                problems.push(Problem::at(&format!("built page {file}"), 0, what));
            }
        }
    }
    Ok(problems)
}

/// What a built page offers and asks for.
#[derive(Debug, Default)]
struct Page {
    ids: BTreeSet<String>,
    /// Links, and whether the browser loads them by itself.
    links: BTreeSet<(String, bool)>,
}

fn dead(
    file: &str,
    link: &str,
    loads: bool,
    pages: &BTreeMap<String, Page>,
    files: &BTreeSet<String>,
) -> Option<String> {
    let remote = link.starts_with("//") || link.split_once(':').is_some_and(|(s, _)| s.starts_with("http"));
    if remote {
        return loads.then(|| format!("{link} would be loaded from the network"));
    }
    if link.split_once(':').is_some_and(|(s, _)| s.chars().all(|c| c.is_ascii_alphabetic()) && !s.is_empty())
    {
        return None;
    }
    let (path, fragment) = link.split_once('#').map_or((link, None), |(p, f)| (p, Some(f)));
    let target = match path {
        "" => file.to_string(),
        path => normalize(&Path::new(file).parent().unwrap_or(Path::new("")).join(path))
            .to_string_lossy()
            .into_owned(),
    };
    if !files.contains(&target) {
        return Some(format!("link {link} leads to no file of the book"));
    }
    let id = fragment.filter(|f| !f.is_empty())?;
    let page = pages.get(&target)?;
    (!page.ids.contains(id)).then(|| format!("link {link}: there is no #{id} in {target}"))
}

/// Reads the attributes of every tag; scripts and styles are passed over.
fn read(html: &str) -> Page {
    let mut page = Page::default();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start..];
        if rest.starts_with("<!--") {
            rest = rest.find("-->").map_or("", |end| &rest[end + 3..]);
            continue;
        }
        let end = tag_end(rest);
        let tag = &rest[..end];
        let name = tag[1..].split([' ', '\n', '>', '/']).next().unwrap_or("");
        for (key, value) in attributes(tag) {
            match key {
                "id" => drop(page.ids.insert(value.into())),
                "src" => drop(page.links.insert((unescaped(value), true))),
                "href" => drop(page.links.insert((unescaped(value), name == "link"))),
                _ => {}
            }
        }
        rest = &rest[end..];
        if name == "script" || name == "style" {
            let close = format!("</{name}");
            rest = rest.find(&close).map_or("", |at| &rest[at..]);
        }
    }
    page
}

/// Where a tag ends: at the first `>` outside of quotes.
fn tag_end(tag: &str) -> usize {
    let mut quoted = false;
    for (at, c) in tag.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '>' if !quoted => return at + 1,
            _ => {}
        }
    }
    tag.len()
}

fn attributes(tag: &str) -> impl Iterator<Item = (&str, &str)> {
    tag.split("=\"").zip(tag.split("=\"").skip(1)).filter_map(|(before, after)| {
        let key = before.rsplit([' ', '\n', '\t']).next()?;
        Some((key, after.split('"').next()?))
    })
}

fn unescaped(text: &str) -> String {
    text.replace("&amp;", "&").replace("&#x3D;", "=").replace("&quot;", "\"").replace("%20", " ")
}

fn list(root: &Path, dir: &Path, out: &mut BTreeSet<String>) -> Result<(), Failure> {
    let failed = |e: std::io::Error| Failure::new(&PAGE_FILE, format!("{}: {e}", dir.display()));
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            list(root, &path, out)?;
        } else if let Ok(below) = path.strip_prefix(root) {
            out.insert(below.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_built_book_is_searched_for_dead_and_remote_links() {
        let dir = tempfile::tempdir().unwrap();
        let html = r##"<h1 id="top">x</h1><a href="#top">a</a><a href="b.html#no">b</a><a href="c.html">c</a>
            <a href="https://example.org">ok</a><img src="https://example.org/x.png"><script>let a = '<a href="zz">';</script>"##;
        std::fs::write(dir.path().join("a.html"), html).unwrap();
        std::fs::write(dir.path().join("b.html"), "<p id=\"yes\">").unwrap();
        let found: Vec<String> = check(dir.path()).unwrap().iter().map(|p| p.what.clone()).collect();
        assert_eq!(
            found,
            [
                "link b.html#no: there is no #no in b.html",
                "link c.html leads to no file of the book",
                "https://example.org/x.png would be loaded from the network",
            ]
        );
    }
}
