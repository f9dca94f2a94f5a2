//! Single assignments: one lead to one agent, each acknowledged once it survives a power cut.

use crate::{
    data::{self, NOW, Size},
    place::Bench,
    table::Table,
};
use actions::assign_lead::{AssignLead, Assignment, assign_lead};
use anyhow::{Result, ensure};
use domain::{
    ids::{CompanyId, LeadId, UserId},
    viewer::Viewer,
};
use std::time::Instant;
use store::{Store, dialect::Engine, users};

const SIZE: Size = Size { leads: 200_000, unassigned: 200_000, agents: 1_000, cap: 300 };
const TASKS: i64 = 8;
const PER_TASK: i64 = 1_500;

/// Several rounds of 8 tasks, and one task alone.
pub async fn measure(bench: &Bench, engine: Engine, table: &mut Table) -> Result<()> {
    let place = data::build(bench, engine, "single", SIZE).await?;
    let store = place.open().await?;
    let company = data::known(&store).await?.company.id;
    let members = users::members(store.read().await?.session(), company).await?;
    let agents: Vec<UserId> =
        members.iter().filter(|member| member.is_receiver()).map(|member| member.id).collect();
    let mut next = 1;
    for tasks in [TASKS, 1] {
        let mut rates = Vec::new();
        for _ in 0..bench.rounds {
            let started = Instant::now();
            let all: Vec<_> = (0..tasks)
                .map(|task| {
                    let first = next + task * PER_TASK;
                    tokio::spawn(assign_all(store.clone(), company, agents.clone(), first))
                })
                .collect();
            for one in all {
                one.await??;
            }
            next += tasks * PER_TASK;
            rates.push((tasks * PER_TASK) as f64 / started.elapsed().as_secs_f64());
        }
        rates.sort_by(f64::total_cmp);
        let (median, least, most) = (rates[rates.len() / 2], rates[0], rates[rates.len() - 1]);
        let claim = (tasks == TASKS && engine == Engine::Sqlite)
            .then(|| ("≥ 3,000 a second".into(), median >= 3_000.0));
        let what = if tasks == 1 {
            "single assignments, 1 task".into()
        } else {
            format!("single assignments, {tasks} tasks")
        };
        table.alone(&what, engine, format!("{median:.0}/s ({least:.0}–{most:.0})"), claim);
    }
    Ok(())
}

async fn assign_all(store: Store, company: CompanyId, agents: Vec<UserId>, first: i64) -> Result<()> {
    for lead in first..first + PER_TASK {
        let order = AssignLead {
            company,
            viewer: Viewer::Operator,
            lead: LeadId(lead),
            version: 1,
            to: agents[(lead * 31) as usize % agents.len()],
            exceed_cap: true,
            now: NOW,
        };
        let came_of_it = assign_lead(&store, order).await?;
        ensure!(matches!(came_of_it, Assignment::Done { .. }), "lead {lead}: {came_of_it:?}");
    }
    Ok(())
}
