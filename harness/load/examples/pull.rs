//! The instrument by hand: a contestant, the load on a server, or churn.
//!
//! ```text
//! pull serve NAME CORE                                    serves as tokio-codec, tokio-batched or mio; says where
//! pull load ADDRESS CORE CONNECTIONS DEPTH BYTES SECONDS  a closed loop of raw frames
//! pull churn ADDRESS CORE CONNECTIONS                     every kind of death, raw frames
//! ```

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use load::churn::Churn;
use load::{Dialect, Group, Plan, peers, pin};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize| arguments.get(at).map(String::as_str).ok_or("too few arguments");
    let number = |at: usize| -> Result<u32, Failure> { Ok(word(at)?.parse()?) };
    pin::this_thread(number(2)? as usize)?;
    match word(0)? {
        "serve" => {
            let listener = TcpListener::bind(("127.0.0.1", 0))?;
            println!("{}", listener.local_addr()?);
            Ok(peers::serve(word(1)?, listener)?)
        }
        "load" => {
            let group = Group::closed("all", number(3)? as usize, number(4)?, number(5)? as usize);
            let duration = Duration::from_secs(number(6)?.into());
            pull(Plan { duration, ..Plan::to(word(1)?.parse()?, Dialect::Frames) }.group(group))
        }
        "churn" => churn(word(1)?.parse()?, number(3)?.into()),
        other => Err(format!("`{other}` is not serve, load or churn").into()),
    }
}

fn pull(plan: Plan) -> Result<(), Failure> {
    for group in load::run(&plan)?.groups {
        println!(
            "{:.0} requests/s, p50 {} ns, p99 {} ns, {} without a reply, {} wrong",
            group.throughput(),
            group.latency.value_at_quantile(0.5),
            group.latency.value_at_quantile(0.99),
            group.errors_total(),
            group.corrupt_total()
        );
    }
    Ok(())
}

fn churn(server: SocketAddr, connections: u64) -> Result<(), Failure> {
    let tally = Churn::of(server, Dialect::Frames, connections).run()?;
    for (death, kind) in &tally.kinds {
        println!("{death}: {} connections, {} replies, {:?}", kind.connections, kind.replies, kind.ended);
    }
    println!("{} connections in {:?}, {} unexpected", tally.connections(), tally.elapsed, tally.unexpected);
    for example in &tally.examples {
        println!("{example:?}");
    }
    Ok(())
}
