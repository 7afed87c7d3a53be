//! `eventlog append | read | search`: the tool of week 1.

mod append;
mod args;
mod read;
mod render;

use std::process::ExitCode;

use logger::usage;

use crate::args::{Cli, Command};

fn main() -> ExitCode {
    usage::run(|cli: Cli| match cli.command {
        Command::Append(args) => append::run(args),
        Command::Read(args) => read::read(args),
        Command::Search(args) => read::search(args),
    })
}
