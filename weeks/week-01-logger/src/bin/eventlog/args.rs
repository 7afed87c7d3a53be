//! The arguments of `eventlog`. This file is the command contract; `fixtures/arguments.yaml` holds it to its word.

use clap::{Args, Parser, Subcommand};
use jiff::SignedDuration;
use logger::clock::parse_duration;
use logger::limits::{ARCHIVES_DEFAULT, ROTATE_BYTES_DEFAULT};
use logger::{ClockSpec, Durability, Filter, Level};

/// Append to, read and search a structured log that many processes share
#[derive(Debug, Parser)]
#[command(name = "eventlog", version, disable_help_subcommand = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

// ANCHOR: command
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Store one record, or one for each line of standard input
    Append(AppendArgs),
    /// Print every record, oldest first, over all rotated files
    Read(ReadArgs),
    /// Print the records that meet all conditions; exit with 1 when there are none
    Search(SearchArgs),
}
// ANCHOR_END: command

#[derive(Debug, Args)]
pub(crate) struct AppendArgs {
    /// The log; the file is created where it is missing, its directory is not
    pub(crate) log: String,
    /// The message
    #[arg(long, value_name = "TEXT", required_unless_present = "stdin", conflicts_with = "stdin")]
    pub(crate) msg: Option<String>,
    /// Take one message from each line of standard input
    #[arg(long)]
    pub(crate) stdin: bool,
    /// How much it matters: trace, debug, info, warn or error
    #[arg(long, default_value = "info")]
    pub(crate) level: Level,
    /// Which process says it
    #[arg(long, value_name = "NAME", default_value = "local")]
    pub(crate) node_id: String,
    /// Which request it belongs to
    #[arg(long, value_name = "ID")]
    pub(crate) request_id: Option<String>,
    /// How long it took, in milliseconds
    #[arg(long, value_name = "MS", allow_negative_numbers = true)]
    pub(crate) latency_ms: Option<f64>,
    /// How it ended, in one word
    #[arg(long, value_name = "WORD")]
    pub(crate) result: Option<String>,
    /// The code of the failure
    #[arg(long, value_name = "CODE")]
    pub(crate) error_code: Option<String>,
    /// When a record counts as stored: none, batch or always
    #[arg(long, value_name = "MODE", default_value = "none")]
    pub(crate) durability: Durability,
    /// Start a new file before this one would grow larger
    #[arg(long, value_name = "BYTES", default_value_t = ROTATE_BYTES_DEFAULT)]
    pub(crate) rotate_bytes: u64,
    /// How many rotated files to keep, 1 to 99
    #[arg(long, value_name = "FILES", default_value_t = ARCHIVES_DEFAULT)]
    pub(crate) keep: u32,
    /// Be the only writer for as long as this process runs
    #[arg(long)]
    pub(crate) sole: bool,
    /// How long to wait for a log that another process holds locked
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_duration)]
    pub(crate) lock_wait: SignedDuration,
    /// Try a refused record again for this long, as in 500ms or 10s
    #[arg(long, value_name = "DURATION", value_parser = parse_duration)]
    pub(crate) retry_for: Option<SignedDuration>,
    /// Where time comes from: system, or fixed:2026-01-01T00:00:00Z with an optional ,step=1ms
    #[arg(long, default_value = "system")]
    pub(crate) clock: ClockSpec,
    /// Print a receipt for each stored record, as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ReadArgs {
    /// The log
    pub(crate) log: String,
    #[command(flatten)]
    pub(crate) filter: Filter,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Go on with what is appended from now on, until interrupted
    #[arg(long)]
    pub(crate) follow: bool,
    /// End after this long, as in 500ms or 10s
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration, requires = "follow")]
    pub(crate) follow_for: Option<SignedDuration>,
}

#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// The log
    pub(crate) log: String,
    #[command(flatten)]
    pub(crate) filter: Filter,
    #[command(flatten)]
    pub(crate) output: OutputArgs,
    /// Print how many records there are instead of the records
    #[arg(long)]
    pub(crate) count: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OutputArgs {
    /// Print records as they are stored, one JSON object a line
    #[arg(long)]
    pub(crate) json: bool,
    /// Exit with 6 when a line of the log is not a record; it is reported either way
    #[arg(long)]
    pub(crate) strict: bool,
}
