//! The automatic run: 200,000 leads over 1,000 agents, from the snapshot to the commit.

use crate::{
    data::{self, NOW, Size},
    place::Bench,
    table::Table,
};
use actions::runs::{self, Order};
use anyhow::{Result, ensure};
use domain::{job::Job, viewer::Viewer};
use std::time::Instant;
use store::{dialect::Engine, runs::StartedBy};

const SIZE: Size = Size { leads: 200_000, unassigned: 200_000, agents: 1_000, cap: 300 };
/// Two databases with the same answers hold the same rows.
const DIGEST: &str = "SELECT COUNT(*), SUM((id * 7919 + owner_id * 104729) % 1000003), SUM(entries),
    (SELECT COUNT(*) FROM lead_events), (SELECT SUM(held) FROM queues) FROM leads WHERE owner_id IS NOT NULL";

const FLOORS: [&str; 2] = [
    include_str!("../../../../bench/floors/run.sqlite.sql"),
    include_str!("../../../../bench/floors/run.postgres.sql"),
];

/// Ours and the floor, in turns.
pub async fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> Result<()> {
    let template = data::build(bench, engine, "run_template", SIZE).await?;
    let plan_file = bench.folder.join("plan.csv");
    let (mut ours, mut floor, mut floor_with_load) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..bench.rounds {
        let place = bench.copy(&template, "run_ours")?;
        let store = place.open().await?;
        let known = data::known(&store).await?;
        let started = Instant::now();
        let report = runs::run(
            &store,
            &known.company,
            Order::now(Job::Assignment, Viewer::Operator, StartedBy::CommandLine),
            &|| NOW,
        )
        .await?;
        ours.push(started.elapsed());
        drop(store);
        ensure!(
            report.numbers.assigned == SIZE.leads,
            "all leads are dealt out, not {}",
            report.numbers.assigned
        );
        if round == 0 {
            place.export("SELECT id, owner_id FROM leads ORDER BY id", &plan_file)?;
        }
        let rows = place.value(DIGEST)?;

        let place = bench.copy(&template, "run_floor")?;
        let load = place.shell(&match engine {
            Engine::Sqlite => format!(
                "CREATE TABLE plan (lead_id INTEGER PRIMARY KEY, owner_id INTEGER);\n.import --csv {} plan\n",
                plan_file.display()
            ),
            Engine::Postgres => format!(
                "CREATE TABLE plan (lead_id BIGINT PRIMARY KEY, owner_id BIGINT);\n\\copy plan FROM '{}' (FORMAT csv)\nANALYZE plan;\n",
                plan_file.display()
            ),
        })?;
        let script = FLOORS[usize::from(engine == Engine::Postgres)]
            .replace("{company}", &known.company.id.to_string())
            .replace("{unassigned}", &known.unassigned.to_string())
            .replace("{assigned}", &known.assigned.to_string())
            .replace("{at}", &NOW.0.to_string())
            .replace("{leads}", &SIZE.leads.to_string());
        let took = place.shell(&script)?;
        floor.push(took.statements);
        floor_with_load.push(load.process + took.statements);
        ensure!(place.value(DIGEST)? == rows, "the floor writes the rows that ours writes");
        bench.remove(&place)?;
    }
    table.ratio("run, 200,000 leads over 1,000 agents", engine, &ours, &floor, Some(1.5));
    table.ratio("the same, the floor loads its plan too", engine, &ours, &floor_with_load, None);
    Ok(())
}
