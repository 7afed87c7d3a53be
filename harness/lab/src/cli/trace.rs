//! `cargo lab trace <request-id> LOG...`: one request through all the logs that it left a record in.

use std::path::PathBuf;

use logger::Exit;
use serde_json::json;

use super::{Console, Context};
use crate::error::{Failure, NOT_TRACED};
use crate::trace::{self, DAMAGE_NAMED_MAX, Lanes, RECORDS_MAX, Trace, Wanted};

/// Arguments of `trace`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Records are ordered by their own timestamps. Logs of one machine share its clock; between \
    machines, an answer may seem to come before its question by as much as the clocks differ. Offsets count from the \
    first record that was found. A log is read with its rotated files."
)]
pub struct Args {
    /// The request id, as the client chose it and every process logged it
    request_id: String,
    /// The logs to search, as in `logs/*.log`
    #[arg(required = true, value_name = "LOG")]
    logs: Vec<PathBuf>,
    /// Take every request whose id begins with this
    #[arg(long)]
    prefix: bool,
}

/// Searches the logs and prints what they say of the request.
pub fn run(args: &Args, context: &Context) -> Result<Exit, Failure> {
    let console = context.console();
    let wanted = match args.prefix {
        true => Wanted::Prefix(args.request_id.clone()),
        false => Wanted::Request(args.request_id.clone()),
    };
    let trace = trace::collect(&wanted, &args.logs, &mut |warning| console.note(warning))?;
    if trace.records.is_empty() {
        logs(console, &trace);
        return Err(Failure::new(
            &NOT_TRACED,
            format!("no record of the request `{wanted}` in {}", counted(trace.logs.len() as u64, "log")),
        ));
    }
    let lanes = Lanes::of(&trace.records);
    for (index, found) in trace.records.iter().enumerate() {
        console.event(&trace::record(&lanes, found, &trace.logs[found.log]));
        console.say(trace::line(&lanes, index, found));
    }
    console.say("");
    console.say(console.bold(&format!(
        "{} of {} in {}",
        counted(trace.records.len() as u64 + trace.left_out, "record"),
        counted(lanes.processes() as u64, "process"),
        counted(trace.logs.iter().filter(|log| log.records > 0).count() as u64, "log"),
    )));
    if trace.left_out > 0 {
        console.say(format!("  the first {RECORDS_MAX} are shown; later ones: {}", trace.left_out));
    }
    logs(console, &trace);
    Ok(Exit::Done)
}

/// How many logs were searched, which of them have nothing to say, and which are damaged.
fn logs(console: &Console, trace: &Trace) {
    let silent: Vec<String> =
        trace.logs.iter().filter(|log| log.records == 0).map(|log| log.path.display().to_string()).collect();
    let silent =
        if silent.is_empty() { String::new() } else { format!("; nothing in {}", silent.join(", ")) };
    console.say(format!("  searched {}{silent}", counted(trace.logs.len() as u64, "log")));
    for log in trace.logs.iter().filter(|log| log.damaged > 0) {
        let named = if log.damaged > DAMAGE_NAMED_MAX {
            format!(", of which {DAMAGE_NAMED_MAX} are named above")
        } else {
            String::new()
        };
        let places = if log.damaged == 1 { "place that is no record" } else { "places that are no records" };
        console.say(format!("  {} has {} {places}{named}", log.path.display(), log.damaged));
    }
    console.event(&json!({
        "event": "done", "records": trace.records.len(), "left_out": trace.left_out,
        "logs": trace.logs.iter().map(|log| json!({
            "path": log.path, "records": log.records, "damaged": log.damaged,
        })).collect::<Vec<_>>(),
    }));
}

fn counted(count: u64, what: &str) -> String {
    match (count, what) {
        (1, _) => format!("1 {what}"),
        (_, "process") => format!("{count} processes"),
        _ => format!("{count} {what}s"),
    }
}
