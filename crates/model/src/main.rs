//! `understudy-model`: explores the rules within bounds, or shows what a wrong rule leads to.

use std::process::ExitCode;

use clap::Parser;
use understudy_model::bounds::Bounds;
use understudy_model::check::{Outcome, Verdict, explore, refute};
use understudy_model::properties::NAMED_HOLD_ALL;
use understudy_model::wrong::Wrong;

/// Explores the protocol's rules completely within bounds.
#[derive(Parser)]
struct Arguments {
    /// Numbers: replicas, named, epochs, requests, writes, reads, crashes, wipes, late answers, breaks.
    #[arg(long, value_delimiter = ',', default_value = "2,2,3,2,1,1,0,0,0,0")]
    bounds: Vec<u8>,
    /// Wrong rules in force.
    #[arg(long)]
    wrong: Vec<String>,
    /// The property to look at.
    #[arg(long, default_value = NAMED_HOLD_ALL)]
    property: String,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let [replicas, named, epochs, requests, writes, reads, crashes, wipes, late_answers, breaks] =
        arguments.bounds[..]
    else {
        eprintln!("--bounds takes ten numbers");
        return ExitCode::FAILURE;
    };
    let (replicas, named, requests) = (replicas.into(), named.into(), requests.into());
    let bounds = Bounds {
        replicas,
        named,
        epochs,
        requests,
        writes,
        reads,
        crashes,
        wipes,
        late_answers,
        breaks,
    };
    let wrongs: Vec<Wrong> = arguments.wrong.iter().filter_map(|name| Wrong::named(name)).collect();
    let property = understudy_model::properties::SAFETY
        .into_iter()
        .find(|name| name.contains(&arguments.property));
    let outcome = match property {
        Some(property) if !wrongs.is_empty() => {
            refute(bounds, wrongs.into_iter().collect(), property)
        }
        _ => explore(bounds, &[], 2),
    };
    print(&outcome);
    ExitCode::SUCCESS
}

fn print(outcome: &Outcome) {
    let Outcome { generated, states, depth, took, verdict } = outcome;
    println!("{generated} generated, {states} states, depth {depth}, {:.1} s", took.as_secs_f64());
    match verdict {
        Verdict::Holds { missed } => println!("every property holds; not reached: {missed:?}"),
        Verdict::Violated { property, actions } => {
            println!("violated: {property}");
            for (action, _) in actions {
                println!("    {action}");
            }
        }
    }
}
