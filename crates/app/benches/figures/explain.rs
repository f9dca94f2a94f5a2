//! Why this agent (R44): one explanation after a run, in a company with many leads and in one with few, and what the
//! record takes.

use crate::{
    data::{self, NOW, Size},
    place::Bench,
    table::Table,
};
use actions::{
    explain_lead::{ExplainLead, Explained, explain_lead},
    runs::{self, Order},
};
use anyhow::{Context, Result, ensure};
use domain::{
    ids::LeadId,
    job::Job,
    viewer::{Sight, Viewer},
};
use std::time::Instant;
use store::{dialect::Engine, runs::StartedBy};

/// Nine in ten leads find a place; the others are left over, and explained too.
const MANY: Size = Size { leads: 1_000_000, unassigned: 1_000_000, agents: 1_000, cap: 900 };
const FEW: Size = Size { leads: 10_000, unassigned: 10_000, agents: 1_000, cap: 9 };
/// Leads that are explained, from all over.
const ASKED: u64 = 400;
/// Milliseconds that one of them may take.
const MOST_MS: f64 = 20.0;

/// Both sizes.
pub async fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> Result<()> {
    for (name, size) in [("1,000,000", MANY), ("10,000", FEW)] {
        of_size(bench, engine, table, name, size).await?;
    }
    Ok(())
}

async fn of_size(bench: &Bench, engine: Engine, table: &mut Table, name: &str, size: Size) -> Result<()> {
    let place = data::build(bench, engine, "explain", size).await?;
    let store = place.open().await?;
    let company = data::known(&store).await?.company;
    let started = Instant::now();
    let order = Order::now(Job::Assignment, Viewer::Operator, StartedBy::CommandLine);
    let report = runs::run(&store, &company, order, &|| NOW).await?;
    let took = started.elapsed();
    let fits = size.agents as u64 * size.cap as u64;
    ensure!(report.numbers.assigned == fits, "{fits} leads find a place, not {}", report.numbers.assigned);

    for (what, run) in [("", None), (", the run named", report.run)] {
        let mut times = Vec::new();
        let mut left_over = 0;
        for number in 0..ASKED {
            // An odd step, so that it meets every branch.
            let lead = LeadId((number * ((size.leads / ASKED) | 1) % size.leads) as i64 + 1);
            let asked = Instant::now();
            let order = ExplainLead { lead, run, sight: Sight::All };
            let Explained::Done(why) = explain_lead(&store, &company, order).await? else {
                anyhow::bail!("lead {lead} is explained")
            };
            times.push(asked.elapsed().as_secs_f64() * 1_000.0);
            ensure!(why.explanation.candidates.len() == size.agents, "everybody stands beside lead {lead}");
            left_over += usize::from(why.explanation.title == "Why nobody?");
        }
        ensure!(left_over > 0, "some of the leads that are explained were left over");
        times.sort_by(f64::total_cmp);
        let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
        let claim = (format!("≤ {MOST_MS} ms"), worst <= MOST_MS);
        let told = format!("{median:.2} ms, worst of {ASKED} {worst:.2} ms");
        table.alone(&format!("explain one of {name} leads, 1,000 agents{what}"), engine, told, Some(claim));
    }
    drop(store);
    let bytes = |sql: &str| -> Result<f64> {
        Ok(place.value(sql)?.trim().parse::<f64>().context("a number of bytes")? / size.leads as f64)
    };
    let leads = bytes("SELECT SUM(LENGTH(leads)) FROM run_leads")?;
    let head = bytes("SELECT SUM(LENGTH(head)) FROM run_decisions")? * size.leads as f64 / size.agents as f64;
    let told =
        format!("{leads:.2} bytes a lead and {head:.0} a person; the run took {:.2} s", took.as_secs_f64());
    table.alone(&format!("the record of a run over {name} leads"), engine, told, None);
    bench.remove(&place)
}
