//! The automatic run, from the snapshot to the commit: 200,000 and 1,000,000 leads over 1,000 agents; taking it back; and
//! how long somebody else's write waits meanwhile.

use crate::{
    data::{self, NOW, Size},
    place::Bench,
    table::Table,
};
use actions::{
    runs::{self, Order},
    undo_run::{UndoRun, Undone, undo_run},
};
use anyhow::{Context, Result, ensure};
use domain::{job::Job, time::Moment, viewer::Viewer};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use store::{dialect::Engine, jobs, runs::StartedBy, statuses};

/// What issue and rules speak of.
pub const USUAL: Size = Size { leads: 200_000, unassigned: 200_000, agents: 1_000, cap: 300 };
/// Everything at once.
pub const MILLION: Size = Size { leads: 1_000_000, unassigned: 1_000_000, agents: 1_000, cap: 1_500 };
/// For the wait of others.
const TENTH: Size = Size { leads: 100_000, unassigned: 100_000, agents: 1_000, cap: 150 };
/// Two databases with the same answers hold the same rows.
const DIGEST: &str = "SELECT COUNT(*), SUM((id * 7919 + owner_id * 104729) % 1000003), SUM(entries),
    (SELECT COUNT(*) FROM lead_events), (SELECT SUM(held) FROM queues) FROM leads WHERE owner_id IS NOT NULL";

const OWNED: &str = "SELECT COUNT(*) FROM leads WHERE owner_id IS NOT NULL";

const FLOORS: [&str; 2] = [
    include_str!("../../../../bench/floors/run.sqlite.sql"),
    include_str!("../../../../bench/floors/run.postgres.sql"),
];

/// Ours and the floor, in turns.
pub async fn measure(bench: &Bench, engine: Engine, table: &mut Table, size: Size, most: f64) -> Result<()> {
    let leads = data::grouped(size.leads);
    let template = data::build(bench, engine, &format!("run_template_{}", size.leads), size).await?;
    let plan_file = bench.folder.join("plan.csv");
    let (mut ours, mut back, mut floor, mut floor_with_load) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
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
        ensure!(
            report.numbers.assigned == size.leads,
            "all leads are dealt out, not {}",
            report.numbers.assigned
        );
        if round == 0 {
            place.export("SELECT id, owner_id FROM leads ORDER BY id", &plan_file)?;
        }
        let rows = place.value(DIGEST)?;
        let order = UndoRun {
            run: report.run.context("a run has a record")?,
            viewer: Viewer::Operator,
            may_undo_all: true,
            may_convert: true,
            now: Moment(NOW.0 + 60_000),
        };
        let started = Instant::now();
        let undone = undo_run(&store, known.company.id, order).await?;
        back.push(started.elapsed());
        ensure!(matches!(undone, Undone::Done(_)), "the run is taken back, not {undone:?}");
        ensure!(place.value(OWNED)? == "0", "nobody owns a lead after the undo");
        drop(store);

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
            .replace("{leads}", &size.leads.to_string());
        let took = place.shell(&script)?;
        floor.push(took.statements);
        floor_with_load.push(load.process + took.statements);
        ensure!(place.value(DIGEST)? == rows, "the floor writes the rows that ours writes");
        bench.remove(&place)?;
    }
    table.ratio(&format!("run, {leads} leads over 1,000 agents"), engine, &ours, &floor, Some(most));
    table.ratio("the same, the floor loads its plan too", engine, &ours, &floor_with_load, None);
    table.ratio(&format!("undo of that run, {leads} leads; beside the run"), engine, &back, &ours, Some(1.5));
    Ok(())
}

/// While 100,000 leads are dealt out, somebody else writes one note after the other, and somebody reads: how long the
/// slowest of them took.
pub async fn measure_wait(bench: &Bench, engine: Engine, table: &mut Table) -> Result<()> {
    let template = data::build(bench, engine, "wait_template", TENTH).await?;
    let (mut writes, mut reads, mut runs_took) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.rounds {
        let place = bench.copy(&template, "wait")?;
        let store = place.open().await?;
        let known = data::known(&store).await?;
        let (company, ended) = (known.company.id, Arc::new(AtomicBool::new(false)));
        let (others, is_over) = (store.clone(), Arc::clone(&ended));
        let writer = tokio::spawn(async move {
            let mut slowest = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                let started = Instant::now();
                let written: store::Result<()> = others
                    .write(move |session| {
                        Box::pin(async move { jobs::lock_alarm(session, company, NOW).await })
                    })
                    .await;
                written?;
                slowest = slowest.max(started.elapsed());
            }
            Ok::<_, store::Error>(slowest)
        });
        let (others, is_over) = (store.clone(), Arc::clone(&ended));
        let reader = tokio::spawn(async move {
            let mut slowest = Duration::ZERO;
            while !is_over.load(Ordering::Relaxed) {
                let started = Instant::now();
                statuses::counts(others.read().await?.session(), company).await?;
                slowest = slowest.max(started.elapsed());
            }
            Ok::<_, store::Error>(slowest)
        });
        let order = Order::now(Job::Assignment, Viewer::Operator, StartedBy::CommandLine);
        let started = Instant::now();
        runs::run(&store, &known.company, order, &|| NOW).await?;
        runs_took.push(started.elapsed());
        ended.store(true, Ordering::Relaxed);
        writes.push(writer.await??);
        reads.push(reader.await??);
        drop(store);
        bench.remove(&place)?;
    }
    table.time("a run of 100,000 leads, while others write and read", engine, &runs_took, None);
    table.time("the slowest write of another one meanwhile", engine, &writes, Some(1.0));
    table.time("the slowest read of another one meanwhile", engine, &reads, None);
    Ok(())
}
