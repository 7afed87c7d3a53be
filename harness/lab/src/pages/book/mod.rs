//! Builds the book: in this process, or as a preprocessor of a plain `mdbook build`. Both run [`fill`].
//!
//! mdbook's own `links` and `index` preprocessors are off (`use-default-preprocessors = false`): ours expands
//! includes too, because mdbook's logs a missing file or anchor, leaves a hole in the page and reports success. So
//! there is one expansion with one order, and every problem has the line that the author wrote.

mod generated;
mod links;
mod outline;
pub(super) mod serve;
mod settings;
mod site;
mod warnings;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use mdbook_driver::MDBook;
use mdbook_driver::book::{Book, BookItem, Chapter};
use mdbook_driver::config::Config;

use super::chart::Setting;
use super::console::{self, Tools};
use super::derive::shelf;
use super::engine::{Context, Missing, Page};
use super::problem::{Problem, failure};
use super::{BookOptions, Console};
use crate::course::Course;
use crate::error::{BOOK_BROKEN, Failure, PAGE_FILE};
use crate::status;
use crate::workspace::{Workspace, WorkspaceKind};
use links::Targets;
use outline::Draft;

/// A file that every built book has and hardly anything else.
const BOOK_SIGN: &str = "toc.html";

/// See [`super::book`].
pub(super) fn build(ws: &Workspace, course: &Course, options: &BookOptions) -> Result<PathBuf, Failure> {
    let root = ws.reference.join("book");
    let dest = options.dest.clone().unwrap_or_else(|| ws.root.join("target/book"));
    let dest = std::path::absolute(&dest)
        .map_err(|e| Failure::new(&PAGE_FILE, format!("{}: {e}", dest.display())))?;
    guard(&dest)?;

    let mut config = load_config(&root)?;
    config.build.build_dir = dest.clone();
    let none = toml::Table::new();
    config.set("preprocessor", none).map_err(|e| broken("book/book.toml", &e))?;
    let mut book = MDBook::load_with_config(&root, config).map_err(|e| broken("book/src/SUMMARY.md", &e))?;
    book.book = fill(ws, course, options, &root, std::mem::take(&mut book.book))?;
    run_console(ws, course, options.console, &root)?;
    let (built, warnings) = warnings::collect(|| book.build());
    built.map_err(|e| broken("book", &e))?;
    let mut problems = site::check(&dest)?;
    problems.extend(warnings.iter().map(|what| Problem::at("book", 0, what.as_str())));
    if !problems.is_empty() {
        return Err(failure(problems));
    }
    Ok(dest.join("index.html"))
}

/// The renderer empties its folder first, so a folder that is not a book is refused.
fn guard(dest: &Path) -> Result<(), Failure> {
    let empty = std::fs::read_dir(dest).map_or(true, |mut listing| listing.next().is_none());
    if empty || dest.join(BOOK_SIGN).is_file() {
        return Ok(());
    }
    Err(Failure::new(&PAGE_FILE, format!("{} is not empty and not a built book", dest.display())))
}

/// `book.toml`, once nothing in it would be passed over.
fn load_config(root: &Path) -> Result<Config, Failure> {
    let path = root.join("book.toml");
    let text = std::fs::read_to_string(&path)
        .map_err(|e| Failure::new(&PAGE_FILE, format!("{}: {e}", path.display())))?;
    let problems = settings::check("book/book.toml", &text, root);
    if !problems.is_empty() {
        return Err(failure(problems));
    }
    text.parse().map_err(|e: mdbook_driver::errors::Error| broken("book/book.toml", &e))
}

fn broken(what: &str, error: &mdbook_driver::errors::Error) -> Failure {
    Failure::new(&BOOK_BROKEN, format!("{what}: {error:#}"))
}

/// The whole book with every page filled in and every link checked.
pub(super) fn fill(
    ws: &Workspace,
    course: &Course,
    options: &BookOptions,
    root: &Path,
    mut book: Book,
) -> Result<Book, Failure> {
    let evidence = options.evidence.clone().unwrap_or_else(|| ws.evidence());
    let shelf = shelf(ws, course, &evidence)?;
    let board = status::board(ws, course, &evidence)?;
    let draft = if options.draft { Draft::Yes } else { Draft::No };
    let missing =
        if options.draft || ws.kind == WorkspaceKind::Learner { Missing::Say } else { Missing::Refuse };
    let context = Context {
        root: &ws.root,
        course,
        shelf: &shelf,
        board: &board,
        missing,
        setting: Setting::Inline,
        charts: RefCell::default(),
    };
    let source = root.join("src");
    let mut problems = Vec::new();
    for (path, below) in unlisted(&source, &book)? {
        if options.draft {
            // An author lists a page when it is done; until then the draft shows it all the same.
            book.items.push(BookItem::Chapter(draft_page(&path, &below)?));
        } else {
            let file = format!("book/src/{}", below.display());
            problems.push(Problem::at(&file, 0, "this page is not listed in SUMMARY.md"));
        }
    }
    let mut book = match outline::arrange(book.items, &context, draft) {
        Ok(items) => Book::new_with_items(items),
        Err(found) => {
            problems.extend(found);
            return Err(failure(problems));
        }
    };

    let mut written: BTreeMap<String, (String, String)> = BTreeMap::new();
    let mut targets = Targets { pages: BTreeMap::new(), source: &source };
    book.for_each_chapter_mut(|chapter| {
        let Some(place) = chapter.path.as_ref().map(|p| p.to_string_lossy().into_owned()) else { return };
        if let Some(path) = &chapter.source_path {
            let file = format!("book/src/{}", path.display());
            let folder = source.join(path).parent().map(Path::to_path_buf).unwrap_or_else(|| source.clone());
            let raw = chapter.content.clone();
            match Page::new(&context, &file, &folder, &place).fill(&raw) {
                Ok(filled) => chapter.content = readable_console(&filled),
                Err(found) => problems.extend(found),
            }
            written.insert(place.clone(), (file, raw));
        }
        targets.pages.insert(place, links::ids(&chapter.content));
    });
    for (place, (file, raw)) in &written {
        problems.extend(links::check(file, place, raw, &targets));
    }
    if problems.is_empty() { Ok(book) } else { Err(failure(problems)) }
}

/// Pages that lie in the book's folder and are in no table of contents, with their place below it: nobody would ever
/// read them.
fn unlisted(source: &Path, book: &Book) -> Result<Vec<(PathBuf, PathBuf)>, Failure> {
    let mut listed: BTreeSet<PathBuf> = BTreeSet::from([PathBuf::from("SUMMARY.md")]);
    for item in book.iter() {
        if let BookItem::Chapter(chapter) = item {
            listed.extend(chapter.source_path.clone());
        }
    }
    let pages = pages_below(source)?.into_iter();
    let with_place =
        pages.filter_map(|path| Some((path.clone(), path.strip_prefix(source).ok()?.to_path_buf())));
    Ok(with_place.filter(|(_, below)| !listed.contains(below)).collect())
}

fn draft_page(path: &Path, below: &Path) -> Result<Chapter, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|e| Failure::new(&PAGE_FILE, format!("{}: {e}", path.display())))?;
    let name = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or("Unlisted page").to_string();
    Ok(Chapter::new(&name, text, below, Vec::new()))
}

/// Every Markdown file below a folder, sorted.
fn pages_below(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let failed = |e: std::io::Error| Failure::new(&PAGE_FILE, format!("{}: {e}", folder.display()));
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            out.extend(pages_below(&path)?);
        } else if path.extension().is_some_and(|e| e == "md") {
            out.push(path);
        }
    }
    out.sort();
    Ok(out)
}

/// What the console syntax means, in the reader's words: a gap is an ellipsis, `? 4` an exit status.
fn readable_console(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut fence: Option<super::fence::Opening> = None;
    for line in text.lines() {
        let in_console = fence.as_ref().is_some_and(|f| f.language() == "console");
        match &fence {
            Some(opening) if opening.is_closed_by(line) => fence = None,
            None => fence = super::fence::Opening::parse(line),
            Some(_) => {}
        }
        let trimmed = line.trim();
        if in_console && trimmed == "..." {
            out.push('…');
        } else if in_console && trimmed.strip_prefix("? ").is_some_and(|n| n.trim().parse::<i32>().is_ok()) {
            out.push_str(&format!("[exit status {}]", trimmed[2..].trim()));
        } else if in_console {
            out.push_str(&line.replace("[..]", "…"));
        } else {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// Runs what the pages say. In a learner's workspace the tools are half-written, so nothing is run there.
fn run_console(ws: &Workspace, course: &Course, wanted: Console, root: &Path) -> Result<(), Failure> {
    if wanted == Console::Skip || ws.kind == WorkspaceKind::Learner {
        return Ok(());
    }
    let mut scripts = Vec::new();
    for path in pages_below(&root.join("src"))? {
        let script = console::script(&ws.reference, &path)?;
        if console::steps(&script.text).map_or(true, |steps| !steps.is_empty()) {
            scripts.push(script);
        }
    }
    if scripts.is_empty() {
        return Ok(());
    }
    let tools = tools(ws, course)?;
    if wanted == Console::Bless {
        let changed = console::bless(&scripts, &tools)?;
        if !changed.is_empty() {
            let what =
                format!("{} rewritten from what they printed; look at the difference", changed.join(", "));
            return Err(Failure::new(&crate::error::BOOK_BLESSED, what));
        }
        return Ok(());
    }
    let problems = console::check(&scripts, &tools)?;
    if problems.is_empty() { Ok(()) } else { Err(failure(problems)) }
}

/// Builds the tools of the weeks and says where they lie.
fn tools(ws: &Workspace, course: &Course) -> Result<Tools, Failure> {
    let packages: Vec<&str> =
        course.built().map(|(_, week)| week.library.as_str()).chain(["civictrust"]).collect();
    let mut args = vec!["build", "--bins"];
    for package in &packages {
        args.extend(["-p", package]);
    }
    let built = crate::exec::build(&ws.root, &args)?;
    let path: BTreeSet<PathBuf> =
        built.iter().filter_map(|a| a.exe.parent().map(Path::to_path_buf)).collect();
    let lab = std::env::current_exe().map_err(|e| Failure::new(&PAGE_FILE, format!("lab itself: {e}")))?;
    Ok(Tools { path: path.into_iter().collect(), lab, root: ws.root.clone() })
}

/// See [`super::preprocess`].
pub(super) fn preprocess(args: &[String]) -> Result<(), Failure> {
    if let [first, renderer, ..] = args
        && first == "supports"
    {
        let what = format!("there is no output `{renderer}`");
        return if renderer == "html" { Ok(()) } else { Err(Failure::new(&BOOK_BROKEN, what)) };
    }
    let (context, book) =
        mdbook_preprocessor::parse_input(std::io::stdin()).map_err(|e| broken("what mdbook sent", &e))?;
    let root = context.root.canonicalize().unwrap_or(context.root);
    let ws = Workspace::find(&root)?;
    let course = ws.course()?;
    load_config(&root)?;
    let draft = context.config.get("preprocessor.lab.draft").map_err(|e| broken("book/book.toml", &e))?;
    let options =
        BookOptions { console: Console::Skip, draft: draft.unwrap_or(false), ..BookOptions::default() };
    let filled = fill(&ws, &course, &options, &root, book)?;
    serde_json::to_writer(std::io::stdout(), &filled)
        .map_err(|e| Failure::new(&PAGE_FILE, format!("mdbook went away: {e}")))
}
