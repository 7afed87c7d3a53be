//! `civictrust`: the command-line tool of the capstone.

use std::ffi::OsString;
use std::process::ExitCode;

use civictrust::CivicError;
use civictrust::promise::{self, Promise};
use clap::{Parser, Subcommand};

/// Issues, anchors and verifies civic documents.
#[derive(Debug, Parser)]
#[command(name = "civictrust", version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run a node of the cluster (arrives in week 17)
    Serve(Anything),
    /// Issue a signed document under policy (arrives in week 17)
    Issue(Anything),
    /// Verify a document (arrives in week 17)
    Verify(Anything),
    /// Revoke a document or a key (arrives in week 17)
    Revoke(Anything),
    /// Put a document's digest into the transparency log (arrives in week 18)
    Anchor(Anything),
    /// Pack a document with the evidence for offline verification (arrives in week 19)
    Bundle(Anything),
    /// Restore a node and prove continuity (arrives in week 20)
    Restore(Anything),
}

/// What follows a verb. Its contract is not settled, so everything is accepted and nothing of it is used: a caller
/// learns that the verb is missing, and not that some flag of it is.
#[derive(Debug, clap::Args)]
struct Anything {
    /// Settled in the week that brings the verb
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    _arguments: Vec<OsString>,
}

impl Verb {
    fn promise(&self) -> &'static Promise {
        match self {
            Verb::Serve(_) => &promise::SERVE,
            Verb::Issue(_) => &promise::ISSUE,
            Verb::Verify(_) => &promise::VERIFY,
            Verb::Revoke(_) => &promise::REVOKE,
            Verb::Anchor(_) => &promise::ANCHOR,
            Verb::Bundle(_) => &promise::BUNDLE,
            Verb::Restore(_) => &promise::RESTORE,
        }
    }
}

fn main() -> ExitCode {
    logger::usage::run(|cli: Cli| -> Result<(), CivicError> { Err(CivicError::NotYet(cli.verb.promise())) })
}
