//! `cargo lab doctor`: what this machine lacks, in plain words, with the fix.

use logger::Exit;
use serde_json::json;

use super::{Context, Mark};
use crate::doctor::{Health, examine};
use crate::error::{DOCTOR, Failure};

/// Makes the probes and lists them.
pub fn run(context: &Context) -> Result<Exit, Failure> {
    let workspace = context.workspace()?;
    let console = context.console();
    let probes = examine(&workspace.root);
    for probe in &probes {
        let mark = match probe.health {
            Health::Fine => Mark::Good,
            Health::Lacking => Mark::Open,
            Health::Missing => Mark::Bad,
        };
        let word = match probe.health {
            Health::Fine => "fine",
            Health::Lacking => "lacking",
            Health::Missing => "missing",
        };
        console.say(format!(
            "{}  {:<14} {}",
            console.paint(mark, &format!("{word:<7}")),
            probe.name,
            probe.found
        ));
        if !probe.fix.is_empty() {
            console.say(format!("{:24} {}", "", probe.fix));
        }
    }
    let missing: Vec<&str> = probes.iter().filter(|p| p.health == Health::Missing).map(|p| p.name).collect();
    let list: Vec<_> = probes
        .iter()
        .map(|p| json!({ "name": p.name, "health": format!("{:?}", p.health).to_lowercase(), "found": p.found, "fix": p.fix }))
        .collect();
    console.event(&json!({ "probes": list, "missing": missing }));
    if missing.is_empty() {
        console.say("Nothing that the lab needs is missing.");
        return Ok(Exit::Done);
    }
    Err(Failure::new(&DOCTOR, format!("missing: {}", missing.join(", "))))
}
