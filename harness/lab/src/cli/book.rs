//! `cargo lab book`: builds the book, with the evidence filled in.

use std::path::PathBuf;

use logger::{Coded, Exit};
use serde_json::json;

use super::{Context, Mark};
use crate::error::Failure;
use crate::pages::{self, BookOptions, Console};

/// Arguments of `book`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Serve the book on this machine and build it again when something changes
    #[arg(long)]
    serve: bool,
    /// The port to serve on
    #[arg(long, default_value_t = 3000, requires = "serve", value_name = "PORT")]
    port: u16,
    /// Build into this folder instead of target/book
    #[arg(long, value_name = "DIR")]
    dest: Option<PathBuf>,
    /// Show the records of this evidence folder instead of the workspace's own
    #[arg(long, value_name = "DIR")]
    evidence: Option<PathBuf>,
    /// Do not run the pages' console blocks
    #[arg(long)]
    no_console: bool,
    /// Run the console blocks and write what they print into the pages
    #[arg(long, conflicts_with_all = ["no_console", "serve"])]
    bless: bool,
    /// For authors: show what a built week still lacks as missing instead of refusing it
    #[arg(long)]
    draft: bool,
}

/// Builds the book, or serves it.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let console = context.console();
    let blocks = match (args.bless, args.no_console || args.serve) {
        (true, _) => Console::Bless,
        (false, true) => Console::Skip,
        (false, false) => Console::Check,
    };
    let options = BookOptions {
        dest: args.dest.clone(),
        evidence: args.evidence.clone(),
        console: blocks,
        draft: args.draft,
    };
    if args.serve {
        pages::serve(
            &workspace,
            &options,
            args.port,
            &mut |address| {
                console.event(&json!({ "event": "serving", "address": address }));
                console.say(format!("Serving the book at {address}; Ctrl-C ends it"));
            },
            &mut |failure| {
                if !failure.detail.is_empty() {
                    console.note(&failure.detail);
                }
                console.note(failure.line());
            },
        )?;
        return Ok(Exit::Done);
    }
    let step = console.step("book", None);
    let index = pages::book(&workspace, &workspace.course()?, &options)?;
    step.done(Mark::Good, "built");
    console.event(&json!({ "event": "done", "book": index }));
    console.say(format!("Book: {}", index.display()));
    Ok(Exit::Done)
}

/// Arguments of `book-preprocess`.
#[derive(Debug, clap::Args)]
pub struct PreprocessArgs {
    /// `supports <renderer>`, or nothing
    words: Vec<String>,
}

/// Fills in the pages for a plain `mdbook build`.
pub fn preprocess(args: &PreprocessArgs) -> Result<Exit, Failure> {
    pages::preprocess(&args.words)?;
    Ok(Exit::Done)
}
