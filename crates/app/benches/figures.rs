//! The figures of docs/performance.md: what the product takes, beside the floor. Run by `bench/run`, which says how.
//!
//! The floor is the engine's own shell doing the least SQL for the same rows, in the same schema, with the same
//! durability. Ours and the floor take turns; medians are told, and the ratio is that of the medians.
#![allow(clippy::print_stdout, reason = "the table is what this program is for")]

#[path = "figures/data.rs"]
mod data;
#[path = "figures/explain.rs"]
mod explain;
#[path = "figures/idle.rs"]
mod idle;
#[path = "figures/import.rs"]
mod import;
#[path = "figures/list.rs"]
mod list;
#[path = "figures/memory.rs"]
mod memory;
#[path = "figures/pages.rs"]
mod pages;
#[path = "figures/place.rs"]
mod place;
#[path = "figures/run.rs"]
mod run;
#[path = "figures/single.rs"]
mod single;
#[path = "figures/table.rs"]
mod table;

use anyhow::{Context, Result};
use place::Bench;
use std::{env, process::ExitCode};
use table::Table;

fn main() -> Result<ExitCode> {
    let mut arguments: Vec<String> = env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if arguments.first().is_some_and(|first| first == "--child") {
        runtime.block_on(memory::child(&arguments[1..]))?;
        return Ok(ExitCode::SUCCESS);
    }
    let called_to_measure = arguments.iter().any(|argument| argument == "--bench");
    arguments.retain(|argument| argument != "--bench");
    if !called_to_measure {
        println!("figures are measured by bench/run");
        return Ok(ExitCode::SUCCESS);
    }
    let bench = Bench {
        folder: env::var_os("EVENHAND_BENCH_DIR").context("EVENHAND_BENCH_DIR is set by bench/run")?.into(),
        server: env::var("EVENHAND_BENCH_POSTGRES").context("EVENHAND_BENCH_POSTGRES is set by bench/run")?,
        rounds: env::var("EVENHAND_BENCH_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(5),
        kept: env::var_os("EVENHAND_BENCH_KEEP").map(Into::into),
    };
    let wanted =
        |name: &str| arguments.is_empty() || arguments.iter().any(|filter| name.contains(filter.as_str()));
    let mut table = Table::default();
    runtime.block_on(async {
        for engine in [store::dialect::Engine::Sqlite, store::dialect::Engine::Postgres] {
            let name = |figure: &str| format!("{figure}-{}", engine.to_string().to_lowercase());
            if wanted(&name("run")) {
                run::measure(&bench, engine, &mut table, run::USUAL, 1.5).await?;
            }
            if wanted(&name("million")) {
                run::measure(&bench, engine, &mut table, run::MILLION, 1.3).await?;
            }
            if wanted(&name("wait")) {
                run::measure_wait(&bench, engine, &mut table).await?;
            }
            if wanted(&name("explain")) {
                explain::measure(&bench, engine, &mut table).await?;
            }
            if wanted(&name("idle")) {
                idle::measure(&bench, engine, &mut table).await?;
            }
            if wanted(&name("import")) {
                import::measure(&bench, engine, &mut table).await?;
            }
            if wanted(&name("single")) {
                single::measure(&bench, engine, &mut table).await?;
            }
            if wanted(&name("list")) {
                list::measure(&bench, engine, &mut table).await?;
            }
            if wanted(&name("pages")) {
                pages::measure(&bench, engine, &mut table).await?;
            }
            if wanted(&name("http")) {
                pages::measure_over_http(&bench, engine, &mut table).await?;
            }
            if wanted(&name("memory")) {
                memory::measure(&bench, engine, &mut table).await?;
            }
        }
        anyhow::Ok(())
    })?;
    print!("\n{table}");
    Ok(ExitCode::SUCCESS)
}
