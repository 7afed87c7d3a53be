//! A contestant, or the load on one: `pull serve NAME CORE` prints its address; `pull ADDRESS CORE CONNECTIONS DEPTH BYTES
//! SECONDS` says what came of it.

use std::net::TcpListener;
use std::time::Duration;

use load::{Dialect, Group, Plan, peers, pin};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number =
        |at: usize| arguments.get(at).ok_or("too few arguments")?.parse::<usize>().map_err(|e| e.to_string());
    if arguments.first().is_some_and(|first| first == "serve") {
        pin::this_thread(number(2)?)?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        println!("{}", listener.local_addr()?);
        return Ok(peers::serve(&arguments[1], listener)?);
    }
    let server = arguments.first().ok_or("whom?")?.parse()?;
    pin::this_thread(number(1)?)?;
    let group = Group::closed("all", number(2)?, number(3)? as u32, number(4)?);
    let plan = Plan { duration: Duration::from_secs(number(5)? as u64), ..Plan::to(server, Dialect::Frames) };
    let outcome = load::run(&plan.group(group))?;
    let all = &outcome.groups[0];
    println!(
        "{:.0} requests/s, p50 {} ns, p99 {} ns, errors {}, wrong {}",
        all.throughput(),
        all.latency.value_at_quantile(0.5),
        all.latency.value_at_quantile(0.99),
        all.errors_total(),
        all.corrupt_total()
    );
    Ok(())
}
